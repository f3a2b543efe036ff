//! The majors of PostgreSQL that are supported.

/// Those that every migration is proven on before it ships. `.ci/servers` reads them here.
pub const MAJORS: [u32; 7] = [13, 14, 15, 16, 17, 18, 19];

/// Those that README promises: a seal that lacks one of them is refused by a release build, and warned of by any other. A
/// major that is new in [`MAJORS`] comes here once all migrations are sealed on it.
pub const PROMISED: [u32; 7] = [13, 14, 15, 16, 17, 18, 19];

/// The newest major that migrations are proven on, where a server is of a newer one.
pub fn newest_proven_before(server: u32) -> Option<u32> {
    MAJORS.into_iter().max().filter(|newest| server > *newest)
}

#[cfg(test)]
mod tests {
    use super::{MAJORS, newest_proven_before};

    #[test]
    fn a_server_is_beyond_proof_where_it_is_newer_than_all() {
        let newest = MAJORS[MAJORS.len() - 1];
        for major in MAJORS {
            assert_eq!(newest_proven_before(major), None, "{major}");
        }
        assert_eq!(newest_proven_before(newest + 1), Some(newest));
        assert_eq!(newest_proven_before(newest + 7), Some(newest));
        // A server that names no version is not called new.
        assert_eq!(newest_proven_before(0), None);
        assert!(MAJORS.is_sorted());
    }
}
