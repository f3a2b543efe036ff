//! What `bootstrap` says: a line for each thing that is wanted; before the fact, a script for a DBA.

use serde::Serialize;

use super::error::ErrorReport;
use super::migrations::{line, name_width};
use super::{Paint, Report};
use crate::bootstrap::{Done, Item, Place, Plan, State, Step, Wanted, shown};
use crate::connect::Target;
use crate::history::quote;

/// Form and version of the JSON document, of both reports.
const SCHEMA: &str = "dsentr-migrate/bootstrap/1";

/// The result of `bootstrap`.
#[derive(Debug, Serialize)]
pub struct BootstrapReport {
    schema: &'static str,
    /// The administrator's connection.
    pub database: Target,
    /// Whether nothing was to be done but to look.
    pub dry_run: bool,
    /// Everything that is wanted, in order.
    pub items: Vec<ItemReport>,
    /// How many things this run made.
    pub made: usize,
    /// Why the run did not end as asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorReport>,
}

/// One thing that is wanted.
#[derive(Debug, Serialize)]
pub struct ItemReport {
    /// What it is.
    pub object: String,
    /// How it stands.
    pub state: Word,
    /// What else is to be said of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
    /// The statement that makes it, without a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sql: Option<String>,
}

/// How a thing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Word {
    /// This run made it.
    Made,
    /// It was there.
    There,
    /// It is left as it is.
    Left,
    /// It is not there.
    Absent,
}

impl Word {
    fn text(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::There => "is there",
            Self::Left => "left",
            Self::Absent => "absent",
        }
    }

    fn painted(self, paint: Paint) -> String {
        match self {
            Self::Made => paint.good(self.text()),
            Self::There => self.text().to_owned(),
            Self::Left | Self::Absent => paint.note(self.text()),
        }
    }
}

impl BootstrapReport {
    /// What was made, and what was there.
    pub fn new(done: &Done, wanted: &Wanted, error: Option<ErrorReport>) -> Self {
        let items = done.items.iter();
        Self {
            schema: SCHEMA,
            database: done.target.clone(),
            dry_run: false,
            items: items.map(|item| of_run(item, done, wanted)).collect(),
            made: done.made.len(),
            error,
        }
    }
}

impl BootstrapReport {
    fn sum(&self) -> String {
        let left = self.items.iter();
        let left = left.filter(|item| item.state == Word::Left).count();
        let done = match self.made {
            0 => "nothing to do: ".to_owned(),
            made => format!("{made} made; "),
        };
        match left {
            0 => format!("{done}everything is there\n"),
            left => format!("{done}everything is there, {left} left as it is\n"),
        }
    }
}

fn of_run(item: &Item, done: &Done, wanted: &Wanted) -> ItemReport {
    let is_made = done.has_made(&item.object);
    let state = match &item.state {
        State::Left(_) => Word::Left,
        State::There | State::Absent(_) if is_made => Word::Made,
        State::There => Word::There,
        State::Absent(_) => Word::Absent,
    };
    ItemReport {
        remark: match &item.state {
            State::Left(left) => Some(format!(
                "{}; a superuser can change that in the database: {}",
                left.reason, left.sql
            )),
            State::There | State::Absent(_) => of_password(item, state, done, wanted),
        },
        object: item.object.clone(),
        state,
        sql: None,
    }
}

/// Where the password of a new role is from.
fn of_password(item: &Item, state: Word, done: &Done, wanted: &Wanted) -> Option<String> {
    let mut roles = wanted.login_roles();
    let role = roles.find(|role| role.object() == item.object)?;
    let written = done.written_for(&role.name).map(|path| path.display());
    match (state, written, &role.password) {
        (Word::Made, Some(path), _) => Some(format!("with a new password, written to {path}")),
        (Word::Made, None, Some(_)) => Some("with the password that was given".to_owned()),
        (Word::Made, None, None) => Some("without a password".to_owned()),
        // Two runs that share no file made up one each.
        (Word::There, Some(path), _) => Some(format!(
            "made by another run in this moment: the password in {path} is right only if that run had this file too"
        )),
        _ => None,
    }
}

