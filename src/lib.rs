//! Carries the PostgreSQL schema of Dsentr and brings a database to it.

#[cfg(feature = "authoring")]
pub mod check;
pub mod embedded;
pub mod source;
