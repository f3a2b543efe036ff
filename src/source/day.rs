//! The day that the name of a new migration begins with.

use super::version::{Version, days_in_month};
use super::{FileName, NameProblem};
use std::fmt;

/// A day of the calendar.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Day {
    year: i64,
    month: i64,
    /// Of the month, from 1.
    nth: i64,
}

impl Day {
    /// The day in UTC, so many seconds after the beginning of 1970.
    pub fn from_unix(seconds: u64) -> Self {
        let mut left = i64::try_from(seconds / 86_400).unwrap_or(i64::MAX);
        // The last year that a name can have is far enough.
        let mut day = Self {
            year: 1970,
            month: 1,
            nth: 1,
        };
        while left >= day.left_in_month() && day.year <= 9999 {
            left -= day.left_in_month();
            day = day.next_month();
        }
        day.nth += left.min(day.left_in_month() - 1);
        day
    }

    fn of(version: Version) -> Self {
        let (year, month, nth, _) = version.parts();
        Self { year, month, nth }
    }

    fn following(self) -> Self {
        if self.left_in_month() == 1 {
            return self.next_month();
        }
        Self {
            nth: self.nth + 1,
            ..self
        }
    }

    /// How many days of the month are left, this one with them.
    fn left_in_month(self) -> i64 {
        days_in_month(self.year, self.month) - self.nth + 1
    }

    fn next_month(self) -> Self {
        let (year, month) = match self.month {
            12 => (self.year + 1, 1),
            month => (self.year, month + 1),
        };
        Self {
            year,
            month,
            nth: 1,
        }
    }
}

impl fmt::Display for Day {
    /// Prints `2025_10_11`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, nth } = self;
        write!(f, "{year:04}_{month:02}_{nth:02}")
    }
}

impl FileName {
    /// The name that a new migration is given today, behind the newest there is: its date is today, or that of the newest
    /// where this lies ahead, and its counter is free and sorts behind the others of that day.
    ///
    /// # Errors
    /// When the description is none.
    pub fn next(newest: Option<&Self>, today: Day, description: &str) -> Result<Self, NameProblem> {
        let (day, counter) = match newest {
            Some(newest) if Day::of(newest.version) >= today => newest.behind(),
            _ => (today, "1".to_owned()),
        };
        Self::parse(&format!("{day}_{counter}_{description}.sql"))
    }

    /// Day and counter right behind this one. By the bytes of the names 10 would stand before 9, and 09 has to be written
    /// by the first of the day.
    fn behind(&self) -> (Day, String) {
        let day = Day::of(self.version);
        let digits = self.stem.split('_').nth(3).map_or(1, str::len);
        let (_, _, _, counter) = self.version.parts();
        let next = format!("{:0digits$}", counter + 1);
        if next.len() > digits {
            return (day.following(), "1".to_owned());
        }
        (day, next)
    }
}
