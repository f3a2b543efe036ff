//! What the next migration is called.

use time::{Date, OffsetDateTime};

use crate::source::{FileName, Version};

/// The day in UTC.
pub(super) fn today() -> Date {
    OffsetDateTime::now_utc().date()
}

/// A description as it stands in a file name: `Add invoices!` becomes `add_invoices`. None where nothing is left.
pub(super) fn slug(description: &str) -> Option<String> {
    let words = description
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase);
    let slug = words.collect::<Vec<_>>().join("_");
    (!slug.is_empty()).then_some(slug)
}

/// The name after all of those that are there, as bytes and as a version: of today, or, where a file has a later date,
/// of that one.
///
/// # Errors
/// There is no such name; with the way out.
pub(super) fn next<'a>(
    names: impl IntoIterator<Item = &'a str>,
    today: Date,
    slug: &str,
) -> Result<String, String> {
    let newest = names
        .into_iter()
        .filter_map(|name| FileName::parse(name).ok())
        .max_by_key(|name| name.version);
    let first = first_of(today).ok_or_else(|| format!("no version can be made of {today}"))?;
    let Some(newest) = newest.filter(|newest| newest.version >= first) else {
        return Ok(format!("{first}_{slug}.sql"));
    };
    let version = Version::from_i64(newest.version.as_i64() + 1);
    if !version.is_real() {
        return Err(format!(
            "`{}.sql` has the last counter of its day: write the next migration tomorrow",
            newest.stem
        ));
    }
    let name = format!("{}_{slug}.sql", as_written_after(&newest, version));
    // `_10_` stands before `_2_`.
    if name < newest.stem {
        return Err(format!(
            "`{name}` would sort before `{}.sql`: give the counters of that day two digits (`_09_`) where they are not \
             sealed, or write the next migration tomorrow",
            newest.stem
        ));
    }
    Ok(name)
}

fn first_of(day: Date) -> Option<Version> {
    let month = i64::from(u8::from(day.month()));
    Version::new(i64::from(day.year()), month, i64::from(day.day()), 1)
}

/// With a counter of two digits where the one before has two.
fn as_written_after(newest: &FileName, version: Version) -> String {
    let text = version.to_string();
    let (date, counter) = text.split_at("YYYY_MM_DD_".len());
    let is_padded = newest.stem.split('_').nth(3).is_some_and(|counter| counter.len() == 2);
    if is_padded {
        format!("{date}{counter:0>2}")
    } else {
        text
    }
}
