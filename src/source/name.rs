//! The name of a migration file: `2025_10_11_1_create_user_oauth_tokens.sql`.
//!
//! It judges one name; what names say to each other (order, duplicates) is for the checks.

use super::version::{Version, days_in_month, digits};
use std::fmt;

/// A name that a migration file may have, taken apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileName {
    /// From the date and the counter.
    pub version: Version,
    /// What follows the counter: `create_user_oauth_tokens`.
    pub description: String,
    /// The name without `.sql`.
    pub stem: String,
}

/// Why a name is no name for a migration, and what to write instead.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NameProblem {
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

impl fmt::Display for NameProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.message, self.help)
    }
}

impl std::error::Error for NameProblem {}

impl FileName {
    /// Takes a file name apart, or says what to write instead.
    ///
    /// # Errors
    /// When the name is not `YYYY_MM_DD_N_description.sql` with a real date and a counter from 1 to 99.
    pub fn parse(name: &str) -> Result<Self, NameProblem> {
        let Some(stem) = name.strip_suffix(".sql") else {
            return Err(shape("the name does not end with `.sql`"));
        };
        let parts: Vec<&str> = stem.splitn(5, '_').collect();
        let &[year, month, day, ..] = parts.as_slice() else {
            return Err(shape("the name does not begin with a date"));
        };
        let Some(year) = digits(year, 4..=4).filter(|year| *year >= 1000) else {
            return Err(shape("the name does not begin with a year of four digits"));
        };
        let (Some(month), Some(day)) = (digits(month, 1..=2), digits(day, 1..=2)) else {
            return Err(shape("the name does not begin with a date"));
        };
        check_date(year, month, day)?;
        check_padding(&parts, stem)?;
        let (counter, description) = counter_and_description(&parts)?;
        check_description(description, stem)?;
        let Some(version) = Version::new(year, month, day, counter) else {
            return Err(shape("the name stands for no version"));
        };
        Ok(Self {
            version,
            description: description.to_owned(),
            stem: stem.to_owned(),
        })
    }
}

fn shape(message: &str) -> NameProblem {
    problem(
        message,
        "a migration is called `YYYY_MM_DD_N_description.sql`, for example `2025_10_11_1_create_invoices.sql`",
    )
}

fn problem(message: impl Into<String>, help: impl Into<String>) -> NameProblem {
    NameProblem {
        message: message.into(),
        help: help.into(),
    }
}

fn check_date(year: i64, month: i64, day: i64) -> Result<(), NameProblem> {
    if !(1..=12).contains(&month) {
        return Err(problem(
            format!("there is no month {month}"),
            "write a month from `01` to `12`",
        ));
    }
    let last = days_in_month(year, month);
    if !(1..=last).contains(&day) {
        return Err(problem(
            format!("there is no day {day} in {year:04}-{month:02}"),
            format!("write a day from `01` to `{last}`"),
        ));
    }
    Ok(())
}

fn check_padding(parts: &[&str], stem: &str) -> Result<(), NameProblem> {
    if parts[1].len() == 2 && parts[2].len() == 2 {
        return Ok(());
    }
    let rest = parts[3..].join("_");
    let [year, month, day] = [parts[0], parts[1], parts[2]];
    let padded = format!("{year}_{month:0>2}_{day:0>2}_{rest}");
    Err(problem(
        format!("the date in `{stem}` is not zero-padded, so it sorts out of order"),
        format!("write `{padded}.sql`"),
    ))
}

fn counter_and_description<'a>(parts: &[&'a str]) -> Result<(i64, &'a str), NameProblem> {
    let date = parts[..3].join("_");
    let rest = parts[3..].join("_");
    let Some(&counter) = parts.get(3) else {
        return Err(shape("the counter and the description are missing"));
    };
    if counter.is_empty() || !counter.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(problem(
            "the counter between the date and the description is missing",
            format!("write `{date}_1_{rest}.sql`, or the next free counter of that day"),
        ));
    }
    let number = digits(counter, 1..=2).filter(|number| *number > 0);
    let Some(number) = number else {
        return Err(problem(
            format!("the counter `{counter}` is not from 1 to 99"),
            "write the next free counter of that day",
        ));
    };
    match parts.get(4) {
        Some(description) if !description.is_empty() => Ok((number, description)),
        _ => Err(problem(
            "the description is missing",
            format!("write `{date}_{counter}_what_it_does.sql`"),
        )),
    }
}

fn check_description(description: &str, stem: &str) -> Result<(), NameProblem> {
    let fits = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '_');
    let Some(wrong) = description.chars().find(|c| !fits(*c)) else {
        return Ok(());
    };
    let head = &stem[..stem.len() - description.len()];
    let clean: String = description
        .chars()
        .map(|c| c.to_ascii_lowercase())
        .map(|c| if fits(c) { c } else { '_' })
        .collect();
    Err(problem(
        format!("`{wrong}` does not belong in a description: only a-z, 0-9 and `_` do"),
        format!("write `{head}{clean}.sql`"),
    ))
}
