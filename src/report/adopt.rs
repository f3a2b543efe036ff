//! What `adopt` says: what other tools claim, what differs, which version was recorded.

use serde::Serialize;

use super::error::ErrorReport;
use super::group::{grouped, kinds};
use super::migrations::line;
use super::verify::{block, labelled};
use super::{Paint, RepairReport, Report, at, count};
use crate::adopt::{Agreement, Beside, Elsewhere, Finding, Judged, Verdict};
use crate::connect::Target;
use crate::embedded::Migration;
use crate::error::Error;
use crate::foreign::{Entry, Keeps, Outcome};
use crate::schema::Difference;
use crate::source::Version;
use crate::verify::Ignored;

/// Form and version of the JSON document.
const SCHEMA: &str = "dsentr-migrate/adopt/1";

/// The result of `adopt`.
#[derive(Debug, Serialize)]
pub struct AdoptReport {
    schema: &'static str,
    /// Which database.
    pub database: Target,
    /// Whether nothing was to be written.
    pub dry_run: bool,
    /// The version that the schema was compared with: the one it has, that was asked for, or the nearest.
    pub version: Option<String>,
    /// The versions that have the same schema, where there are several.
    pub sharing: Vec<String>,
    /// The migrations that are recorded as applied, or would be.
    pub recorded: Vec<&'static str>,
    /// What other tools claim.
    pub claims: Vec<ClaimReport>,
    /// Histories of this binary in other schemas.
    pub elsewhere: Vec<ElsewhereReport>,
    /// What differs from the sealed schema of that version.
    pub differences: Vec<Difference>,
    /// Privileges, owners, comments and absent extensions that differ, with the SQL that brings them into line.
    pub beside: Vec<Beside>,
    /// Whose the objects are, where all belong to one other role.
    pub owned_by: Option<Owners>,
    /// What differs and is ignored.
    pub ignored: Vec<Ignored>,
    /// What the table of the history that was there is called from then on, or would be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept_as: Option<String>,
    /// Why nothing was recorded.
    pub error: Option<ErrorReport>,
    /// What brings the schema to that of the version; none where it was not asked for. As text it is all there is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repair: Option<RepairReport>,
    /// Whether what differs was accepted, and is recorded so.
    #[serde(skip)]
    accepted: bool,
    #[serde(skip)]
    remark: String,
}

/// What another tool claims.
#[derive(Debug, Serialize)]
pub struct ClaimReport {
    /// Which tool.
    pub tool: &'static str,
    /// Its table.
    pub table: String,
    /// How many rows it has; none where the role may not read them.
    pub rows: Option<usize>,
    /// How many of them are a migration of this binary, by name or number.
    pub matched: usize,
    /// The newest row.
    pub newest: Option<Entry>,
    /// The rows of runs that failed or were left dirty.
    pub broken: Vec<BrokenReport>,
    /// Whether it agrees with the schema.
    pub agreement: &'static str,
    /// The newest of this binary's migrations that it has.
    pub claimed: Option<String>,
    #[serde(skip)]
    keeps: Keeps,
}

/// A history of this binary in another schema than the settings say.
#[derive(Debug, Serialize)]
pub struct ElsewhereReport {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub table: String,
    /// The newest of this binary's migrations in it; none where the role may not read it.
    pub position: Option<String>,
}

/// The row of a run that failed or was left dirty.
#[derive(Debug, Serialize)]
pub struct BrokenReport {
    /// The row.
    #[serde(flatten)]
    pub entry: Entry,
    /// The migration of this binary that it means.
    pub here: Option<String>,
}

/// All tables belong to another role than the one that owns the history, or is about to.
#[derive(Debug, Serialize)]
pub struct Owners {
    /// That role.
    pub role: String,
    /// The one that owns the history.
    pub instead_of: String,
    /// The statement that brings it into line, once the history is there.
    pub sql: String,
}

impl ClaimReport {
    fn new(judged: &Judged) -> Self {
        let claim = &judged.claim;
        let (agreement, claimed) = match judged.agreement {
            Agreement::Agrees(version) => ("agrees", Some(version)),
            Agreement::Behind(version) => ("behind", Some(version)),
            Agreement::Ahead(version) => ("ahead", Some(version)),
            Agreement::Unknown => ("unknown", None),
        };
        Self {
            tool: claim.tool,
            table: claim.table.clone(),
            rows: claim.entries.as_ref().map(Vec::len),
            matched: judged.matched,
            newest: claim.entries.iter().flatten().last().cloned(),
            broken: judged
                .broken
                .iter()
                .map(|(entry, here)| BrokenReport {
                    entry: entry.clone(),
                    here: here.map(|version| version.to_string()),
                })
                .collect(),
            agreement,
            claimed: claimed.map(|version| version.to_string()),
            keeps: claim.keeps,
        }
    }

