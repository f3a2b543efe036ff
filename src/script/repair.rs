//! A repair as one file for psql.
//!
//! What can lose data is commented out. The names in it are the database's own, and psql reads a file line by line: a
//! comment must not end where a name has the end of a line in it.

use super::frame::{comment, title};
use super::quoted::{block, literal};
use crate::apply::SCHEMA;
use crate::connect::Target;
use crate::repair::{Gap, Lock, Place, Repair, Statement};
use crate::report::count;

/// How long a statement waits for a table lock before all is rolled back: whoever comes behind it waits, too.
const LOCK_TIMEOUT: &str = "5s";

/// The file, with what the schema is brought to.
pub fn repair_file(repair: &Repair, database: &Target, goal: &str) -> String {
    let mut text = head(repair, database, goal);
    text.push_str(&gaps(&repair.gaps));
    if repair.statements.is_empty() {
        return text;
    }
    text.push_str(&session(database));
    text.push_str(&part(repair, Place::Before));
    text.push_str(&part(repair, Place::Transaction));
    text.push_str(&part(repair, Place::After));
    text
}

fn head(repair: &Repair, database: &Target, goal: &str) -> String {
    let name = &database.database;
    let all = repair.statements.len();
    if all == 0 && repair.gaps.is_empty() {
        return comment(&format!(
            "The database {name:?} has {goal}: there is nothing to do."
        ));
    }
    let held = repair.statements.iter().filter(|one| one.hazard.is_some());
    let mut text = comment(&format!(
        "Brings the database {name:?} to {goal}: {}, {} of them commented out.",
        count(all, "statement"),
        held.count()
    ));
    text.push_str("--\n");
    text.push_str(&comment(&format!(
        "Made by dsentr-migrate {} from what {database} had at that moment. Read it, and run it soon, as {}, connected to \
         the server itself and not to a pooler:",
        env!("CARGO_PKG_VERSION"),
        database.user
    )));
    text.push_str(&format!(
        "--\n--   psql -X -v ON_ERROR_STOP=1 -f FILE {}\n--\n",
        one_line(name)
    ));
    text.push_str(&comment(
        "Above each statement are the object that it is for and the table locks that it takes on what is there already. \
         What can lose data, fail on some rows, or take long is commented out, with the reason. Most of it is one \
         transaction: at an error nothing of that stays. What refuses a transaction is before or behind it, one by one. \
         Run `dsentr-migrate verify` afterwards.",
    ));
    text
}

/// What a name is in a line of a comment that is not prose.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

fn gaps(gaps: &[Gap]) -> String {
    if gaps.is_empty() {
        return String::new();
    }
    let mut text = title("No SQL of their own");
    for gap in gaps {
        text.push_str(&comment(&format!("{}: {}", gap.object, gap.reason)));
    }
    text
}

/// What holds in the session. The rest names objects as they are named while the search path is that.
fn session(database: &Target) -> String {
    let name = literal(&database.database);
    let guard = block(&format!(
        "BEGIN\n    \
             IF current_database() <> {name} THEN\n        \
                 RAISE EXCEPTION USING\n            \
                     MESSAGE = 'this is the database ' || current_database()\n                \
                         || ', and the file was made for ' || {name} || '; nothing was done',\n            \
                     HINT = 'connect to the other one, or have a file made for this one';\n    \
             END IF;\n\
         END"
    ));
    format!(
        "{}\
         \\set ON_ERROR_STOP on\n\
         \\set AUTOCOMMIT on\n\
         \\set QUIET on\n\
         \\encoding UTF8\n\
         SET standard_conforming_strings TO on;\n\
         SET client_min_messages TO warning;\n\
         SET search_path TO {SCHEMA};\n\
         SET check_function_bodies TO off;\n\
         SET statement_timeout TO 0;\n\
         {guard}",
        title("What holds in this session")
    )
}

fn part(repair: &Repair, place: Place) -> String {
    let here = repair.statements.iter().filter(|one| one.place == place);
    let here: Vec<&Statement> = here.collect();
    if here.is_empty() {
        return String::new();
    }
    let all: String = here.into_iter().map(statement).collect();
    match place {
        Place::Before => format!(
            "{}{all}",
            title("Before the transaction: it can be used only when it is committed")
        ),
        Place::Transaction => format!(
            "{}BEGIN;\nSET LOCAL lock_timeout TO '{LOCK_TIMEOUT}';\n{all}\nCOMMIT;\n",
            title("In one transaction")
        ),
        Place::After => format!(
            "{}{}{all}",
            title("After the transaction, one by one, beside the work of others"),
            comment(
                "An index whose build fails stays behind as INVALID: a new file of `verify --sql` has what is left to do."
            )
        ),
    }
}

fn statement(statement: &Statement) -> String {
    let mut text = format!("\n{}", comment(&statement.object));
    text.push_str(&comment(&locks(&statement.locks)));
    match &statement.hazard {
        None => text.push_str(&format!("{}\n", statement.sql)),
        Some(reason) => {
            text.push_str(&comment(&format!("commented out: {reason}")));
            text.push_str(&commented_out(&statement.sql));
        }
    }
    text
}

fn locks(locks: &[Lock]) -> String {
    if locks.is_empty() {
        return "no table lock".to_owned();
    }
    let all = locks
        .iter()
        .map(|lock| format!("{} on {}", lock.mode, lock.table));
    all.collect::<Vec<_>>().join(", ")
}

/// SQL as comments. To psql a carriage return ends a comment as well.
fn commented_out(sql: &str) -> String {
    sql.split(['\n', '\r'])
        .map(|line| format!("-- {line}\n"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{comment, commented_out, one_line};

    #[test]
    fn no_line_leaves_a_comment() {
        let texts = ["a\n\\! touch b", "a\r\\! touch b", "a\r\n\\! touch b"];
        for text in texts {
            let lines = [
                comment(text),
                commented_out(text),
                format!("-- {}\n", one_line(text)),
            ];
            for lines in lines {
                let all = lines.split(['\n', '\r']).filter(|line| !line.is_empty());
                assert!(all.clone().all(|line| line.starts_with("--")), "{lines:?}");
            }
        }
    }
}
