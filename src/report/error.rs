//! How an error reads: what happened, where, in what state the database is, what to do next.

use serde::Serialize;

use super::advice::advice;
use super::migrations::{line, name_width};
use super::obstacles;
use super::status::{painted, word};
use super::verify::block;
use super::{Paint, Report, at, count};
use crate::adopt::{Doubt, Refused};
use crate::apply::{Cause, Failure, Left, Reach, Standing, Task};
use crate::bootstrap::Impossible;
use crate::config::ConfigError;
use crate::damage::{Damage, Damaged};
use crate::error::Error;
use crate::lock::{Blocker, LockTimeout};
use crate::plan::{Disagreement, Obstacle, Refusal, State};
use crate::schema::Difference;
use crate::server_error::ServerError;
use crate::source::{Excerpt, Note};
use crate::verify::Drift;

/// Form and version of the JSON document of a command that ended with an error alone.
const SCHEMA: &str = "dsentr-migrate/error/1";

/// How many lines of the server's context are shown to people, from its start.
const INNERMOST: usize = 4;

/// And from its end.
const OUTERMOST: usize = 2;

/// How many characters of such a line.
const CONTEXT_WIDTH: usize = 160;

/// An error, for machines.
#[derive(Debug, Serialize)]
pub struct ErrorReport {
    schema: &'static str,
    /// The exit code of the process.
    pub exit_code: u8,
    /// What happened, in one line or a few.
    pub message: String,
    /// Name of the migration that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub migration: Option<String>,
    /// `path:line:column` in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// What the server said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerError>,
    /// Which of its statements failed, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<usize>,
    /// How many statements it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statements: Option<usize>,
    /// In what state the database is now, in one sentence.
    pub state: String,
    /// On what history and binary disagree.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub disagreements: Vec<Disagreement>,
    /// What is wrong with the history.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub damage: Vec<Damage>,
    /// What is in the way of a rollback.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub obstacles: Vec<Obstacle>,
    /// How the schema differs from the one that a rollback should lead to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Difference>,
    /// Whose table locks were in the way.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blockers: Vec<Blocker>,
    /// What to do, a line a step.
    pub help: String,
}

impl ErrorReport {
    /// Puts an error into a report.
    pub fn new(error: &Error) -> Self {
        let failure = if let Error::Migration(failure) = error {
            Some(failure)
        } else {
            None
        };
        Self {
            schema: SCHEMA,
            exit_code: error.exit_code(),
            message: error.to_string(),
            migration: failure.map(|failure| failure.name.clone()),
            place: failure.map(|failure| excerpt(failure, "", &[]).place()),
            server: server(error).cloned(),
            statement: failure.and_then(|failure| Some(failure.statement? + 1)),
            statements: failure.map(|failure| failure.statements),
            state: state(error),
            disagreements: if let Error::Refusal(Refusal::Disagreement(list)) = error.kind() {
                list.clone()
            } else {
                Vec::new()
            },
            damage: damage_of(error).to_vec(),
            obstacles: obstacles_of(error).to_vec(),
            differences: differences_of(error).to_vec(),
            blockers: blockers_of(error).to_vec(),
            help: help(error).join("\n"),
        }
    }
}

impl Report for ErrorReport {
    /// Errors in text go to stderr, by [`render`].
    fn text(&self, _: Paint) -> String {
        String::new()
    }
}