    fn text(&self) -> String {
        let mut text = line(
            "history of",
            "history of",
            self.tool,
            0,
            &format!("in {}", self.table),
        );
        text.push_str(&labelled("claims", &self.claim()));
        for BrokenReport { entry, here } in &self.broken {
            let outcome = match entry.outcome {
                Outcome::Failed => "failed",
                Outcome::Dirty | Outcome::Done => "dirty",
            };
            let here = here.as_ref().map(|version| format!(", here {version}"));
            let title = entry.title() + &here.unwrap_or_default();
            text.push_str(&labelled(outcome, &title));
        }
        text.push_str(&labelled("schema", &self.verdict()));
        text
    }

    fn claim(&self) -> String {
        let newest = self.newest.as_ref().map(Entry::title).unwrap_or_default();
        match (self.rows, self.keeps) {
            (None, _) => "may not be read by this role".to_owned(),
            (Some(0), _) => "nothing".to_owned(),
            (Some(_), Keeps::Newest) => format!("to be at {newest}"),
            (Some(rows), Keeps::All) => format!(
                "{}, newest {newest}; {} known here by name or number",
                count(rows, "migration"),
                self.matched
            ),
        }
    }

    fn verdict(&self) -> String {
        let claimed = self.claimed.as_deref().unwrap_or_default();
        match self.agreement {
            "agrees" => format!("agrees: {claimed}"),
            "behind" => format!("goes further than {claimed}, the newest that is known here"),
            "ahead" => format!("is not as far as {claimed}"),
            _ => "cannot be compared: nothing that it has done is known here by name or number"
                .to_owned(),
        }
    }
}

impl ElsewhereReport {
    fn new(elsewhere: &Elsewhere) -> Self {
        Self {
            schema: elsewhere.history.schema.clone(),
            table: elsewhere.history.table.clone(),
            position: elsewhere.position.map(|version| version.to_string()),
        }
    }

    fn text(&self) -> String {
        let name = format!("{}.{}", self.schema, self.table);
        let rest = match &self.position {
            Some(position) => format!("of this binary, at {position}"),
            None => "may not be read by this role".to_owned(),
        };
        line("history", "history", &name, 0, &rest)
    }
}

impl AdoptReport {
    /// There is a history already.
    pub fn already(database: Target, position: Option<Version>) -> Self {
        let position = position.map(|version| version.to_string());
        let remark = format!(
            "nothing to do: the history is there already, and the database is at {}\n",
            at(position.as_deref())
        );
        Self {
            version: position,
            remark,
            ..Self::empty(database)
        }
    }

    /// The schema was looked at.
    pub fn of(
        database: Target,
        finding: Finding,
        embedded: &[Migration],
        owners: Option<Owners>,
        dry_run: bool,
        error: Option<&Error>,
    ) -> Self {
        let version = match finding.verdict {
            Verdict::At(version) => Some(version),
            Verdict::Empty | Verdict::Refused(_) => None,
        };
        let recorded: Vec<&'static str> = embedded
            .iter()
            .filter(|migration| Some(migration.version) <= version && version.is_some())
            .map(|migration| migration.stem)
            .collect();
        let sharing = finding.sharing();
        let mut report = Self {
            dry_run,
            version: finding.version.map(|version| version.to_string()),
            sharing: sharing.iter().map(Version::to_string).collect(),
            claims: finding.claims.iter().map(ClaimReport::new).collect(),
            elsewhere: finding.elsewhere.iter().map(ElsewhereReport::new).collect(),
            accepted: version.is_some() && finding.accept,
            recorded,
            differences: finding.differences,
            beside: finding.beside,
            owned_by: owners,
            ignored: finding.ignored,
            error: error.map(ErrorReport::new),
            ..Self::empty(database)
        };
        report.remark = report.summary(&finding.verdict);
        report
    }

    /// Adds what became of the history that was there.
    #[must_use]
    pub fn keeping(self, kept_as: Option<String>) -> Self {
        Self { kept_as, ..self }
    }

    /// With the statements that bring the schema to that of the version.
    #[must_use]
    pub fn with_repair(self, repair: Option<RepairReport>) -> Self {
        Self { repair, ..self }
    }

