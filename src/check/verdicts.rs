//! What one build leaves for the next, so that a file is judged once: the migrations that it found right.
//!
//! A verdict holds for one name with the same bytes, and for one judge: the executable that runs these rules. What was
//! wrong is not kept, so it is told again, and neither is what other files, the seals or today's date decide. Whatever else
//! stands in the kept bytes counts as nothing; a verdict that is lost costs a moment, a wrong one a mistake in production.

use super::seal::Agreed;
use super::{Checked, Judged, Outcome};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// What is known from before.
#[derive(Clone, PartialEq, Eq, Default, Debug, Deserialize, Serialize)]
pub struct Verdicts<'a> {
    /// By the bytes of their names.
    migrations: Cow<'a, [Checked]>,
    pub(super) agreed: Cow<'a, Agreed>,
}

impl Verdicts<'_> {
    /// The file, where it was found right as it is.
    pub(super) fn file(&self, name: &str, bytes: &[u8]) -> Option<Judged> {
        let stem = name.strip_suffix(".sql")?;
        let by_stem = |checked: &Checked| checked.stem.as_str().cmp(stem);
        let at = self.migrations.binary_search_by(by_stem).ok()?;
        let checked = &self.migrations[at];
        if checked.sha256[..] != Sha256::digest(bytes)[..] {
            return None;
        }
        Some(Judged {
            name: name.to_owned(),
            text: String::from_utf8_lossy(bytes).into(),
            forward: Some(checked.forward),
            checked: Some(checked.clone()),
        })
    }
}

/// Who judges: the bytes of the executable that the rules, the parser and all else that decides are compiled into. Their
/// sources would say less: neither the compiler and its flags, nor what was edited while they were compiled.
pub struct Judge(Sha256);

/// The sum that stands before what is kept.
const SUM: usize = 32;

impl Judge {
    /// The one that these bytes are.
    pub fn new(executable: &[u8]) -> Self {
        Self(Sha256::new_with_prefix(executable))
    }

    /// What is to be kept.
    pub fn keep(&self, outcome: &Outcome) -> Vec<u8> {
        let verdicts = Verdicts {
            migrations: Cow::Borrowed(&outcome.migrations),
            agreed: Cow::Borrowed(&outcome.agreed),
        };
        // Names and numbers always have a form in JSON.
        let body = serde_json::to_vec(&verdicts).unwrap_or_default();
        [&self.sum(&body)[..], &body].concat()
    }

    /// What was kept; nothing where the bytes are damaged, or another judge's.
    pub fn recall(&self, kept: &[u8]) -> Verdicts<'static> {
        let Some((sum, body)) = kept.split_first_chunk::<SUM>() else {
            return Verdicts::default();
        };
        if *sum != self.sum(body) {
            return Verdicts::default();
        }
        serde_json::from_slice(body).unwrap_or_default()
    }

    fn sum(&self, body: &[u8]) -> [u8; SUM] {
        self.0.clone().chain_update(body).finalize().into()
    }
}