/// The error for people, with a newline at the end.
pub fn render(error: &Error, paint: Paint) -> String {
    let differences = differences_of(error);
    if let (Error::Migration(failure), []) = (error, differences) {
        return render_failure(failure, paint, &help(error));
    }
    let mut text = format!("{} {error}\n", paint.bad("error:"));
    if let Error::Refusal(Refusal::Disagreement(list)) = error.kind() {
        let width = name_width(list.iter().map(|one| one.name.as_str()));
        for one in list {
            text.push_str(&line(
                word(one.state),
                &painted(one.state, paint),
                &one.name,
                width,
                &one.reason,
            ));
        }
    }
    text.extend(damage_of(error).iter().map(|one| damaged(one, paint)));
    text.push_str(&obstacles::text(obstacles_of(error), paint));
    let blocks = differences
        .iter()
        .map(|difference| block(difference, paint));
    text.extend(blocks);
    if !is_told(error) {
        text.push_str(&format!("note: {}\n", state(error)));
    }
    for help in help(error) {
        text.push_str(&format!("help: {help}\n"));
    }
    text
}

/// What is wrong with the history.
fn damage_of(error: &Error) -> &[Damage] {
    match error.kind() {
        Error::Refusal(Refusal::Damaged(damaged)) => &damaged.list,
        _ => &[],
    }
}

/// One thing that is wrong with the history, as a line.
pub(super) fn damaged(damage: &Damage, paint: Paint) -> String {
    line("damaged", &paint.bad("damaged"), &damage.to_string(), 0, "")
}

/// What is in the way of a rollback.
fn obstacles_of(error: &Error) -> &[Obstacle] {
    match error.kind() {
        Error::Obstacles(obstacles) => &obstacles.list,
        _ => &[],
    }
}

/// How the schema differs from the one that a rollback should lead to.
fn differences_of(error: &Error) -> &[Difference] {
    match error {
        Error::Migration(failure) => match &failure.cause {
            Cause::Differs(differences) => differences,
            _ => &[],
        },
        _ => &[],
    }
}

/// Whose table locks were in the way.
fn blockers_of(error: &Error) -> &[Blocker] {
    match error.kind() {
        Error::Migration(failure) => match &failure.cause {
            Cause::TableLock { blockers, .. } => blockers,
            _ => &[],
        },
        Error::LockTimeout(LockTimeout::Schema { blockers, .. }) => blockers,
        _ => &[],
    }
}

/// Whether the message itself says in what state the database is.
fn is_told(error: &Error) -> bool {
    matches!(
        error.kind(),
        Error::Pending | Error::Refusal(Refusal::Disagreement(_) | Refusal::Damaged(_))
    )
}

/// In what state the database is now.
fn state(error: &Error) -> String {
    match error {
        Error::Migration(failure) => state_after(failure),
        // The last step of a run may fail too: giving the lock back, or printing the result.
        Error::Other(_) => "nothing was changed, except what was reported as done".to_owned(),
        Error::Bootstrap(halted) => match halted.made {
            1 => "1 thing that this run made stays; the next run makes the rest".to_owned(),
            made => format!("{made} things that this run made stay; the next run makes the rest"),
        },
        Error::Config(_)
        | Error::Impossible(_)
        | Error::Pending
        | Error::Refusal(_)
        | Error::Obstacles(_)
        | Error::Drift(_)
        | Error::Adoption(_)
        | Error::Unsealed(_)
        | Error::LockTimeout(_)
        | Error::Unreachable(_)
        | Error::ReadOnly(_)
        | Error::Stopped(_) => "nothing was changed".to_owned(),
        Error::Underway(underway) => {
            let standing = state_at(underway.standing);
            match underway.doubt {
                Some(reach) => format!("{standing}, {}", or_at(reach)),
                None => standing,
            }
        }
        Error::Lost(_) | Error::GivenUp(_) => {
            "what was reported as done is in the database; the next run asks it for the rest"
                .to_owned()
        }
    }
}

/// What the server said, if it did.
fn server(error: &Error) -> Option<&ServerError> {
    match error.kind() {
        Error::Migration(failure) => failure.server.as_ref(),
        Error::Other(error) => error.downcast_ref(),
        _ => None,
    }
}

/// What to do about the server's words. Where a signal was the cause, they are but its echo.
fn advised(error: &Error) -> Option<String> {
    let by_signal = |failure: &Failure| matches!(failure.cause, Cause::Signal(_));
    if matches!(error, Error::Migration(failure) if by_signal(failure)) {
        return None;
    }
    server(error).map(|server| advice(server).to_owned())
}

