//! The version of a migration: one number made from a date and a counter.
//!
//! It does not judge whether a version is embedded, applied or in order.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The number of a migration: `2025_10_11_1` is 2025101101.
///
/// It may hold any number, because a history may hold any number; [`Version::new`] makes real ones only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize, Serialize)]
pub struct Version(i64);

impl Version {
    /// The version of the `counter`-th migration (1 to 99) of a real date.
    pub const fn new(year: i64, month: i64, day: i64, counter: i64) -> Option<Self> {
        if year < 1000 || year > 9999 || month < 1 || month > 12 || counter < 1 || counter > 99 {
            return None;
        }
        if day < 1 || day > days_in_month(year, month) {
            return None;
        }
        Some(Self(
            year * 1_000_000 + month * 10_000 + day * 100 + counter,
        ))
    }

    /// The version with this number, whether or not it stands for a date: histories may hold foreign numbers.
    pub const fn from_i64(number: i64) -> Self {
        Self(number)
    }

    /// The number, as the history keeps it.
    pub const fn as_i64(self) -> i64 {
        self.0
    }

    /// Whether the number stands for a real date and a counter.
    pub const fn is_real(self) -> bool {
        let (year, month, day, counter) = self.parts();
        Self::new(year, month, day, counter).is_some()
    }

    pub(super) const fn parts(self) -> (i64, i64, i64, i64) {
        let number = self.0;
        (
            number / 1_000_000,
            number / 10_000 % 100,
            number / 100 % 100,
            number % 100,
        )
    }
}

/// How many days the month has in that year.
pub(super) const fn days_in_month(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl fmt::Display for Version {
    /// Prints `2025_10_11_1`; a number that stands for no date is printed as it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_real() {
            return write!(f, "{}", self.0);
        }
        let (year, month, day, counter) = self.parts();
        // `pad` would be needed for widths to work; a whole string is simpler than four padded parts.
        f.pad(&format!("{year}_{month:02}_{day:02}_{counter}"))
    }
}

/// Why a text is no version.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParseVersionError {
    text: String,
    reason: &'static str,
}

impl fmt::Display for ParseVersionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no version: {}; versions look like 2025_10_11_1",
            self.text, self.reason
        )
    }
}

impl std::error::Error for ParseVersionError {}

impl FromStr for Version {
    type Err = ParseVersionError;

    /// Reads `2025_10_11_1`, `2025_10_11_01` and `2025101101`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).map_err(|reason| ParseVersionError {
            text: text.to_owned(),
            reason,
        })
    }
}

fn parse(text: &str) -> Result<Version, &'static str> {
    if !text.contains('_') {
        return parse_number(text);
    }
    let parts: Vec<&str> = text.split('_').collect();
    let &[year, month, day, counter] = parts.as_slice() else {
        return Err("it needs year, month, day and counter, joined by `_`");
    };
    let year = digits(year, 4..=4).ok_or("the year needs four digits")?;
    let month = digits(month, 2..=2).ok_or("the month needs two digits")?;
    let day = digits(day, 2..=2).ok_or("the day needs two digits")?;
    let counter = digits(counter, 1..=2).ok_or("the counter needs one or two digits")?;
    if !(1..=99).contains(&counter) {
        return Err("the counter starts at 1");
    }
    Version::new(year, month, day, counter).ok_or("there is no such date")
}

fn parse_number(text: &str) -> Result<Version, &'static str> {
    let number = digits(text, 10..=10).ok_or("it needs ten digits, or parts joined by `_`")?;
    let version = Version::from_i64(number);
    if !version.is_real() {
        return Err("there is no such date and counter");
    }
    Ok(version)
}

/// Reads plain ASCII digits, as many as `length` allows; signs and spaces are refused.
pub(super) fn digits(text: &str, length: std::ops::RangeInclusive<usize>) -> Option<i64> {
    if !length.contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}
