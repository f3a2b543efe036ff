//! `adopt`: takes over a database whose schema another tool made.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::drive::{Drive, Errand};
use super::verify::{ground, repair_report};
use super::{Rows, asked};
use crate::adopt::{Evidence, Finding, Judged, Refused, Verdict, Wish, find};
use crate::adoption::Adoption;
use crate::apply::{
    Course, Moment, Observer, Rebuild, Record, Recorded, Task, claimed, elsewhere, free_name, live,
    record,
};
use crate::config::{HistoryTable, Settings};
use crate::connect::{Connector, Session};
use crate::embedded::Migration;
use crate::error::Error;

use crate::history::{History, Row};
use crate::lock::Held;
use crate::plan::{Entry, compare, plan};
use crate::repair::{Repair, repair};
use crate::report::{AdoptReport, Out, Owners, RepairReport};
use crate::schema::{Difference, Schema, Scope};
use crate::source::Version;
use crate::sql::quote;
use crate::verify::{schemas, sealed};

/// What is to be adopted, and what was wished.
pub(super) struct Adopt<'a> {
    settings: &'a Settings,
    connector: &'a Connector<'a>,
    embedded: &'a [Migration],
    wish: Wish,
    /// Whether a history that is there makes room for another.
    rebuild: bool,
    /// Whether the SQL is wanted, and nothing is to be recorded.
    sql: bool,
    /// The comment that was sent last: whether its transaction was committed, the database may have to be asked.
    sent: Mutex<Option<String>>,
    /// How the history that was there made room in it.
    kept: Mutex<Option<Rebuild>>,
}

/// How an errand ended.
pub(super) enum End {
    /// There is a history with rows in it.
    Already(Option<Version>),
    /// The schema was looked at.
    Found {
        finding: Box<Finding>,
        owners: Option<Owners>,
        /// What the history that was there is called from then on.
        kept: Option<String>,
    },
}

impl<'a> Adopt<'a> {
    pub(super) fn new(
        settings: &'a Settings,
        connector: &'a Connector<'a>,
        embedded: &'a [Migration],
        wish: Wish,
        rebuild: bool,
        sql: bool,
    ) -> Self {
        Self {
            rebuild,
            settings,
            connector,
            embedded,
            wish,
            sql,
            sent: Mutex::default(),
            kept: Mutex::default(),
        }
    }

    /// Finds the version, and records it.
    pub(super) async fn run(&self, out: &mut Out) -> Result<(), Error> {
        let (mut session, history) = self.ask(out).await?;
        let end = if self.is_to_be_judged(&history) {
            let mut observer = Unconcerned;
            let (settings, connector) = (self.settings, self.connector);
            // Of its steps none is taken.
            let mut course = Course::new(Task::Up, settings, connector, &mut observer, None);
            let drive = Drive {
                settings,
                connector,
                errand: self,
            };
            drive.run(&mut session, &mut course).await?
        } else {
            self.already(&history)?
        };
        self.report(session, end, None, false, out).await
    }

    /// Finds the version, and says what would be recorded.
    pub(super) async fn show(&self, out: &mut Out) -> Result<(), Error> {
        let (session, history) = self.ask(out).await?;
        let repair;
        let end = if self.is_to_be_judged(&history) {
            let (finding, live) = self.look(&session, &history).await?;
            let rebuild = self.rebuild_of(&session, &history, &finding).await?;
            repair = self.repair(&session, &finding, &live).await?;
            End::found(finding, &live, &self.settings.history, rebuild.as_ref())
        } else {
            repair = self.repaired(
                &session,
                Repair::default(),
                plan(self.embedded, &history, None)?.position,
            );
            self.already(&history)?
        };
        self.report(session, end, repair, true, out).await
    }

    async fn ask(&self, out: &mut Out) -> Result<(Session, History), Error> {
        let none = History::default();
        // Refuses a version that this binary does not carry.
        plan(self.embedded, &none, self.wish.at)?;
        let session = self.connector.connect().await?;
        if !self.sql {
            out.text(&format!("{}\n", session.target))?;
        }
        asked(&Rows, session, self.settings, self.connector).await
    }

    /// Whether the schema decides what is recorded.
    fn is_to_be_judged(&self, history: &History) -> bool {
        self.rebuild || (history.rows.is_empty() && history.damaged.is_none())
    }

    /// How the history that is there makes room, where it does.
    async fn rebuild_of(
        &self,
        session: &Session,
        history: &History,
        finding: &Finding,
    ) -> Result<Option<Rebuild>, Error> {
        if !self.rebuild || !history.exists {
            return Ok(None);
        }
        match finding.verdict {
            Verdict::Refused(_) => Ok(None),
            Verdict::At(_) => Ok(Some(Rebuild {
                kept: free_name(session, &self.settings.history).await?,
                intact: intact(self.embedded, history),
            })),
            Verdict::Empty => {
                let kept = free_name(session, &self.settings.history).await?;
                Err(Refused::Nothing {
                    sql: format!(
                        "ALTER TABLE {} RENAME TO {}",
                        self.settings.history.qualified(),
                        quote(&kept.table)
                    ),
                }
                .into())
            }
        }
    }