/// What to do next, a line a step; the last one names a command.
fn help(error: &Error) -> Vec<String> {
    let mut help: Vec<String> = advised(error).into_iter().collect();
    match error.kind() {
        Error::Migration(failure) => help.extend(help_after(failure)),
        Error::Config(error) => help.push(help_for_setting(error)),
        Error::Refusal(refusal) => help.extend(help_for_refusal(refusal)),
        Error::Obstacles(obstacles) => help.extend(obstacles::help(&obstacles.list)),
        Error::Impossible(impossible) => help.extend(help_for_impossible(impossible)),
        Error::Drift(Drift { position: None, .. }) => help.push(
            "this is not the database that is meant, or its history is gone or elsewhere: `dsentr-migrate config` shows where database and history.table come from"
                .to_owned(),
        ),
        Error::Drift(_) => help.extend([
            "somebody changed the database by hand, or a migration could not do all of its work: bring the objects back as sealed, or write a migration that makes the change; then run `dsentr-migrate verify`".to_owned(),
            "what is meant to differ goes into [[verify.ignore]] of the settings file, with a reason".to_owned(),
        ]),
        Error::Adoption(refused) => help.extend(help_for_adoption(refused)),
        Error::Unsealed(_) => help.push(
            "seal it with `cargo migration seal`, and build again; a release build carries no unsealed migration".to_owned(),
        ),
        Error::LockTimeout(timeout) => help.extend(help_for_lock(timeout)),
        Error::Unreachable(_) => help.push(
            "check that the server runs, and that it is the primary; `dsentr-migrate config` shows where host and port come from; then run it again"
                .to_owned(),
        ),
        Error::ReadOnly(_) => help.push(
            "name the server that takes writes, or several with target_session_attrs=read-write to have it found; then run it again"
                .to_owned(),
        ),
        Error::Lost(_) => help.push(LOOK_AT_SERVER.to_owned()),
        Error::Stopped(_) | Error::GivenUp(_) => {
            help.push("run it again to go on; that is safe at any time".to_owned());
        }
        // A run is under way once.
        Error::Underway(_) | Error::Bootstrap(_) => {}
        Error::Pending => help.push("`dsentr-migrate up` applies them".to_owned()),
        Error::Other(_) => help.push(
            "once the cause is gone, run the command again; `dsentr-migrate status` shows where the database stands"
                .to_owned(),
        ),
    }
    if let Error::Underway(underway) = error
        && let task @ Task::Rollback { .. } = underway.standing.task
    {
        help.push(format!(
            "`dsentr-migrate {task}` goes on where this run ended; --steps would count anew"
        ));
    }
    // The first step follows nothing.
    if let Some(first) = help.first_mut()
        && let Some(rest) = first.strip_prefix("then ")
    {
        *first = rest.to_owned();
    }
    help
}

fn help_for_setting(error: &ConfigError) -> String {
    let correct = || "correct it, then run the command again".to_owned();
    error.help.clone().unwrap_or_else(correct)
}

fn help_for_refusal(refusal: &Refusal) -> Vec<String> {
    let one = |help: &str| vec![help.to_owned()];
    match refusal {
        Refusal::Disagreement(list) => help_for_kinds(list),
        Refusal::Damaged(damaged) => help_for_damage(damaged),
        Refusal::Untracked { .. } => vec![
            "where another tool made them, or somebody by hand: `dsentr-migrate adopt` finds the version they are at, and writes the history".to_owned(),
            "where the history is in another table, set history.schema and history.table; where this is not the database you meant, correct the connection".to_owned(),
        ],
        Refusal::Ahead { .. } => {
            one("use the newer binary; `up` without --strict leaves such a database as it is")
        }
        Refusal::NoSuchTarget { .. } => {
            one("`dsentr-migrate version` lists what this binary carries")
        }
        Refusal::NotApplied { .. } => one(
            "a rollback goes back alone: name an applied version (`dsentr-migrate status` lists them), or use `dsentr-migrate up --to`",
        ),
        Refusal::TooManySteps { .. } => {
            one("`dsentr-migrate status` lists what is applied; `--to 0` rolls back everything")
        }
    }
}