    fn empty(database: Target) -> Self {
        Self {
            schema: SCHEMA,
            database,
            dry_run: false,
            version: None,
            sharing: Vec::new(),
            recorded: Vec::new(),
            claims: Vec::new(),
            elsewhere: Vec::new(),
            differences: Vec::new(),
            beside: Vec::new(),
            owned_by: None,
            ignored: Vec::new(),
            kept_as: None,
            error: None,
            repair: None,
            accepted: false,
            remark: String::new(),
        }
    }

    fn summary(&self, verdict: &Verdict) -> String {
        let version = match verdict {
            // The error says it.
            Verdict::Refused(_) => return String::new(),
            Verdict::Empty => {
                return "nothing to adopt: the schema is empty; `dsentr-migrate up` makes it\n"
                    .to_owned();
            }
            Verdict::At(version) => version,
        };
        let recorded = count(self.recorded.len(), "migration");
        let verb = match (self.dry_run, self.recorded.len()) {
            (true, _) => "would be",
            (false, 1) => "is",
            (false, _) => "are",
        };
        let schema = if self.differences.is_empty() {
            let but = match self.kinds().as_str() {
                "" => String::new(),
                kinds => format!(", but for {kinds}"),
            };
            format!("the schema is as sealed at {version}{but}")
        } else {
            format!(
                "the schema is not as sealed at {version}, which was accepted: {} differ",
                count(self.differences.len(), "object")
            )
        };
        format!("{schema}; {recorded} {verb} recorded as applied\n")
    }

    /// How many of each kind differ.
    fn kinds(&self) -> String {
        let beside = self.beside.iter().map(|one| &one.difference);
        kinds(self.differences.iter().chain(beside))
    }

    /// What differs. What is recorded as accepted was shown before it was accepted, and is shown by `verify` from then on:
    /// here it is counted.
    fn differing(&self, paint: Paint) -> String {
        if self.accepted && !self.dry_run {
            return match self.kinds().as_str() {
                "" => String::new(),
                kinds => {
                    let rest = "`dsentr-migrate verify` lists them";
                    line("accepted", &paint.note("accepted"), kinds, 0, rest)
                }
            };
        }
        let mut text = String::new();
        for group in grouped(&self.differences, |one| one) {
            text.push_str(&block(&group.difference, paint));
            text.extend(group.names.iter().map(|names| labelled("of", names)));
        }
        for group in grouped(&self.beside, |one| &one.difference) {
            text.push_str(&block(&group.difference, paint));
            text.extend(group.names.iter().map(|names| labelled("of", names)));
            let sql = group.members.iter().map(|one| one.sql.as_deref());
            let sql: Vec<&str> = sql.map(|sql| sql.unwrap_or("none can be given")).collect();
            text.push_str(&labelled("SQL", &sql.join("\n")));
        }
        text
    }

    /// What cannot be seen in a schema.
    fn shared(&self) -> String {
        let Some((version, (last, rest))) = self.version.as_ref().zip(self.sharing.split_last())
        else {
            return String::new();
        };
        let rest = rest.join(", ");
        format!(
            "note: {rest} and {last} have the same schema, which does not tell whether the steps between them were done; \
             {version} is taken, --at VERSION takes another\n"
        )
    }
}

impl Report for AdoptReport {
    fn text(&self, paint: Paint) -> String {
        if let Some(repair) = &self.repair {
            return repair.file.clone();
        }
        let mut text: String = self.claims.iter().map(ClaimReport::text).collect();
        text.extend(self.elsewhere.iter().map(ElsewhereReport::text));
        text.push_str(&self.differing(paint));
        if let Some(owners) = &self.owned_by {
            let Owners {
                role,
                instead_of,
                sql,
            } = owners;
            let rest = format!("has all tables, and {instead_of} the history");
            text.push_str(&line("owner", &paint.note("owner"), role, 0, &rest));
            text.push_str(&labelled("SQL", sql));
        }
        for ignored in &self.ignored {
            let object = ignored.difference.object();
            text.push_str(&line("ignored", &paint.note("ignored"), object, 0, ""));
            text.push_str(&labelled("reason", &ignored.reason));
        }
        text.push_str(&self.shared());
        text.push_str(&self.remark);
        if let Some(kept_as) = &self.kept_as {
            let verb = if self.dry_run { "would be" } else { "is" };
            text.push_str(&format!(
                "the history that was there {verb} kept as {kept_as}\n"
            ));
        }
        text
    }
}
