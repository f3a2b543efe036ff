//! One text for what the majors of PostgreSQL print in several ways.

/// The definition of an object, whatever server printed it.
pub(super) fn definition(_object: &str, printed: &str) -> String {
    printed.trim().to_owned()
}
