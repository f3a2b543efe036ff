//! Rules about transactions: who opens and closes them, and what cannot run in one.

use super::file::{File, Part};
use super::header;
use super::parse::Origin;
use super::problem::Finding;
use super::session_state;
use super::words::{child, has, has_inside, head, name, tokens};
use crate::source::Span;
use squawk_syntax::{SyntaxKind, SyntaxNode};
use std::collections::BTreeSet;

pub(super) fn transaction_control(file: &File<'_>) -> Vec<Finding> {
    let statements = file.sound_parts().flat_map(|part| &part.statements);
    // What it sets is a property of the session, which has a rule of its own.
    let is_of_session = |node: &SyntaxNode| has(node, SyntaxKind::SESSION_CHARACTERISTICS);
    let control =
        statements.filter(|(node, _)| controls_transaction(node.kind()) && !is_of_session(node));
    let finding = |(node, span): &(SyntaxNode, Span)| {
        let message = format!("`{}` in a migration", head(node));
        Finding::at(*span, message).help("delete it: each migration is run in a transaction of its own, together with its history row")
    };
    control.map(finding).collect()
}

fn controls_transaction(kind: SyntaxKind) -> bool {
    use SyntaxKind as K;
    matches!(
        kind,
        K::BEGIN
            | K::COMMIT_TRANSACTION
            | K::COMMIT_PREPARED
            | K::ROLLBACK_TRANSACTION
            | K::ROLLBACK_PREPARED
            | K::ROLLBACK_TO_SAVEPOINT
            | K::SAVEPOINT_CREATE
            | K::RELEASE_SAVEPOINT
            | K::PREPARE_TRANSACTION
            | K::SET_TRANSACTION
    )
}

pub(super) fn no_transaction(file: &File<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let forward = file.forward.is_sound().then_some(&file.forward);
    let rollback = file.rollback.as_ref().filter(|part| part.is_sound());
    for part in forward.into_iter().chain(rollback) {
        found.extend(never_in_a_block(part));
    }
    let Some(header) = header::no_transaction(file) else {
        found.extend(forward.into_iter().flat_map(|part| {
            cannot(part, "put it into a migration of its own, with the line `-- migrate: no-transaction` at the top")
        }));
        found.extend(rollback.into_iter().flat_map(|part| {
            cannot(part, "the way back of this migration runs in a transaction: use the form that may, mostly the one without CONCURRENTLY")
        }));
        return found;
    };
    if let Some(part) = forward {
        if part_need(part).all(|(need, _, _)| need == Need::Wants) {
            let message = "no statement of this file needs `no-transaction`";
            found.push(
                Finding::at(header.span, message)
                    .help("delete the line, so that the file runs in a transaction"),
            );
        } else {
            found.extend(mixed(part));
        }
    }
    if let Some(part) = rollback.filter(|part| part.statements.len() > 1) {
        found.extend(mixed(part));
    }
    found
}

/// `search_path` is pinned by `SET LOCAL`, which a file without a transaction cannot have. Names inside bodies are not
/// looked at: there they may also be those of variables and of WITH.
pub(super) fn qualified_name(file: &File<'_>) -> Vec<Finding> {
    if !header::runs_without_transaction(file) {
        return Vec::new();
    }
    let statements = file.sound_parts().flat_map(|part| &part.statements);
    let names = statements.flat_map(|(node, _)| {
        let names = node.descendants().filter(is_unqualified);
        names.map(|name| (name.text().to_string(), Span::of(name.text_range().into())))
    });
    let finding = |(name, span): (String, Span)| {
        Finding::at(
            span,
            format!("`{name}` has no schema, and this file runs without the pinned search_path"),
        )
        .help(format!("write `public.{name}`"))
    };
    names.map(finding).collect()
}

fn is_unqualified(node: &SyntaxNode) -> bool {
    matches!(
        node.kind(),
        SyntaxKind::TABLE_NAME_REF | SyntaxKind::INDEX_REF
    ) && !has_inside(node, SyntaxKind::DOT)
}

/// How a statement stands to the transaction around it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Need {
    /// PostgreSQL refuses it inside one (25001).
    Refuses,
    /// It depends on what is in the database: a partitioned table, a procedure that commits.
    Depends,
    /// It runs inside one, and is safer there.
    Wants,
}

fn part_need(part: &Part) -> impl Iterator<Item = (Need, &SyntaxNode, Span)> {
    let committing = Committing::of(part);
    part.statements
        .iter()
        .map(move |(node, span)| (committing.need(node, *span), node, *span))
}

fn cannot(part: &Part, help: &str) -> Vec<Finding> {
    let refusing = part_need(part).filter(|(need, _, _)| *need == Need::Refuses);
    let finding = |(_, node, span): (Need, &SyntaxNode, Span)| {
        let message = match node.kind() {
            SyntaxKind::DO => "a DO block that commits cannot run in a transaction".to_owned(),
            SyntaxKind::CALL => {
                "the procedure called here commits, so it cannot run in a transaction".to_owned()
            }
            _ => format!("`{}` cannot run in a transaction", what(node)),
        };
        Finding::at(head_span(node, span), message).help(help)
    };
    refusing.map(finding).collect()
}

