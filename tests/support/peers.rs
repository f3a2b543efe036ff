//! Other migration tools, the real ones, and a set of migrations for them that is not ours.

use super::executable::{Dsentr, executable};

/// The tools, as `.ci/adopt` sets them: `sqlx=/path/of/its/executable:diesel=/another`.
const PEERS: &str = "DSENTR_TEST_PEERS";

/// A run of another tool that is yet to start, in a folder of its own that holds nothing.
pub(crate) fn peer(tool: &str, arguments: &[&str]) -> Dsentr {
    let peers =
        std::env::var(PEERS).unwrap_or_else(|_| panic!("{PEERS} is not set; run .ci/adopt"));
    let mut peers = peers.split(':').filter_map(|peer| peer.split_once('='));
    let path = peers.find_map(|(name, path)| (name == tool).then_some(path));
    let path = path.unwrap_or_else(|| panic!("{PEERS} has no {tool}; run .ci/adopt"));
    // Some are scripts, whose interpreters have to be found.
    let places = std::env::var("PATH").unwrap_or_default();
    executable(path, arguments).env("PATH", &places)
}

/// A migration of the other set.
pub(crate) struct Another {
    pub(crate) name: String,
    pub(crate) sql: String,
}

/// The other set as far as the one of a name, oldest first: fewer files than ours, of other names and with other statements,
/// that make tables whose columns stand in another order, and end in the same schema.
pub(crate) fn another(until: &str) -> Vec<Another> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/another");
    let entries = std::fs::read_dir(folder).expect("the other set is there");
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("it is listed").path())
        .collect();
    paths.sort_unstable();
    let mut set: Vec<_> = paths
        .iter()
        .map(|path| {
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            let (_, name) = stem
                .and_then(|stem| stem.split_once('_'))
                .expect("a number and a name");
            Another {
                name: name.to_owned(),
                sql: std::fs::read_to_string(path).expect("it can be read"),
            }
        })
        .collect();
    let place = set.iter().position(|one| one.name == until);
    set.truncate(place.unwrap_or_else(|| panic!("there is no {until}")) + 1);
    set
}
