//! The first lines of a file, for its reader, and the last ones.

use super::journey::at;
use super::{Ground, Journey, Start};
use crate::embedded::Way;
use crate::report::{count, hex};
use crate::source::Version;

/// How many characters a line of prose has.
const WIDTH: usize = 100;

/// What the file is, how it is run, and what is in it.
pub(super) fn head(ground: &Ground<'_>) -> String {
    let journey = ground.journey;
    let database = ground.settings.database.name.as_deref();
    let mut text = comment(&subject(journey));
    text.push_str("--\n");
    text.push_str(&comment(&format!(
        "Made by dsentr-migrate {}, for psql and PostgreSQL 13 or newer. Run it as the role that owns the schema, connected \
         to the server itself and not to a pooler:",
        env!("CARGO_PKG_VERSION")
    )));
    text.push_str(&format!(
        "--\n--   psql -X -f FILE {}\n--\n",
        database.map_or_else(|| "DATABASE".to_owned(), shell)
    ));
    let (done, content) = match journey.way {
        Way::Forward => (
            "was applied",
            "Between the dollar quotes of a transaction stands the file of the migration, byte for byte; what refuses a \
             transaction is sent statement by statement.",
        ),
        Way::Back => (
            "was taken back",
            "Between the dollar quotes of a transaction stands the rollback block of the migration's file, without its \
             comment markers; what refuses a transaction is sent statement by statement. Nobody compares the schema with \
             the one that was sealed: `dsentr-migrate rollback` would.",
        ),
    };
    text.push_str(&comment(&format!(
        "It first asks the database whether it may begin, and changes nothing where it may not. Each step is one \
         transaction together with its row in the history. At the first error psql stops with exit code 3: what {done} \
         before stays so, nothing is left of what failed, and the same file goes on from there once the cause is gone. Run \
         again after its end, it changes nothing. `dsentr-migrate` agrees with what it leaves."
    )));
    text.push_str("--\n");
    text.push_str(&comment(&format!(
        "{content} The files, in the order of their steps, and their SHA-256 sums:"
    )));
    text.push_str("--\n");
    for migration in &journey.steps {
        text.push_str(&format!(
            "--   {}  {}.sql\n",
            hex(&migration.sha256),
            migration.stem
        ));
    }
    text.push_str(&losses(journey));
    text
}

/// A word as a shell takes it, on one line.
fn shell(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    if word.chars().all(is_plain) {
        return word.to_owned();
    }
    let line = word.replace(char::is_control, "?");
    format!("'{}'", line.replace('\'', r"'\''"))
}

fn subject(journey: &Journey<'_>) -> String {
    let migrations = count(journey.steps.len(), "migration");
    let start = match journey.start {
        Start::Anywhere => "any version".to_owned(),
        Start::At(version) => version.to_string(),
    };
    let back = match journey.way {
        Way::Forward => "",
        Way::Back => " back",
    };
    let end = at(journey.end);
    format!("The schema of Dsentr, from {start}{back} to {end}: {migrations}.")
}

/// What is destroyed, in the words of the files.
fn losses(journey: &Journey<'_>) -> String {
    let losses: Vec<_> = journey.losses().collect();
    if losses.is_empty() {
        return String::new();
    }
    let mut text = "--\n-- What it destroys:\n--\n".to_owned();
    for (migration, loss) in losses {
        text.push_str(&comment(&format!("{}: {loss}", migration.stem)));
    }
    text
}

/// Where the database stands now.
pub(super) fn foot(ground: &Ground<'_>) -> String {
    let Ground { history, .. } = ground;
    format!(
        "\n\
         SELECT pg_advisory_unlock({key}) AS dsentr_unlocked \\gset\n\
         SELECT coalesce({position}, 'no version') AS dsentr_position FROM {history} \\gset\n\
         \\if :dsentr_done\n\
         \\echo nothing to do: the database is at :dsentr_position\n\
         \\else\n\
         \\echo done: the database is at :dsentr_position\n\
         \\endif\n",
        key = crate::lock::key(ground.table()),
        position = shown("max(version)"),
    )
}

/// A line that is easily found, before a part.
pub(crate) fn title(text: &str) -> String {
    format!("\n\n-- {text}\n-- {}\n", "-".repeat(text.len()))
}

/// Prose as comments.
pub(crate) fn comment(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let full = lines
            .last()
            .is_some_and(|line| line.len() + 1 + word.len() > WIDTH);
        if full {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            line.push(' ');
            line.push_str(word);
        }
    }
    lines.iter().map(|line| format!("--{line}\n")).collect()
}

/// SQL that writes a version as [`Version`] is written.
pub(super) fn shown(version: &str) -> String {
    format!(
        "regexp_replace(({version})::text, \
         '^([1-9]\\d{{3}})(0[1-9]|1[0-2])(0[1-9]|[12]\\d|3[01])0?([1-9]\\d?)$', '\\1_\\2_\\3_\\4')"
    )
}

/// A version as the history keeps it.
pub(super) fn number(version: Version) -> String {
    version.as_i64().to_string()
}

#[cfg(test)]
mod tests {
    use super::shell;

    #[test]
    fn a_word_stays_one_word_on_one_line() {
        assert_eq!(shell("dsentr_1.x-y"), "dsentr_1.x-y");
        assert_eq!(shell("it's me"), r"'it'\''s me'");
        assert_eq!(shell("a\n\\! rm"), r"'a?\! rm'");
    }
}
