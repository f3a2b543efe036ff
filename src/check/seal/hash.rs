//! The hashes of a seal, and how they are written.

use super::super::Checked;
use crate::source::Span;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// SHA-256 of what never changes after it is sealed: the forward part, as refinery's checksum covers it.
pub fn forward_sha256(checked: &Checked, text: &str) -> [u8; 32] {
    forward(checked.forward, text)
}

/// SHA-256 of the rollback block as it stands: from its opening line, or from the comment that says why there is none, to
/// the end of the file without the last newline.
pub fn rollback_sha256(checked: &Checked, text: &str) -> [u8; 32] {
    rollback(checked.forward, text)
}

/// SHA-256 of a whole file, in hexadecimal.
pub fn file_sum(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes).into())
}

pub(super) fn forward(forward: Span, text: &str) -> [u8; 32] {
    sha256(forward.slice(text))
}

pub(super) fn rollback(forward: Span, text: &str) -> [u8; 32] {
    let end = text.floor_char_boundary(forward.end as usize);
    let block = text[end..].trim_start();
    sha256(block.strip_suffix('\n').unwrap_or(block))
}

/// SHA-256 of a whole schema: of each object, in the order of their names, the name, NUL, the definition, NUL. Neither can
/// have a NUL of its own.
pub fn schema_sha256(objects: &BTreeMap<String, String>) -> [u8; 32] {
    let mut hash = Sha256::new();
    for (object, definition) in objects {
        for part in [object, definition] {
            hash.update(part);
            hash.update([0]);
        }
    }
    hash.finalize().into()
}

/// The first 16 of the 64 digits: enough to notice an edit, and short enough to stand on the line of the object.
pub(super) fn short(definition: &str) -> String {
    let mut digits = hex(&sha256(definition));
    digits.truncate(16);
    digits
}

pub(super) fn hex(hash: &[u8; 32]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads 64 small hexadecimal digits.
pub(super) fn unhex(digits: &str) -> Option<[u8; 32]> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if digits.len() != 64 || !digits.bytes().all(is_digit) {
        return None;
    }
    let mut hash = [0; 32];
    for (nth, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[2 * nth..][..2], 16).ok()?;
    }
    Some(hash)
}

pub(super) fn sha256(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}