impl Report for BootstrapReport {
    fn text(&self, paint: Paint) -> String {
        let width = name_width(self.items.iter().map(|item| item.object.as_str()));
        let mut text = format!("{}\n", self.database);
        for item in &self.items {
            let remark = item.remark.as_deref().unwrap_or_default();
            let painted = item.state.painted(paint);
            text.push_str(&line(
                item.state.text(),
                &painted,
                &item.object,
                width,
                remark,
            ));
        }
        if self.error.is_some() {
            return text;
        }
        text.push_str(&self.sum());
        text
    }
}

/// The result of `bootstrap --dry-run`.
#[derive(Debug, Serialize)]
pub struct DryRunReport {
    #[serde(flatten)]
    report: BootstrapReport,
    #[serde(skip)]
    script: String,
}

impl DryRunReport {
    /// What would be made, and how.
    pub fn new(database: Target, wanted: &Wanted, plan: &Plan) -> Self {
        let items = plan.items.iter().map(of_plan).collect();
        Self {
            script: script(&database, wanted, plan),
            report: BootstrapReport {
                schema: SCHEMA,
                database,
                dry_run: true,
                items,
                made: 0,
                error: None,
            },
        }
    }
}

fn of_plan(item: &Item) -> ItemReport {
    let (state, remark, sql) = match &item.state {
        State::There => (Word::There, None, None),
        State::Left(left) => (
            Word::Left,
            Some(left.reason.clone()),
            Some(left.sql.clone()),
        ),
        State::Absent(step) => (Word::Absent, None, Some(step.sql.clone())),
    };
    ItemReport {
        object: item.object.clone(),
        state,
        remark,
        sql,
    }
}

impl Report for DryRunReport {
    fn text(&self, _: Paint) -> String {
        self.script.clone()
    }
}

/// SQL for psql, in the order in which it has to be run.
fn script(database: &Target, wanted: &Wanted, plan: &Plan) -> String {
    let mut script = Script {
        text: format!("-- {}\n", comment(&database.to_string())),
        place: Place::Server,
        wanted,
    };
    script.say("What is absent of all that `dsentr-migrate bootstrap` makes, for psql and an administrator. Nothing was changed.");
    if plan.steps().next().is_none() {
        script.say("Nothing: everything is there.");
    } else {
        script.text.push_str("\\set ON_ERROR_STOP on\n");
    }
    for item in &plan.items {
        match &item.state {
            State::There => {}
            State::Absent(step) => script.step(&item.object, step),
            State::Left(left) => {
                script.go_to(left.place);
                script.say(&format!(
                    "{} {}; a superuser can change that:",
                    item.object, left.reason
                ));
                script.say(&format!("{};", left.sql));
            }
        }
    }
    if plan.is_unseen {
        script.say(&format!(
            "What is absent inside database {} cannot be seen before this was run: then ask again.",
            shown(&wanted.database)
        ));
    }
    script.text
}

struct Script<'a> {
    text: String,
    place: Place,
    wanted: &'a Wanted,
}

impl Script<'_> {
    fn step(&mut self, object: &str, step: &Step) {
        self.go_to(step.place);
        let sql = &step.sql;
        match &step.owner {
            Some(owner) => {
                let owner = quote(owner);
                self.text
                    .push_str(&format!("BEGIN; SET LOCAL ROLE {owner}; {sql}; COMMIT;\n"));
            }
            None => self.text.push_str(&format!("{sql};\n")),
        }
        if step.login_role.is_some() {
            // The verifier is a secret too: who has it can try passwords on it.
            self.say(&format!(
                "The password of {object} is not shown: set it with psql's \\password, or let bootstrap make the role."
            ));
        }
    }

    /// A name may hold a newline, and a comment ends there.
    fn say(&mut self, text: &str) {
        self.text.push_str(&format!("-- {}\n", comment(text)));
    }

    fn go_to(&mut self, place: Place) {
        if place == Place::Inside && self.place == Place::Server {
            self.place = place;
            let database = &self.wanted.database;
            self.text
                .push_str(&format!("\\connect {}\n", for_connect(database)));
        }
    }
}

fn comment(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

/// A database's name as psql's `\connect` takes it: a plain one as it is; any other as a value in a connection string,
/// since it would be read as one where it looks like it. So does `pg_dump`.
fn for_connect(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.chars().all(is_plain) {
        return name.to_owned();
    }
    let value = name.replace('\\', "\\\\").replace('\'', "\\'");
    let value = format!("dbname='{value}'").replace('"', "\"\"");
    format!("-reuse-previous=on \"{value}\"")
}
