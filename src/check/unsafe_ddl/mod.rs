//! Unsafe DDL: statements that stop the application, in the database that it uses at that moment.
//!
//! Squawk sees most of it. What it cannot see is done here: it is shown the statements of DO blocks too, and what the
//! file has made itself is excused. The rollback block is not judged: it is for an emergency, in which speed counts.

mod clause;
mod hazards;
mod made;
mod script;
mod volatile;

pub(super) use hazards::{HAZARDS, Hazard};

use super::file::File;
use super::problem::Finding;
use crate::source::Span;
use clause::Clause;
use made::Made;
use rowan::TextRange;
use script::{Piece, Script, scripts};
use squawk_linter::{Linter, Rule as Squawk, Violation};
use squawk_syntax::SyntaxNode;

/// Unsafe DDL in a file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Found {
    span: Span,
    /// The name of the rule.
    pub(super) rule: &'static str,
}

/// What one rule refuses, unless the file says why it is safe.
pub(super) fn judge(hazard: &Hazard, file: &File<'_>) -> Vec<Finding> {
    if super::allow::allows(file, hazard.name) {
        return Vec::new();
    }
    let help = format!(
        "{}; or say why it is safe here: `-- allow: {}: <reason>`",
        hazard.recipe, hazard.name
    );
    let found = file
        .unsafe_ddl()
        .iter()
        .filter(|found| found.rule == hazard.name);
    let finding = |found: &Found| Finding::at(found.span, hazard.says).help(help.clone());
    found.map(finding).collect()
}

/// All of it in the forward part, allowed or not.
pub(super) fn find(file: &File<'_>) -> Vec<Found> {
    if !file.forward.is_sound() {
        return Vec::new();
    }
    let scripts = scripts(&file.forward);
    let steps = steps(&scripts);
    let mut made = Made::before(steps.iter().map(|step| (step.piece, &step.statement)));
    let mut found = Vec::new();
    for step in &steps {
        let seen = step.seen.iter();
        let harmful = seen.filter(|seen| !made.excuses(seen.hazard, &seen.clause));
        found.extend(harmful.map(|seen| Found {
            span: step.piece.span_of(seen.range),
            rule: seen.hazard.name,
        }));
        made.play(step.piece, &step.statement);
    }
    found.sort();
    found.dedup();
    found
}

/// A statement, and what is seen in it.
struct Step<'a> {
    piece: &'a Piece<'a>,
    statement: SyntaxNode,
    seen: Vec<Seen>,
}

/// The statements of all scripts, as they follow each other in the file.
fn steps<'a>(scripts: &'a [Script<'a>]) -> Vec<Step<'a>> {
    let mut steps = Vec::new();
    for script in scripts {
        let mut all = see(script);
        for (piece, statement) in script.statements() {
            let seen = all
                .extract_if(.., |seen| seen.clause.statement == statement)
                .collect();
            steps.push(Step {
                piece,
                statement,
                seen,
            });
        }
    }
    steps.sort_by_key(|step| step.piece.span);
    steps
}

/// A hazard at its place in a script.
struct Seen {
    hazard: &'static Hazard,
    clause: Clause,
    range: TextRange,
}

fn see(script: &Script<'_>) -> Vec<Seen> {
    let mut seen = Vec::new();
    for violation in lint(script) {
        let Some(clause) = script.node_at(violation.text_range).and_then(Clause::of) else {
            continue;
        };
        // That is asked below: squawk has to be told about the transaction.
        if clause.is_validation() {
            continue;
        }
        let hazard = HAZARDS
            .iter()
            .find(|hazard| hazard.seen_by.contains(&violation.code) && (hazard.fits)(&clause));
        seen.extend(hazard.map(|hazard| Seen {
            hazard,
            clause,
            range: trimmed(script, violation.text_range),
        }));
    }
    seen.extend(validated_at_once(script));
    for (_, statement) in script.statements() {
        for hazard in &HAZARDS {
            let nodes = (hazard.ours)(&statement).into_iter();
            seen.extend(nodes.filter_map(|node| {
                Some(Seen {
                    hazard,
                    range: trimmed(script, node.text_range()),
                    clause: Clause::of(node)?,
                })
            }));
        }
    }
    seen
}

/// Squawk would take any table of the same name for one that the file has made, in whatever schema: it is told that there
/// is no transaction, and [`Made`] knows better.
fn lint(script: &Script<'_>) -> Vec<Violation> {
    let taken = HAZARDS.iter().flat_map(|hazard| hazard.seen_by).copied();
    let mut linter = Linter::from(taken);
    // The newest that it knows: of an older one it does not say that VACUUM FULL locks the table.
    if let Ok(version) = "19".parse() {
        linter.settings.pg_version = version;
    }
    linter.lint(&script.parse, &script.text)
}

fn validated_at_once(script: &Script<'_>) -> Vec<Seen> {
    let Some(hazard) = HAZARDS
        .iter()
        .find(|hazard| hazard.name == "validate-constraint")
    else {
        return Vec::new();
    };
    let mut linter = Linter::from([Squawk::ConstraintMissingNotValid]);
    linter.settings.assume_in_transaction = true;
    let violations = linter.lint(&script.parse, &script.text).into_iter();
    let seen = violations.filter_map(|violation| {
        let clause = Clause::of(script.node_at(violation.text_range)?)?;
        clause.is_validation().then(|| Seen {
            hazard,
            clause,
            range: trimmed(script, violation.text_range),
        })
    });
    seen.collect()
}

/// Without white space around, and without the semicolon.
fn trimmed(script: &Script<'_>, range: TextRange) -> TextRange {
    let whole = std::ops::Range::<usize>::from(range);
    let Some(text) = script.text.get(whole.clone()) else {
        return range;
    };
    let start = whole.start + (text.len() - text.trim_start().len());
    let is_blank = |c: char| c.is_whitespace() || c == ';';
    let end = (whole.start + text.trim_end_matches(is_blank).len()).max(start);
    let offset = |at: usize| rowan::TextSize::try_from(at).unwrap_or(range.end());
    TextRange::new(offset(start), offset(end))
}
