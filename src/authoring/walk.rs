//! Takes a server through all versions, and proves each migration on the way.
//!
//! Two databases go along. The empty one has no rows; in it every step is committed forward, back and forward again. In
//! the other there are the rows of all versions before; there the way back is taken in a transaction that is rolled
//! back, so that it can be tried twice: before the application has written at the new version, and after.

use std::collections::BTreeSet;

use anyhow::Context as _;

use super::changes::{Change, Move};
use super::diff;
use super::failure::Failure;
use super::measure::{self, Measures};
use super::project::ROWS;
use super::remains::{beyond, remains};
use super::rows::{Moved, moved};
use super::script::{Broken, Script, begin};
use super::server::{Database, Server};
use super::session::{Session, unforeseen};
use super::state::{Stance, State};
use super::subject::Subject;
use crate::check::Rollback;
use crate::config::HistoryTable;
use crate::schema::{Objects, Scope};

/// What one server says of one migration.
#[derive(Debug)]
pub(super) struct Proof {
    /// Its name.
    pub(super) stem: String,
    /// What was seen; none where it could not be applied.
    pub(super) evidence: Option<Evidence>,
    /// What is not as it should be.
    pub(super) failures: Vec<Failure>,
}

/// What was seen of a migration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Evidence {
    /// The schema before it.
    pub(super) before: Objects,
    /// The schema after it.
    pub(super) after: Objects,
    /// Whether a second run is clean.
    pub(super) rerunnable: bool,
    /// What it does to tables that were there.
    pub(super) measures: Measures,
}

/// Walks up to the last migration that is to be proven.
pub(super) async fn walk(server: &Server, subjects: &[Subject]) -> anyhow::Result<Vec<Proof>> {
    let last = subjects.iter().rposition(|subject| subject.is_wanted);
    let subjects = &subjects[..last.map_or(0, |last| last + 1)];
    let history = HistoryTable {
        schema: crate::apply::SCHEMA.to_owned(),
        table: "refinery_schema_history".to_owned(),
    };
    let empty = server.database(None).await?;
    let new = remains(&empty.session).await;
    let mut walk = Walk {
        server,
        history,
        new_session: new.map_err(unforeseen(SESSION_UNREAD))?,
        empty,
        full: server.database(None).await?,
        of_empty: None,
        of_full: None,
        without_rows: BTreeSet::new(),
        proofs: Vec::new(),
    };
    for (nth, subject) in subjects.iter().enumerate() {
        let went_on = if subject.is_wanted {
            walk.prove(&subjects[..=nth], subject).await
        } else {
            walk.pass(subject).await
        };
        let went_on = went_on.with_context(|| {
            let (stem, major) = (subject.stem(), server.major);
            format!("{stem} cannot be proven on PostgreSQL {major}")
        });
        if !went_on? {
            break;
        }
    }
    walk.empty.close().await;
    walk.full.close().await;
    Ok(walk.proofs)
}

struct Walk<'a> {
    server: &'a Server,
    history: HistoryTable,
    /// What a session has from the start.
    new_session: Objects,
    empty: Database,
    full: Database,
    /// Each as it was left, where that was read.
    of_empty: Option<State>,
    of_full: Option<State>,
    /// Tables that are known to have no row; each is told of once.
    without_rows: BTreeSet<String>,
    proofs: Vec<Proof>,
}

/// What is found out about one migration.
struct Case<'a> {
    subject: &'a Subject,
    failures: Vec<Failure>,
    /// The declared changes that happened: which one, and at which of its places.
    happened: BTreeSet<(usize, String)>,
    /// Whether it leaves something in its session.
    leaks: bool,
    major: u32,
}