    /// What is in the history stands, if it agrees with this binary and with the wish.
    fn already(&self, history: &History) -> Result<End, Error> {
        let position = plan(self.embedded, history, None)?.position;
        match (self.wish.at, position) {
            (Some(at), Some(position)) if at != position => Err(Refused::Elsewhere {
                asked: at.to_string(),
                position: position.to_string(),
            }
            .into()),
            _ => Ok(End::Already(position)),
        }
    }

    async fn look(&self, session: &Session, history: &History) -> Result<(Finding, Schema), Error> {
        let names = schemas(self.embedded);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let scope = self.scope(session, &names);
        let stop = self.connector.stop;
        let read = |owner| live(session, self.settings, stop, scope, owner);
        let live = read(None).await?;
        // As if it were to go on as that role's, as it should.
        let seen = match live.other_owner() {
            Some(owner) => read(Some(owner)).await?,
            None => live.clone(),
        };
        let claims = claimed(session, self.settings, stop, scope).await?;
        let histories = elsewhere(session, self.settings, stop).await?;
        // An adoption that was rolled back to nothing says nothing any more. What was accepted in one that counts still is.
        let remark = seen.remark.clone().filter(|_| self.rebuild);
        let seen = Schema { remark, ..seen };
        let ignore = &self.settings.verify.ignore;
        let find = |wish| {
            let evidence = Evidence {
                database: &session.target.database,
                role: &session.target.user,
                live: &seen,
                claims: claims.clone(),
                histories: histories.clone(),
            };
            find(self.embedded, evidence, wish, ignore)
        };
        let finding = find(self.wish)?;
        let at = self.newest_recorded(history, &finding);
        match at {
            Some(_) => Ok((find(Wish { at, ..self.wish })?, live)),
            None => Ok((finding, live)),
        }
    }

    /// Of several versions that have the same schema, the one that the history that is there knows as applied.
    fn newest_recorded(&self, history: &History, finding: &Finding) -> Option<Version> {
        let position = history.position().filter(|_| self.rebuild)?;
        let is_open = self.wish.at.is_none() && finding.version != Some(position);
        (is_open && finding.alike.contains(&position)).then_some(position)
    }

    /// The SQL that brings the schema to that of the version, where it is wanted. It is for the role that has the tables,
    /// as the comparison was.
    async fn repair(
        &self,
        session: &Session,
        finding: &Finding,
        live: &Schema,
    ) -> Result<Option<RepairReport>, Error> {
        if !self.sql {
            return Ok(None);
        }
        let seen = match live.other_owner() {
            Some(owner) => {
                let names = schemas(self.embedded);
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                let scope = self.scope(session, &names);
                crate::apply::live(
                    session,
                    self.settings,
                    self.connector.stop,
                    scope,
                    Some(owner),
                )
                .await?
            }
            None => live.clone(),
        };
        let beside = finding.beside.iter().map(|one| &one.difference);
        let all: Vec<Difference> = finding.differences.iter().chain(beside).cloned().collect();
        let sealed = sealed(self.embedded, finding.version)?;
        let repair = repair(ground(&seen, session), sealed, &all);
        Ok(self.repaired(session, repair, finding.version))
    }

    fn repaired(
        &self,
        session: &Session,
        repair: Repair,
        version: Option<Version>,
    ) -> Option<RepairReport> {
        self.sql
            .then(|| repair_report(repair, &session.target, version))
    }

