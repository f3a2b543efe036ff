//! What `verify` says: every object that is not as sealed, both definitions, and how many there are.

use serde::Serialize;

use super::migrations::{STATE_WIDTH, line};
use super::{Paint, RepairReport, Report, count};
use crate::connect::Target;
use crate::schema::{Difference, Objects};
use crate::verify::{Findings, Ignored};

/// Form and version of the JSON document.
const SCHEMA: &str = "dsentr-migrate/verify/1";

/// How many lines that both definitions have are shown around those that differ.
const CONTEXT: usize = 2;

/// The result of `verify`.
#[derive(Debug, Serialize)]
pub struct VerifyReport {
    schema: &'static str,
    /// Which database.
    pub database: Target,
    /// What was found.
    #[serde(flatten)]
    pub found: FoundReport,
    /// What brings the schema to what is sealed; none where it was not asked for. As text it is all there is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repair: Option<RepairReport>,
}

/// What a comparison of the live schema with the seals found.
#[derive(Debug, Serialize)]
pub struct FoundReport {
    /// The version whose schema was expected: the newest in the history.
    pub position: Option<String>,
    /// How many objects are sealed for it.
    pub objects: usize,
    /// What is not as sealed, by object.
    pub differences: Vec<Difference>,
    /// What is not as sealed and may be so, as the settings say.
    pub ignored: Vec<Ignored>,
    /// What the settings ignore, and is as sealed.
    pub ignores_nothing: Vec<String>,
    /// Indexes that somebody builds at this moment.
    #[serde(skip_serializing_if = "Objects::is_empty")]
    pub building: Objects,
    /// The objects of others; none where they were not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub others: Option<Objects>,
    /// What belongs to the server and not to the database; none where it was not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<Objects>,
    /// What this binary does not know, and does not compare; none where it was not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<Objects>,
}

impl VerifyReport {
    /// Puts a verdict into a report.
    pub fn new(database: Target, findings: Findings, repair: Option<RepairReport>) -> Self {
        Self {
            schema: SCHEMA,
            database,
            repair,
            found: FoundReport::new(findings),
        }
    }
}

impl Report for VerifyReport {
    fn text(&self, paint: Paint) -> String {
        if let Some(repair) = &self.repair {
            return repair.file.clone();
        }
        format!("{}\n{}", self.database, self.found.text(paint))
    }
}

impl FoundReport {
    /// Puts a verdict into a part of a report.
    pub fn new(findings: Findings) -> Self {
        let Findings {
            verdict,
            building,
            others,
            repair: _,
        } = findings;
        let (others, cluster, unknown) = match others {
            Some(others) => (
                Some(others.objects),
                Some(others.cluster),
                Some(others.unknown),
            ),
            None => (None, None, None),
        };
        Self {
            position: verdict.position.map(|version| version.to_string()),
            objects: verdict.objects,
            differences: verdict.drift,
            ignored: verdict.ignored,
            ignores_nothing: verdict.idle,
            building,
            others,
            cluster,
            unknown,
        }
    }

    /// A block an object, and a line that sums up.
    pub fn text(&self, paint: Paint) -> String {
        let mut text: String = self
            .differences
            .iter()
            .map(|difference| block(difference, paint))
            .collect();
        for ignored in &self.ignored {
            let object = ignored.difference.object();
            let painted = paint.note("ignored");
            text.push_str(&line("ignored", &painted, object, 0, ""));
            text.push_str(&labelled("reason", &ignored.reason));
        }
        let further = [
            ("building", Some(&self.building)),
            ("not ours", self.others.as_ref()),
            ("server", self.cluster.as_ref()),
            ("unknown", self.unknown.as_ref()),
        ];
        for (word, objects) in further {
            for (object, definition) in objects.into_iter().flatten() {
                text.push_str(&line(word, word, object, 0, ""));
                text.push_str(&labelled("live", definition));
            }
        }
        text.push_str(&self.summary());
        text
    }

    fn summary(&self) -> String {
        let ignored = match self.ignored.len() {
            0 => String::new(),
            ignored => format!(", {ignored} ignored"),
        };
        let sealed = match &self.position {
            None => "nothing is applied".to_owned(),
            Some(position) => format!("sealed at {position}"),
        };
        match (self.differences.len(), &self.position) {
            (0, None) => format!("nothing is applied, and the schema is empty{ignored}\n"),
            (0, Some(_)) => format!(
                "the schema is as {sealed}: {}{ignored}\n",
                count(self.objects, "object")
            ),
            (extra, None) => format!(
                "nothing is applied, and the schema is not empty: {}{ignored}\n",
                count(extra, "object")
            ),
            (1, Some(_)) => format!("the schema is not as {sealed}: 1 object differs{ignored}\n"),
            (differing, Some(_)) => {
                format!("the schema is not as {sealed}: {differing} objects differ{ignored}\n")
            }
        }
    }
}

/// An object that is not as it should be, with its definitions.
pub(super) fn block(difference: &Difference, paint: Paint) -> String {
    let head = |word: &str, object: &str| line(word, &paint.bad(word), object, 0, "");
    match difference {
        Difference::Absent { object, expected } => {
            head("absent", object) + &labelled("sealed", expected)
        }
        Difference::Extra { object, found } => head("extra", object) + &labelled("live", found),
        Difference::Different {
            object,
            expected,
            found,
        } => {
            let both = if expected.contains('\n') && found.contains('\n') {
                by_line(expected, found)
            } else {
                labelled("sealed", expected) + &labelled("live", found)
            };
            head("different", object) + &both
        }
    }
}

/// A definition behind a word, its further lines below the first.
pub(super) fn labelled(label: &str, definition: &str) -> String {
    let indent = STATE_WIDTH + 2;
    let mut text = String::new();
    for (nth, one) in definition.lines().enumerate() {
        let label = if nth == 0 { label } else { "" };
        let one = format!("{:indent$}{label:8}{one}", "");
        text.push_str(one.trim_end());
        text.push('\n');
    }
    text
}

/// The lines that differ, `-` as sealed and `+` as live, and a few around them.
fn by_line(sealed: &str, live: &str) -> String {
    let (sealed, live): (Vec<&str>, Vec<&str>) = (sealed.lines().collect(), live.lines().collect());
    let same = |(a, b): &(&&str, &&str)| a == b;
    let start = sealed.iter().zip(&live).take_while(same).count();
    let rest = sealed.len().min(live.len()) - start;
    let backwards = sealed.iter().rev().zip(live.iter().rev());
    let end = backwards.take(rest).take_while(same).count();
    let (sealed_end, live_end) = (sealed.len() - end, live.len() - end);
    let before = &sealed[start.saturating_sub(CONTEXT)..start];
    let after = &sealed[sealed_end..sealed.len().min(sealed_end + CONTEXT)];
    let head = format!("{:width$}- sealed, + live\n", "", width = STATE_WIDTH + 2);
    let lines: String = [
        (' ', before),
        ('-', &sealed[start..sealed_end]),
        ('+', &live[start..live_end]),
        (' ', after),
    ]
    .iter()
    .flat_map(|(sign, lines)| lines.iter().map(move |one| (sign, one)))
    .map(|(sign, one)| {
        let one = format!("{:width$}{sign} {one}", "", width = STATE_WIDTH + 2);
        format!("{}\n", one.trim_end())
    })
    .collect();
    head + &lines
}