impl Walk<'_> {
    /// Applies a migration that needs no proof, and fills in its rows. Whether the walk can go on.
    async fn pass(&mut self, subject: &Subject) -> anyhow::Result<bool> {
        let mut case = Case::new(subject, self.server.major);
        let mut went_on = true;
        for session in [&self.empty.session, &self.full.session] {
            let forward = case.forward(session, &subject.forward);
            let watched = self.server.watching_roles(&subject.forward.sent, forward);
            went_on = went_on && watched.await?.is_some();
        }
        if went_on {
            case.fill(&self.full.session).await;
        }
        if !case.failures.is_empty() {
            self.proofs.push(case.proof(None));
        }
        Ok(went_on)
    }

    /// Proves a migration. Whether the walk can go on.
    async fn prove(&mut self, so_far: &[Subject], subject: &Subject) -> anyhow::Result<bool> {
        let mut case = Case::new(subject, self.server.major);
        let Some(evidence) = self.on_the_empty(&mut case, so_far).await? else {
            self.proofs.push(case.proof(None));
            return Ok(false);
        };
        let evidence = self.with_rows(&mut case, evidence).await?;
        let went_on = evidence.is_some();
        self.proofs.push(case.proof(evidence));
        Ok(went_on)
    }

    /// As it was left, or read where it was not.
    async fn as_left(&self, state: Option<State>, session: &Session) -> anyhow::Result<State> {
        match state {
            Some(state) => {
                let later = state.later(session, self.scope()).await;
                later.map_err(unforeseen("the roles cannot be read"))
            }
            None => self.state(session, Stance::Outside).await,
        }
    }

    fn scope(&self) -> Scope<'_> {
        Scope {
            history: &self.history,
            schemas: None,
            major: self.server.major,
            cluster: true,
        }
    }

    async fn state(&self, session: &Session, stance: Stance) -> anyhow::Result<State> {
        State::read(session, self.scope(), stance)
            .await
            .map_err(unforeseen("the schema and the rows cannot be read"))
    }

    /// Forward, back and forward again, each committed.
    async fn on_the_empty(
        &mut self,
        case: &mut Case<'_>,
        so_far: &[Subject],
    ) -> anyhow::Result<Option<Evidence>> {
        let subject = case.subject;
        let left = self.of_empty.take();
        let before = self.as_left(left, &self.empty.session).await?;
        let forward = case.forward(&self.empty.session, &subject.forward);
        let watched = self.server.watching_roles(&subject.forward.sent, forward);
        let Some(measures) = watched.await? else {
            return Ok(None);
        };
        self.hold_session(case, Which::Empty, LEAVES).await?;
        let after = self.state(&self.empty.session, Stance::Outside).await?;
        if matches!(subject.checked.rollback, Rollback::NothingToUndo { .. }) {
            case.same_schema(
                "says that there is nothing to undo, and changes the schema",
                &before,
                &after,
            );
        }
        if let Some(back) = &subject.back {
            let is_whole = self.committed(case, back, &before, &after).await?;
            if !is_whole {
                self.make_empty_anew(so_far).await?;
            }
        }
        self.of_empty = Some(after.clone());
        Ok(Some(Evidence {
            before: before.objects,
            after: after.objects,
            rerunnable: false,
            measures,
        }))
    }

    /// Back and forward again. `false` where the database is not as it was.
    async fn committed(
        &mut self,
        case: &mut Case<'_>,
        back: &Script,
        before: &State,
        after: &State,
    ) -> anyhow::Result<bool> {
        const WHEN: &str = "on an empty database";
        let count = case.failures.len();
        let outcome = case.back(&self.empty.session, back, WHEN).await;
        if outcome.is_none() {
            return Ok(false);
        }
        self.hold_session(case, Which::Empty, LEAVES_BACK).await?;
        let gone = self.state(&self.empty.session, Stance::Outside).await?;
        case.same_schema(BACK, before, &gone);
        let outcome = case.forward_again(&self.empty.session, WHEN).await;
        if outcome.is_none() {
            return Ok(false);
        }
        self.hold_session(case, Which::Empty, LEAVES).await?;
        let again = self.state(&self.empty.session, Stance::Outside).await?;
        if case.failures.len() == count {
            case.same_schema(AGAIN, after, &again);
        }
        Ok(case.failures.len() == count)
    }

    async fn make_empty_anew(&mut self, so_far: &[Subject]) -> anyhow::Result<()> {
        let empty = self.server.database(None).await?;
        std::mem::replace(&mut self.empty, empty).close().await;
        for subject in so_far {
            // It was applied to such a database before.
            let mut case = Case::new(subject, self.server.major);
            case.forward(&self.empty.session, &subject.forward).await;
        }
        Ok(())
    }

    /// Forward with the rows of the versions before, a second time, back and forward again, and once more from what the
    /// application has written.
    async fn with_rows(
        &mut self,
        case: &mut Case<'_>,
        mut evidence: Evidence,
    ) -> anyhow::Result<Option<Evidence>> {
        let subject = case.subject;
        let left = self.of_full.take();
        let before = self.as_left(left, &self.full.session).await?;
        let Some(measures) = case.forward(&self.full.session, &subject.forward).await else {
            return Ok(None);
        };
        self.hold_session(case, Which::Full, LEAVES).await?;
        let locks = std::mem::replace(&mut evidence.measures, measures).locks;
        evidence.measures.add(Measures {
            locks,
            ..Measures::default()
        });
        let after = self.state(&self.full.session, Stance::Outside).await?;
        case.same_objects(
            "with rows leads to another schema than without",
            &evidence.after,
            &after.objects,
        );
        case.went_forward(&before, &after);
        case.changes_something(&before, &after);
        if case.leaks {
            // What is tried in an open transaction would find what it has left there.
            case.fill(&self.full.session).await;
            return Ok(Some(evidence));
        }
        evidence.rerunnable = self.run_twice(case, &after).await?;
        self.there_and_back(case, [&before, &before, &after], Tables::AsBefore)
            .await?;
        case.fill(&self.full.session).await;
        let used = self.state(&self.full.session, Stance::Outside).await?;
        self.find_tables_without_rows(case, &used);
        self.there_and_back(case, [&before, &used, &after], Tables::InUse)
            .await?;
        case.all_declared_happened();
        self.of_full = Some(used);
        Ok(Some(evidence))
    }

    /// Whether a second run is clean, which is told against what the file says.
    async fn run_twice(&mut self, case: &mut Case<'_>, once: &State) -> anyhow::Result<bool> {
        let subject = case.subject;
        if !subject.is_transaction() {
            let copy = self.copy_of_full().await?;
            let outcome = subject.forward.run(&copy.session).await;
            let twice = self.state(&copy.session, Stance::Outside).await?;
            copy.close().await;
            return Ok(case.ran_twice(once, outcome.map(|()| twice)));
        }
        let session = &self.full.session;
        let outcome = match subject.forward.run_in_transaction(session).await {
            Ok(()) => Ok(self.state(session, Stance::Within).await?),
            Err(broken) => Err(broken),
        };
        session
            .batch_execute("ROLLBACK")
            .await
            .map_err(unforeseen("the second run cannot be taken back"))?;
        Ok(case.ran_twice(once, outcome))
    }

    /// Back and forward again, and nothing of it stays.
    async fn there_and_back(
        &mut self,
        case: &mut Case<'_>,
        states: [&State; 3],
        tables: Tables,
    ) -> anyhow::Result<()> {
        let Some(back) = &case.subject.back else {
            return Ok(());
        };
        if case.subject.is_transaction() {
            let session = &self.full.session;
            begin(session)
                .await
                .map_err(unforeseen("no transaction can be opened"))?;
            self.both_ways(case, session, back, states, tables, Stance::Within)
                .await?;
            let session = &self.full.session;
            let ended = session.batch_execute("ROLLBACK").await;
            return ended.map_err(unforeseen(
                "the rollback that was tried cannot be taken back",
            ));
        }
        let copy = self.copy_of_full().await?;
        self.both_ways(case, &copy.session, back, states, tables, Stance::Outside)
            .await?;
        copy.close().await;
        Ok(())
    }

    async fn both_ways(
        &self,
        case: &mut Case<'_>,
        session: &Session,
        back: &Script,
        [before, with_rows, after]: [&State; 3],
        tables: Tables,
        stance: Stance,
    ) -> anyhow::Result<()> {
        let outcome = match stance {
            Stance::Within => case.back_within(session, back, tables.words()).await,
            Stance::Outside => case.back(session, back, tables.words()).await,
        };
        if outcome.is_none() {
            return Ok(());
        }
        let gone = self.state(session, stance).await?;
        case.same_schema(BACK, before, &gone);
        let is_told = case.went_back(with_rows, &gone, tables);
        let outcome = match stance {
            Stance::Within => case.forward_again_within(session, tables.words()).await,
            Stance::Outside => case.forward_again(session, tables.words()).await,
        };
        if outcome.is_none() {
            return Ok(());
        }
        let again = self.state(session, stance).await?;
        case.same_schema(AGAIN, after, &again);
        // What was lost on the way back cannot be there again.
        if tables == Tables::AsBefore && is_told {
            case.went_again(after, &again);
        }
        Ok(())
    }

    /// Whatever is left in a session would change what is proven in it next, as it would in a run.
    async fn hold_session(
        &mut self,
        case: &mut Case<'_>,
        which: Which,
        what: &str,
    ) -> anyhow::Result<()> {
        let database = match which {
            Which::Empty => &mut self.empty,
            Which::Full => &mut self.full,
        };
        let found = remains(&database.session).await;
        let found = found.map_err(unforeseen(SESSION_UNREAD))?;
        let lines = beyond(&self.new_session, &found);
        if lines.is_empty() {
            return Ok(());
        }
        case.leaks = true;
        case.fail(what).lines = lines;
        self.server.renew(database).await
    }

    /// The database with rows, once more. Nobody may be connected to it while it is copied.
    async fn copy_of_full(&mut self) -> anyhow::Result<Database> {
        self.server.copy_of(&mut self.full).await
    }

    fn find_tables_without_rows(&mut self, case: &mut Case<'_>, used: &State) {
        let empty = used.rows.iter().filter(|(_, table)| table.rows.is_empty());
        for (table, _) in empty {
            if self.without_rows.insert(table.clone()) {
                case.fail(format!("no fixture rows in table {table}")).help = Some(format!(
                    "add them to {ROWS}/{}.sql: only with rows in it a proof means something for it",
                    case.subject.stem()
                ));
            }
        }
    }
}