    fn scope<'s>(&'s self, session: &Session, names: &'s [&'s str]) -> Scope<'s> {
        Scope {
            history: &self.settings.history,
            schemas: Some(names),
            major: session.major(),
            cluster: false,
        }
    }

    fn kept<T>(&self, with: impl FnOnce(&mut Option<Rebuild>) -> T) -> T {
        with(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn sent<T>(&self, with: impl FnOnce(&mut Option<String>) -> T) -> T {
        with(&mut self.sent.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the history that is there is the one that was sent last, over a connection that was lost.
    async fn is_ours(&self, session: &Session) -> Result<bool, Error> {
        let Some(sent) = self.sent(|sent| sent.clone()) else {
            return Ok(false);
        };
        let scope = self.scope(session, &[]);
        let live = live(session, self.settings, self.connector.stop, scope, None).await?;
        Ok(live.remark == Some(sent))
    }

    async fn report(
        &self,
        session: Session,
        end: End,
        repair: Option<RepairReport>,
        is_dry: bool,
        out: &mut Out,
    ) -> Result<(), Error> {
        let database = session.target.clone();
        session.close().await;
        let (finding, owners, kept) = match end {
            End::Already(position) => {
                let report = AdoptReport::already(database, position);
                return Ok(out.report(&report.with_repair(repair))?);
            }
            End::Found {
                finding,
                owners,
                kept,
            } => (finding, owners, kept),
        };
        let result = match &finding.verdict {
            Verdict::Refused(refused) => Err(refused.clone().into()),
            Verdict::Empty | Verdict::At(_) => Ok(()),
        };

        let error = result.as_ref().err();
        let report = AdoptReport::of(database, *finding, self.embedded, owners, is_dry, error);
        out.report(&report.keeping(kept).with_repair(repair))?;
        result
    }
}

impl End {
    fn found(
        finding: Finding,
        live: &Schema,
        history: &HistoryTable,
        rebuild: Option<&Rebuild>,
    ) -> Self {
        let history = history.qualified();
        Self::Found {
            kept: rebuild.map(|rebuild| rebuild.kept.qualified()),
            finding: Box::new(finding),
            owners: live.other_owner().map(|role| Owners {
                role: role.to_owned(),
                instead_of: live.owner.clone(),
                sql: format!("ALTER TABLE {history} OWNER TO {role};"),
            }),
        }
    }
}

impl Errand for Adopt<'_> {
    type Rest = End;

    async fn pass(
        &self,
        session: &Session,
        held: &Held<'_>,
        history: &History,
        _: &mut Course<'_>,
    ) -> Result<Option<End>, Error> {
        let is_ours = self.is_ours(session).await?;
        if !self.is_to_be_judged(history) && !is_ours {
            return self.already(history).map(Some);
        }
        let (finding, live) = self.look(session, history).await?;
        let table = &self.settings.history;
        let Verdict::At(version) = finding.verdict else {
            self.rebuild_of(session, history, &finding).await?;
            return Ok(Some(End::found(finding, &live, table, None)));
        };
        if is_ours {
            let kept = self.kept(|kept| kept.clone());
            return Ok(Some(End::found(finding, &live, table, kept.as_ref())));
        }
        let rebuild = self.rebuild_of(session, history, &finding).await?;
        if rebuild.is_some() {
            held.require()?;
        }
        self.kept(|kept| kept.clone_from(&rebuild));
        let before = live.remark.as_deref().filter(|_| self.rebuild);
        let before = before.and_then(Adoption::of);
        let comment = adoption(&finding, version, &session.target.user, before)?;
        self.sent(|sent| *sent = Some(comment.clone()));
        let names = schemas(self.embedded);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let what = Record {
            embedded: self.embedded,
            to: version,
            comment: &comment,
            history,
            rebuild: rebuild.as_ref(),
            seen: &live,
            scope: self.scope(session, &names),
        };
        let recorded = record(session, held, &what, self.settings, self.connector.stop).await?;
        Ok((recorded == Recorded::Done)
            .then(|| End::found(finding, &live, table, rebuild.as_ref())))
    }
}

/// The rows that are as they are here.
fn intact(embedded: &[Migration], history: &History) -> Vec<Row> {
    let entries = compare(embedded, history);
    let intact = entries.iter().filter_map(|entry| match entry {
        Entry::Applied(_, row) => Some((*row).clone()),
        _ => None,
    });
    intact.collect()
}

/// The comment on the history. What was accepted before stays accepted.
fn adoption(
    finding: &Finding,
    version: Version,
    role: &str,
    before: Option<Adoption>,
) -> anyhow::Result<String> {
    let now = OffsetDateTime::now_utc();
    let mut accepted = finding.accepted();
    for one in before.into_iter().flat_map(|before| before.accepted) {
        if accepted.iter().all(|other| other.object != one.object) {
            accepted.push(one);
        }
    }
    let adoption = Adoption {
        version: version.to_string(),
        role: role.to_owned(),
        time: now.format(&Rfc3339).context("the clock shows no time")?,
        binary: env!("CARGO_PKG_VERSION").to_owned(),
        from: finding.claims.iter().map(source).collect(),
        accepted,
    };
    adoption
        .comment()
        .context("the adoption cannot be written down")
}

/// A claim in a few words.
fn source(judged: &Judged) -> String {
    let claim = &judged.claim;
    let newest = claim.entries.iter().flatten().last();
    let newest = newest.map_or_else(String::new, |entry| format!(", newest {}", entry.title()));
    format!("{} in {}{newest}", claim.tool, claim.table)
}

/// There are no steps to be told of.
struct Unconcerned;

impl Observer for Unconcerned {
    fn done(&mut self, _: &Migration, _: Duration) {}

    fn running(&mut self, _: &Moment<'_>) {}
}
