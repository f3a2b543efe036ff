//! The history of a database that has applied the migrations in order, in one number: the server computes the same from
//! its rows, with the question in `src/history.rs`.

use super::Checked;
use crate::source::Version;

/// The history after each of the migrations: the sum of what PostgreSQL's `hashtextextended` makes of the description of
/// each that is applied then, begun with what it makes of its checksum, begun with what it makes of its version.
pub fn applied_sums(migrations: &[Checked]) -> impl Iterator<Item = i128> {
    let mut sum = 0;
    migrations.iter().map(move |migration| {
        sum += applied_hash(
            migration.version,
            &migration.description,
            migration.checksum,
        );
        sum
    })
}

/// The part of one migration in that sum.
pub fn applied_hash(version: Version, description: &str, checksum: u64) -> i128 {
    let (version, checksum) = (version.as_i64().to_string(), checksum.to_string());
    let parts = [version.as_str(), checksum.as_str(), description];
    i128::from(
        parts
            .iter()
            .fold(0, |begin, part| hash(part.as_bytes(), begin)),
    )
}

/// `hashtextextended(text, seed)`: Bob Jenkins's lookup3 with another start, of which two of the three words are taken.
/// Partitions by hash rest on it, so it is the same in every version of PostgreSQL, but not where the highest byte of a
/// number comes first.
fn hash(text: &[u8], seed: i64) -> i64 {
    // No name is that long.
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    let mut words = [0x9e37_79b9_u32.wrapping_add(length).wrapping_add(3_923_095); 3];
    if seed != 0 {
        let [a, b, c, d, low @ ..] = seed.to_be_bytes();
        words[0] = words[0].wrapping_add(u32::from_be_bytes([a, b, c, d]));
        words[1] = words[1].wrapping_add(u32::from_be_bytes(low));
        mix(&mut words);
    }
    let mut chunks = text.chunks_exact(12);
    for chunk in &mut chunks {
        add(&mut words, chunk, 0);
        mix(&mut words);
    }
    // The lowest byte of the last word would be for the length.
    add(&mut words, chunks.remainder(), 1);
    let [_, b, c] = last(words);
    let halves = (u64::from(b) << 32) | u64::from(c);
    halves.cast_signed()
}

/// Adds bytes to the words, from the lowest on; those of the last word from its byte `last` on.
fn add(words: &mut [u32; 3], bytes: &[u8], last: usize) {
    for (nth, byte) in bytes.iter().enumerate() {
        let place = if nth < 8 { nth % 4 } else { nth - 8 + last };
        words[nth / 4] = words[nth / 4].wrapping_add(u32::from(*byte) << (8 * place));
    }
}

fn mix([a, b, c]: &mut [u32; 3]) {
    let step = |x: &mut u32, y: &mut u32, z: &mut u32, bits| {
        *x = x.wrapping_sub(*z) ^ z.rotate_left(bits);
        *z = z.wrapping_add(*y);
    };
    step(a, b, c, 4);
    step(b, c, a, 6);
    step(c, a, b, 8);
    step(a, b, c, 16);
    step(b, c, a, 19);
    step(c, a, b, 4);
}

fn last([mut a, mut b, mut c]: [u32; 3]) -> [u32; 3] {
    let step = |x: &mut u32, y: u32, bits| *x = (*x ^ y).wrapping_sub(y.rotate_left(bits));
    step(&mut c, b, 14);
    step(&mut a, c, 11);
    step(&mut b, a, 25);
    step(&mut c, b, 16);
    step(&mut a, c, 4);
    step(&mut b, a, 14);
    step(&mut c, b, 24);
    [a, b, c]
}

#[cfg(test)]
mod tests {
    /// What PostgreSQL 13, 15 and 18 say.
    #[test]
    fn the_hash_is_that_of_the_server() {
        let said = [
            ("", 0, -6_939_563_903_564_495_251),
            ("abc", 0, -6_747_756_470_228_489_321),
            ("abcdefghijkl", 2_025_010_101, 7_280_140_600_742_260_909),
            (
                "init and more than a dozen bytes",
                -4_771_366_021_923_232_951,
                -1_281_936_578_528_986_778,
            ),
        ];
        for (text, seed, hash) in said {
            assert_eq!(super::hash(text.as_bytes(), seed), hash, "{text}");
        }
    }
}