/// One of the two databases.
#[derive(Clone, Copy)]
enum Which {
    Empty,
    Full,
}

const SESSION_UNREAD: &str = "the state of the session cannot be read";
const LEAVES: &str = "leaves something in its session (rule session-state)";
const LEAVES_BACK: &str = "its rollback leaves something in its session (rule session-state)";

const BACK: &str = "does not come back to the schema before it";
const AGAIN: &str = "leads to another schema after it was rolled back";

/// What is in the tables when a way back begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tables {
    /// The rows that were there before the step.
    AsBefore,
    /// What the application has written at the new version, too.
    InUse,
}

impl Tables {
    fn words(self) -> &'static str {
        match self {
            Self::AsBefore => "with the rows of the versions before",
            Self::InUse => "with rows of its own version",
        }
    }
}

impl<'a> Case<'a> {
    fn new(subject: &'a Subject, major: u32) -> Self {
        Self {
            subject,
            failures: Vec::new(),
            happened: BTreeSet::new(),
            leaks: false,
            major,
        }
    }

    fn proof(self, evidence: Option<Evidence>) -> Proof {
        Proof {
            stem: self.subject.stem().to_owned(),
            evidence,
            failures: super::failure::merged(self.failures),
        }
    }

    fn add(&mut self, failure: Failure) -> &mut Failure {
        self.failures.push(failure.on(self.major));
        let last = self.failures.len() - 1;
        &mut self.failures[last]
    }