/// One for each, once each.
fn help_for_impossible(impossible: &Impossible) -> Vec<String> {
    let mut help: Vec<String> = Vec::new();
    for obstacle in &impossible.0 {
        if !help.contains(&obstacle.remedy) {
            help.push(obstacle.remedy.clone());
        }
    }
    help.push("then run `dsentr-migrate bootstrap` again, which is safe".to_owned());
    help
}

/// What to do where a database was not adopted.
fn help_for_adoption(refused: &Refused) -> Vec<String> {
    match refused {
        Refused::NoVersion {
            nearest: version, ..
        }
        | Refused::Differs { version, .. } => vec![
            "bring the objects to what is sealed; then run `dsentr-migrate adopt` again".to_owned(),
            format!(
                "or take the database over as it is with `dsentr-migrate adopt --at {version} --accept-differences`: `dsentr-migrate verify` goes on to show what differs now, and ends well with it"
            ),
        ],
        Refused::Empty { .. } => vec!["`dsentr-migrate up` makes the schema".to_owned()],
        Refused::Doubt { doubts, version } => help_for_doubts(doubts, version.as_deref()),
        Refused::Nothing { sql } => vec![format!(
            "where this is the database that is meant, run {sql}; then `dsentr-migrate up` makes the schema"
        )],
        Refused::Elsewhere { .. } => vec![
            "`dsentr-migrate status` shows what the history says; `dsentr-migrate up` goes on from there"
                .to_owned(),
        ],
    }
}

fn help_for_doubts(doubts: &[Doubt], version: Option<&str>) -> Vec<String> {
    let mut help: Vec<String> = Vec::new();
    for doubt in doubts {
        if !help.contains(&doubt.remedy) {
            help.push(doubt.remedy.clone());
        }
    }
    let schema = match version {
        Some(version) => format!("the schema is that of {version}"),
        None => "the schema is empty".to_owned(),
    };
    help.push(format!(
        "{schema}: where that is right, name the version that the database is at with `dsentr-migrate adopt --at VERSION`"
    ));
    help
}

fn help_for_blocker(blocker: &Blocker) -> String {
    format!(
        "have it end, or end it with {}: {blocker}",
        blocker.remedy()
    )
}

fn help_for_lock(timeout: &LockTimeout) -> Vec<String> {
    let holder = match timeout {
        LockTimeout::Held { holder, .. } => holder,
        LockTimeout::Schema { blockers, .. } => {
            let mut help: Vec<String> = blockers.iter().map(help_for_blocker).collect();
            let more = "allow more with table_lock.budget; then run it again";
            help.push(match blockers.len() {
                0 => format!("run it again, since nobody does any more; or {more}"),
                _ => format!("or {more}"),
            });
            return help;
        }
        LockTimeout::NoConnection => {
            return vec![
                "connect to the server itself, or see that the pool has two connections for this run; then run it again"
                    .to_owned(),
            ];
        }
    };
    let mut help = vec![
        "run it again when the other runner is done, or allow more with --lock-timeout; `dsentr-migrate status` shows how far it is".to_owned(),
    ];
    // A machine that has vanished keeps its session, and with it the lock, until the server notices.
    help.extend(holder.as_ref().map(|holder| {
        format!(
            "if no runner is at work any more, free the lock with SELECT pg_terminate_backend({})",
            holder.pid
        )
    }));
    help
}

