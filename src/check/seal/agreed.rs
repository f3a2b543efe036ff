//! How much of `migrations.lock` is known to agree with itself, so that a build need not add up the whole schema once for
//! each of its seals when one is appended.

use super::hash::sha256;
use super::write::BLOCK;
use serde::{Deserialize, Serialize};

/// A text of the file that was read without a problem.
#[derive(Clone, PartialEq, Eq, Default, Debug, Deserialize, Serialize)]
pub struct Agreed {
    length: usize,
    sha256: [u8; 32],
}

impl Agreed {
    pub(super) fn of(text: &str) -> Self {
        Self {
            length: text.len(),
            sha256: sha256(text),
        }
    }

    /// How many bytes this text has in common with that one: all of them, or none.
    pub(super) fn bytes_of(&self, text: &str) -> usize {
        let Some((start, rest)) = text.split_at_checked(self.length) else {
            return 0;
        };
        // Any other line would belong to the last of the blocks before it, and make that another.
        let is_whole = rest.is_empty() || rest.starts_with(BLOCK);
        if is_whole && sha256(start) == self.sha256 {
            return self.length;
        }
        0
    }
}