    fn fail(&mut self, what: impl std::fmt::Display) -> &mut Failure {
        let title = format!("{}: {what}", self.subject.stem());
        self.add(Failure::new(title))
    }

    async fn forward(&mut self, session: &Session, script: &Script) -> Option<Measures> {
        let result = if self.subject.is_transaction() {
            measure::in_transaction(session, script).await
        } else {
            measure::one_by_one(session, script).await
        };
        self.ok(script, "cannot be applied", result)
    }

    async fn forward_again(&mut self, session: &Session, when: &str) -> Option<()> {
        let what = format!("cannot be applied again after it was rolled back {when}");
        let script = &self.subject.forward;
        let result = self.send(session, script).await;
        self.ok(script, &what, result)
    }

    async fn forward_again_within(&mut self, session: &Session, when: &str) -> Option<()> {
        let what = format!("cannot be applied again after it was rolled back {when}");
        let script = &self.subject.forward;
        let result = script.run_within(session).await;
        self.ok(script, &what, result)
    }

    async fn back(&mut self, session: &Session, script: &Script, when: &str) -> Option<()> {
        let result = self.send(session, script).await;
        self.ok(script, &format!("cannot be rolled back {when}"), result)
    }

    async fn back_within(&mut self, session: &Session, script: &Script, when: &str) -> Option<()> {
        let result = script.run_within(session).await;
        self.ok(script, &format!("cannot be rolled back {when}"), result)
    }