/// One sentence a kind.
fn help_for_kinds(list: &[Disagreement]) -> Vec<String> {
    let is_there = |state, is_incomplete| {
        let mut all = list.iter();
        all.any(|one| one.state == state && one.is_incomplete == is_incomplete)
    };
    let kinds = [
        (
            is_there(State::Divergent, true),
            "a row without name or checksum was written or changed by hand: where the migration was applied, `dsentr-migrate adopt --rebuild-history` has the history written anew from the live schema",
        ),
        (
            is_there(State::Divergent, false),
            "a divergent migration was changed after it had been applied: use the binary that applied it, or bring the file back and put the change into a new migration",
        ),
        (is_there(State::OutOfOrder, false), LOST_OR_LATE),
        (
            is_there(State::Unknown, false),
            "an unknown migration was applied by another binary: use that one, or a newer",
        ),
    ];
    let present = kinds.into_iter().filter(|(is_there, _)| *is_there);
    let mut help: Vec<String> = present.map(|(_, help)| help.to_owned()).collect();
    help.push(
        "then run the command again; `dsentr-migrate status` lists all migrations".to_owned(),
    );
    help
}

/// The history alone does not tell the two apart; the schema does.
const LOST_OR_LATE: &str = "an out-of-order migration has lost its row in the history, or was added behind newer ones: `dsentr-migrate adopt --rebuild-history --dry-run` compares the live schema with the seals, and shows whether it was applied; if it was not, it was added too late: whoever wrote the file gives it today's date";

/// How the history is mended, or written anew.
fn help_for_damage(damaged: &Damaged) -> Vec<String> {
    let rebuild = "`dsentr-migrate adopt --rebuild-history` keeps the damaged table under another name, and writes the history anew from the live schema; --dry-run shows that first";
    let Some(statements) = damaged.remedies() else {
        return vec![rebuild.to_owned()];
    };
    vec![
        format!("mend the table as its owner: {};", statements.join("; ")),
        format!("or {rebuild}"),
    ]
}

fn render_failure(failure: &Failure, paint: Paint, help: &[String]) -> String {
    let label = if failure.place.is_some() {
        failure.reason.as_str()
    } else {
        ""
    };
    let mut notes = notes(failure);
    notes.extend(help.iter().map(Note::help));
    let mut text = excerpt(failure, label, &notes).render(paint.0);
    text.push('\n');
    text
}

fn excerpt<'a>(failure: &'a Failure, label: &'a str, notes: &'a [Note]) -> Excerpt<'a> {
    Excerpt {
        title: &failure.title,
        path: &failure.path,
        text: failure.text,
        span: failure.place,
        label,
        notes,
    }
}

fn notes(failure: &Failure) -> Vec<Note> {
    let mut notes = Vec::new();
    if failure.place.is_none() {
        notes.push(Note::new("server", &failure.reason));
    }
    notes.extend(failure.server.iter().flat_map(remarks));
    if let Some(statement) = failure.statement.filter(|_| failure.statements > 1) {
        let number = statement + 1;
        notes.push(Note::new(
            "note",
            format!("statement {number} of {}", failure.statements),
        ));
    }
    notes.push(Note::new("note", state_after(failure)));
    notes
}

/// What the server added to its message.
fn remarks(server: &ServerError) -> Vec<Note> {
    let context = server.context.as_deref().map(shortened);
    let remarks = [
        ("detail", server.detail.as_deref()),
        ("hint", server.hint.as_deref()),
        ("context", context.as_deref()),
    ];
    let present = remarks.into_iter();
    present
        .filter_map(|(kind, text)| Some(Note::new(kind, text?)))
        .collect()
}

/// The innermost calls and the outermost: of a function that calls itself without end there are thousands, and a
/// query that it quotes may be as long as a file.
fn shortened(context: &str) -> String {
    let lines: Vec<String> = context.lines().map(cut).collect();
    if lines.len() <= INNERMOST + OUTERMOST + 1 {
        return lines.join("\n");
    }
    let innermost = lines[..INNERMOST].join("\n");
    let outermost = lines[lines.len() - OUTERMOST..].join("\n");
    format!("{innermost}\n...\n{outermost}")
}