fn mixed(part: &Part) -> Vec<Finding> {
    let is_judged_elsewhere = |node: &SyntaxNode| {
        controls_transaction(node.kind()) || session_state::by_setting(node, true).is_some()
    };
    let wanting = part_need(part)
        .filter(|(need, node, _)| *need == Need::Wants && !is_judged_elsewhere(node));
    let finding = |(_, node, span): (Need, &SyntaxNode, Span)| {
        let message = format!(
            "`{}` wants a transaction, and this file runs without one",
            head(node)
        );
        Finding::at(span, message).help("move it to a migration of its own: what stands here runs one by one, and a failure leaves the rest undone")
    };
    wanting.map(finding).collect()
}

/// Inside a DO block there always is a transaction, whatever the header says.
fn never_in_a_block(part: &Part) -> Vec<Finding> {
    let nested = part.run().filter(|(fragment, node, _)| {
        Part::is_nested(fragment) && statement_need(node) == Need::Refuses
    });
    let finding = |(_, node, span): (_, SyntaxNode, Span)| {
        Finding::at(
            span,
            format!("`{}` cannot run inside a DO block", what(&node)),
        )
        .help("write it as a statement of its own")
    };
    nested.map(finding).collect()
}

/// `CREATE INDEX CONCURRENTLY`, whatever stands between the words.
fn what(node: &SyntaxNode) -> String {
    let words = head(node).replace(" UNIQUE", "");
    if words.contains("CONCURRENTLY") || !has_inside(node, SyntaxKind::CONCURRENTLY_KW) {
        return words;
    }
    if node.kind() == SyntaxKind::ALTER_TABLE {
        return "DETACH PARTITION CONCURRENTLY".to_owned();
    }
    format!("{words} CONCURRENTLY")
}

fn head_span(node: &SyntaxNode, span: Span) -> Span {
    let word = tokens(node).find(|token| token.kind() == SyntaxKind::CONCURRENTLY_KW);
    word.map_or(span, |token| Span::of(token.text_range().into()))
}

fn statement_need(node: &SyntaxNode) -> Need {
    use SyntaxKind as K;
    let concurrently = has_inside(node, K::CONCURRENTLY_KW);
    let refuses_if =
        |refuses: bool, otherwise: Need| if refuses { Need::Refuses } else { otherwise };
    match node.kind() {
        K::VACUUM
        | K::ALTER_SYSTEM
        | K::CREATE_DATABASE
        | K::DROP_DATABASE
        | K::CREATE_TABLESPACE
        | K::DROP_TABLESPACE => Need::Refuses,
        K::CREATE_INDEX | K::DROP_INDEX => refuses_if(concurrently, Need::Wants),
        K::ALTER_TABLE => {
            let detach = child(node, K::DETACH_PARTITION);
            refuses_if(
                detach.is_some_and(|action| has_inside(&action, K::CONCURRENTLY_KW)),
                Need::Wants,
            )
        }
        K::REINDEX => {
            let whole = [
                K::REINDEX_TARGET_SCHEMA,
                K::REINDEX_TARGET_DATABASE,
                K::REINDEX_TARGET_SYSTEM,
            ];
            refuses_if(
                concurrently || whole.iter().any(|target| has(node, *target)),
                Need::Depends,
            )
        }
        K::ALTER_DATABASE => refuses_if(has(node, K::SET_TABLESPACE), Need::Wants),
        K::CLUSTER | K::REPACK => refuses_if(
            concurrently || !has_inside(node, K::TABLE_NAME_REF),
            Need::Depends,
        ),
        K::DISCARD => refuses_if(has(node, K::DISCARD_ALL), Need::Wants),
        // `create_slot = false` or `connect = false` makes it an ordinary statement.
        K::CREATE_SUBSCRIPTION => refuses_if(!has(node, K::WITH_PARAMS), Need::Depends),
        K::ALTER_SUBSCRIPTION | K::DROP_SUBSCRIPTION | K::CALL => Need::Depends,
        _ => Need::Wants,
    }
}

/// Where a part commits inside a body.
struct Committing {
    places: Vec<Span>,
    procedures: BTreeSet<String>,
}

impl Committing {
    fn of(part: &Part) -> Self {
        let commits = |kind| {
            matches!(
                kind,
                SyntaxKind::PLPGSQL_COMMIT_STMT | SyntaxKind::PLPGSQL_ROLLBACK_STMT
            )
        };
        let bodies = part
            .fragments
            .iter()
            .filter(|fragment| fragment.origin == Origin::Body);
        let places: Vec<Span> = bodies
            .flat_map(|body| {
                let nodes = body.root.descendants().filter(|node| commits(node.kind()));
                nodes.map(|node| body.span(node.text_range()))
            })
            .collect();
        let made = part.statements.iter().filter(|(node, span)| {
            node.kind() == SyntaxKind::CREATE_PROCEDURE && any_inside(&places, *span)
        });
        let procedures = made
            .filter_map(|(node, _)| child(node, SyntaxKind::PROCEDURE_NAME))
            .map(|node| name(&node))
            .collect();
        Self { places, procedures }
    }

    fn need(&self, node: &SyntaxNode, span: Span) -> Need {
        let commits = match node.kind() {
            SyntaxKind::DO => any_inside(&self.places, span),
            SyntaxKind::CALL => {
                let called = node.descendants().find(|node| {
                    node.kind() == SyntaxKind::PATH_REF || node.kind() == SyntaxKind::NAME_REF
                });
                called.is_some_and(|called| self.procedures.contains(&name(&called)))
            }
            _ => false,
        };
        if commits {
            Need::Refuses
        } else {
            statement_need(node)
        }
    }
}

fn any_inside(places: &[Span], span: Span) -> bool {
    places
        .iter()
        .any(|place| span.start <= place.start && place.end <= span.end)
}