    /// Runs and commits, as the migration is run.
    async fn send(&self, session: &Session, script: &Script) -> Result<(), Broken> {
        if !self.subject.is_transaction() {
            return script.run(session).await;
        }
        let result = script.run_in_transaction(session).await;
        let end = if result.is_ok() { "COMMIT" } else { "ROLLBACK" };
        let ended = session.batch_execute(end).await;
        result?;
        ended.map_err(|error| Broken::at(None, &error))
    }

    fn ok<T>(&mut self, script: &Script, what: &str, result: Result<T, Broken>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(broken) => {
                let title = format!("{}: {what}", self.subject.stem());
                let failure = script.failure(title, &broken);
                // What fails without rows fails with them, too.
                if self
                    .failures
                    .iter()
                    .all(|other| other.lines != failure.lines)
                {
                    self.add(failure);
                }
                None
            }
        }
    }

    /// Puts in the rows that an application writes at this version.
    async fn fill(&mut self, session: &Session) {
        let Some(rows) = &self.subject.rows else {
            return;
        };
        let result = rows.run_in_transaction(session).await;
        let end = if result.is_ok() { "COMMIT" } else { "ROLLBACK" };
        let ended = session.batch_execute(end).await;
        let result = result.and_then(|()| ended.map_err(|error| Broken::at(None, &error)));
        self.ok(rows, "its fixture rows cannot be written", result);
    }

    fn same_schema(&mut self, what: &str, expected: &State, found: &State) {
        self.no_lines(what, self.schema_lines(expected, found));
    }

    fn schema_lines(&self, expected: &State, found: &State) -> Vec<String> {
        let mut differences = expected.differences(found);
        if !self.subject.is_transaction() {
            // Those of a database are not copied with it.
            differences.retain(|difference| !difference.object().contains(" on database"));
        }
        diff::of_schemas(&differences)
    }

    fn same_objects(&mut self, what: &str, expected: &Objects, found: &Objects) {
        let expected = expected
            .iter()
            .map(|(object, text)| (object.as_str(), text.as_str()));
        let lines = diff::of_schemas(&crate::schema::differences(expected, found));
        self.no_lines(what, lines);
    }

    fn no_lines(&mut self, what: &str, lines: Vec<String>) {
        if !lines.is_empty() {
            self.fail(what).lines = lines;
        }
    }

    /// Judges what came of a second run. Whether it is clean.
    fn ran_twice(&mut self, once: &State, outcome: Result<State, Broken>) -> bool {
        let declared = self.subject.checked.not_rerunnable.is_some();
        let script = &self.subject.forward;
        match outcome {
            Ok(twice) => self.ran_to_the_end_twice(once, &twice),
            Err(broken) => {
                if !declared {
                    let title = format!("{}: a second run fails", self.subject.stem());
                    self.add(script.failure(title, &broken)).help = Some(
                        "write IF NOT EXISTS and the like, or say why not at the top of the file: \
                         `-- Not rerunnable: <reason>`"
                            .to_owned(),
                    );
                }
                false
            }
        }
    }

    /// A migration that changes nothing is a mistake, or does what nobody reads, and then no proof says anything of it.
    fn changes_something(&mut self, before: &State, after: &State) {
        let lines = self.schema_lines(before, after);
        let moved = moved(&before.rows, &after.rows, &[], Move::Forward);
        let lines = [lines, moved.lost, moved.changed].concat();
        match (self.subject.checked.changes_nothing, lines.is_empty()) {
            (false, true) => {
                self.fail("changes nothing that is read").help = Some(
                    "delete it, or say why it is there at the top of the file: `-- Changes nothing: <reason>`"
                        .to_owned(),
                );
            }
            (true, false) => {
                let failure = self.fail("says that it changes nothing, and it does");
                failure.lines = lines;
                failure.help = Some("delete the line `-- Changes nothing: ...`".to_owned());
            }
            (false, false) | (true, true) => {}
        }
    }

    /// Judges a second run that did not fail: it has found its work done, or the file says that it does not.
    fn ran_to_the_end_twice(&mut self, once: &State, twice: &State) -> bool {
        let moved = moved(&once.rows, &twice.rows, &[], Move::Again);
        let seen = [
            ("the schema", self.schema_lines(once, twice)),
            ("rows", [moved.lost, moved.changed].concat()),
        ];
        let is_clean = seen.iter().all(|(_, lines)| lines.is_empty());
        let is_transaction = self.subject.is_transaction();
        let checked = &self.subject.checked;
        if checked.not_rerunnable.is_some() && (is_clean || is_transaction) {
            // What the checks cannot rule out the file has to say, though all went well here.
            if is_clean && !checked.may_fail_twice {
                self.fail("says that it is not rerunnable, and a second run is clean")
                    .help = Some("delete the line `-- Not rerunnable: ...`".to_owned());
            }
            return false;
        }
        let help = if is_transaction {
            "have it find its work done, or say why not at the top of the file: `-- Not rerunnable: <reason>`"
        } else {
            "have it find its work done: a statement that was cut off is started again"
        };
        for (what, lines) in seen {
            if !lines.is_empty() {
                let failure = self.fail(format!("a second run changes {what}"));
                failure.lines = lines;
                failure.help = Some(help.to_owned());
            }
        }
        is_clean
    }

    fn went_forward(&mut self, before: &State, after: &State) {
        let moved = moved(
            &before.rows,
            &after.rows,
            &self.subject.changes,
            Move::Forward,
        );
        if !self.subject.tells_loss() {
            self.unsaid_loss(
                "destroys what it does not tell of",
                &moved.lost,
                "-- Data loss: <what is lost>",
            );
        }
        self.unsaid_change("on the way forward", "forward", moved);
    }

    /// Whether all that changed was announced.
    fn went_back(&mut self, with_rows: &State, gone: &State, tables: Tables) -> bool {
        let count = self.failures.len();
        let moved = moved(
            &with_rows.rows,
            &gone.rows,
            &self.subject.changes,
            Move::Back,
        );
        let told = "--   -- Data loss: <what is lost>";
        if !self.subject.tells_loss_back() {
            self.unsaid_loss(
                "its rollback destroys what it does not tell of",
                &moved.lost,
                told,
            );
        }
        // What is not as it was before the step is lost, in whatever direction.
        if tables == Tables::AsBefore && !self.subject.tells_loss() {
            let what =
                "its rollback does not bring back what was in the rows, and nothing tells so";
            self.unsaid_loss(what, &moved.overwritten, told);
        }
        self.unsaid_change("on the way back", "back", moved);
        self.failures.len() == count
    }

    fn went_again(&mut self, after: &State, again: &State) {
        let moved = moved(&after.rows, &again.rows, &self.subject.changes, Move::Again);
        self.unsaid_change("when it is applied again", "again", moved);
    }

    fn unsaid_loss(&mut self, what: &str, lost: &[String], note: &str) {
        if !lost.is_empty() {
            let failure = self.fail(what);
            failure.lines = lost.to_vec();
            failure.help = Some(format!("say it in the file: `{note}`"));
        }
    }

    fn unsaid_change(&mut self, when: &str, word: &str, moved: Moved) {
        self.happened.extend(moved.happened);
        if moved.changed.is_empty() {
            return;
        }
        let help = format!(
            "where it is meant to, say so in {ROWS}/{}.sql: `{}`",
            self.subject.stem(),
            Change::advice(word, &moved.places)
        );
        let failure = self.fail(format!("rows change {when}"));
        failure.lines = moved.changed;
        failure.help = Some(help);
    }

    fn all_declared_happened(&mut self) {
        let changes = &self.subject.changes;
        for (nth, change) in changes.iter().enumerate() {
            let places = change.places.iter().cloned();
            let absent: Vec<String> = places
                .filter(|place| !self.happened.contains(&(nth, place.clone())))
                .collect();
            if absent.is_empty() {
                continue;
            }
            let mut lines = vec![format!("  {}", change.line)];
            if absent.len() < change.places.len() {
                lines.push(format!("  unchanged: {}", absent.join(", ")));
            }
            self.fail("a change that is announced does not happen")
                .lines = lines;
        }
    }
}