fn cut(line: &str) -> String {
    match line.char_indices().nth(CONTEXT_WIDTH) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line.to_owned(),
    }
}

/// Where the database stands after a failure, and what is left of the migration.
fn state_after(failure: &Failure) -> String {
    let standing = state_at(failure.standing);
    let what = match failure.standing.task {
        Task::Up => "this migration",
        Task::Rollback { .. } => "this rollback",
    };
    let left = match failure.left {
        Left::Nothing => format!("and nothing of {what} is left"),
        Left::Statements(0) => format!("and no statement of {what} is done"),
        Left::Statements(1) => format!("and the first statement of {what} is done"),
        Left::Statements(done) => format!("and the first {done} statements of {what} are done"),
        Left::Unknown => or_at(failure.reach),
    };
    format!("{standing}, {left}")
}

/// Where the database stands if what was not answered is committed.
fn or_at(reach: Reach) -> String {
    let Reach {
        ends_at,
        steps,
        told,
    } = reach;
    let version = ends_at.map(|version| version.to_string());
    let at = at(version.as_deref());
    match steps {
        _ if told > 0 => format!(
            "or further on, up to {at}, as far as COMMITs got through and are on the server's disk: of {} above that is not known",
            count(told, "migration")
        ),
        1 => format!("or at {at}, if its COMMIT got through"),
        _ => format!("or further on, up to {at}, as far as COMMITs got through"),
    }
}

/// How far the run came.
fn state_at(standing: Standing) -> String {
    let position = standing.position.map(|version| version.to_string());
    let at = at(position.as_deref());
    let done = match (standing.task, standing.done) {
        (Task::Up, 0) => "this run applied nothing".to_owned(),
        (Task::Up, 1) => "1 migration of this run was applied and stays".to_owned(),
        (Task::Up, more) => format!(
            "{} of this run were applied and stay",
            count(more, "migration")
        ),
        (Task::Rollback { .. }, 0) => "this run rolled back nothing".to_owned(),
        (Task::Rollback { .. }, 1) => "1 migration was rolled back and stays so".to_owned(),
        (Task::Rollback { .. }, more) => {
            format!("{} were rolled back and stay so", count(more, "migration"))
        }
    };
    format!("{done}; the database is at {at}")
}

/// What to do where the connection ended.
const LOOK_AT_SERVER: &str = "the connection was lost: see that the server runs (its log says why it stopped), then run it again, which is safe";

/// What comes after the advice: the next command.
fn help_after(failure: &Failure) -> Vec<String> {
    let mut help = Vec::new();
    match &failure.cause {
        Cause::Server | Cause::Signal(_) => {}
        Cause::Differs(_) => help.push(
            "something in this database was not there when the rollback was proven: find out what from the differences, and change it"
                .to_owned(),
        ),
        // Where the server said something, the advice is about that.
        Cause::Lost if failure.server.is_some() => {}
        Cause::Lost => help.push(
            "the connection was lost: see that the server runs; its log says why it stopped"
                .to_owned(),
        ),
        Cause::TableLock { blockers, .. } => {
            help.extend(blockers.iter().map(help_for_blocker));
            help.push("or allow more with table_lock.budget".to_owned());
        }
    }
    let again = format!(
        "then run `dsentr-migrate {}` again, which is safe",
        failure.standing.task
    );
    let row = match failure.standing.task {
        Task::Up => "only the row in the history is left to write",
        Task::Rollback { .. } => "only the row in the history is left to remove",
    };
    help.push(match failure.left {
        Left::Nothing => again,
        Left::Unknown => format!("{again}: it asks the history first"),
        Left::Statements(done) if done == failure.statements => format!("{again}: {row}"),
        Left::Statements(done) => format!("{again}: it goes on with statement {}", done + 1),
    });
    help
}
