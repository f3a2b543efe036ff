//! What a migration would leave in its session: the migrations after it in the same run would find it there, and through a
//! pooler so would the next client. What a function does that the migration calls is for the proof to find out.

use super::deed;
use super::file::{File, Part};
use super::header;
use super::problem::Finding;
use super::session::{
    called, names_search_path_to_set_config, sets_search_path, setting_of_set_config,
};
use super::words::{child, has, has_inside, head, name};
use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{SyntaxKind, SyntaxNode};

const KEPT: &str = "stays in the session, and changes what runs after the migration";

const WRITE_LOCAL: &str = "write `SET LOCAL`: it ends with the transaction";

const NO_TRANSACTION: &str = "delete it, and put the setting on the connection (`database.options`) or on the role (`ALTER ROLE ... SET`)";

const NO_RESET: &str = "delete it: what `SET LOCAL` sets ends with the transaction; before that, `SET LOCAL <name> TO DEFAULT` takes it back";

const NO_ROLE: &str = "delete it: what a migration makes belongs to the role that runs it; hand an object over with `ALTER ... OWNER TO <role>`";

const LOCK_TO_COMMIT: &str =
    "use the function that ends with the transaction: `pg_advisory_xact_lock` and its kin";

/// Functions that change the session for longer than a transaction, and what to do instead. `set_config` is judged by its
/// arguments.
const FUNCTIONS: [(&str, &str); 9] = [
    ("pg_advisory_lock", LOCK_TO_COMMIT),
    ("pg_advisory_lock_shared", LOCK_TO_COMMIT),
    ("pg_try_advisory_lock", LOCK_TO_COMMIT),
    ("pg_try_advisory_lock_shared", LOCK_TO_COMMIT),
    ("pg_advisory_unlock", UNLOCK),
    ("pg_advisory_unlock_shared", UNLOCK),
    ("pg_advisory_unlock_all", UNLOCK),
    ("pg_replication_origin_session_setup", REPLICATION),
    ("pg_replication_origin_session_reset", REPLICATION),
];

const UNLOCK: &str = "delete it: the migration lock is such a lock; `pg_advisory_xact_lock` ends with the transaction";

const REPLICATION: &str = "delete it: a migration is no replication";

/// What would stay, and what to write instead.
pub(super) struct Left {
    message: String,
    help: &'static str,
}

impl Left {
    fn new(what: &str, help: &'static str) -> Self {
        Self {
            message: format!("`{what}` {KEPT}"),
            help,
        }
    }

    /// Another role would own what is made, and the schema is read as the role of the transaction sees it.
    fn of_role(what: &str) -> Self {
        Self {
            message: format!("`{what}` makes the rest of the migration run as another role"),
            help: NO_ROLE,
        }
    }
}

pub(super) fn session_state(file: &File<'_>) -> Vec<Finding> {
    let one_by_one = header::runs_without_transaction(file);
    let mut found = Vec::new();
    for part in file.sound_parts() {
        for (fragment, node, span) in part.run() {
            // A DO block is a transaction by itself.
            let outside = one_by_one && !Part::is_nested(fragment);
            let left = by_setting(&node, outside).or_else(|| by_statement(&node));
            found.extend(left.map(|left| Finding::at(span, left.message).help(left.help)));
        }
        for (fragment, node) in part.run_nodes() {
            let span = fragment.span(node.text_range());
            let left = by_call(&node);
            found.extend(left.map(|left| Finding::at(span, left.message).help(left.help)));
        }
    }
    found
}

/// A statement about settings that is refused; `outside` of a transaction there are more of them.
pub(super) fn by_setting(node: &SyntaxNode, outside: bool) -> Option<Left> {
    use SyntaxKind as K;
    // It has a rule of its own, with an advice of its own.
    if sets_search_path(node) {
        return None;
    }
    let is_local = has(node, K::LOCAL_SCOPE);
    let verb = if is_local { "SET LOCAL" } else { "SET" };
    match node.kind() {
        K::SET_ROLE => Some(Left::of_role(&format!("{verb} ROLE"))),
        K::SET_SESSION_AUTH => Some(Left::of_role(&format!("{verb} SESSION AUTHORIZATION"))),
        K::SET if sets_role(node) => Some(Left::of_role(verb)),
        K::SET if is_local && outside => Some(Left {
            message: "`SET LOCAL` has no effect in a file that runs without a transaction"
                .to_owned(),
            help: NO_TRANSACTION,
        }),
        K::SET if is_local => None,
        K::SET if outside => Some(Left::new("SET", NO_TRANSACTION)),
        K::SET => Some(Left::new("SET", WRITE_LOCAL)),
        K::SET_TRANSACTION if has(node, K::SESSION_CHARACTERISTICS) => Some(Left::new(
            "SET SESSION CHARACTERISTICS",
            "delete it: each migration is run in a transaction of its own, of the level READ COMMITTED",
        )),
        K::RESET | K::RESET_ROLE | K::RESET_SESSION_AUTH => Some(Left::new("RESET", NO_RESET)),
        _ => None,
    }
}

/// Any other statement whose effect outlives the transaction.
fn by_statement(node: &SyntaxNode) -> Option<Left> {
    use SyntaxKind as K;
    match node.kind() {
        K::PREPARE => Some(Left::new(
            "PREPARE",
            "write the statement itself, or `EXECUTE ... USING` in a DO block",
        )),
        K::DEALLOCATE => Some(Left::new(
            "DEALLOCATE",
            "delete it: what is prepared in the session belongs to others",
        )),
        K::DECLARE if has_inside(node, K::WITH_HOLD) => Some(Left::new(
            "DECLARE ... WITH HOLD",
            "leave out `WITH HOLD`: the cursor then ends with the transaction",
        )),
        K::LISTEN | K::UNLISTEN => Some(Left::new(
            &head(node),
            "delete it: nobody reads what a migration is notified of",
        )),
        K::LOAD => Some(Left::new(
            "LOAD",
            "delete it: a library is loaded by `CREATE EXTENSION`, or for every session by `session_preload_libraries`",
        )),
        _ => by_temporary(node),
    }
}

fn by_temporary(node: &SyntaxNode) -> Option<Left> {
    use SyntaxKind as K;
    let step = deed::steps(node, 0).into_iter().next()?;
    let on_commit = child(node, K::ON_COMMIT);
    let goes = on_commit.is_some_and(|action| has(&action, K::DROP));
    if !step.temporary || goes {
        return None;
    }
    let help = match node.kind() {
        K::CREATE_TABLE => "write `CREATE TEMP TABLE <name> (...) ON COMMIT DROP`",
        K::CREATE_TABLE_AS | K::SELECT_INTO => {
            "write `CREATE TEMP TABLE <name> ON COMMIT DROP AS SELECT ...`"
        }
        _ => {
            "make it without `TEMP` and drop it at the end of the file, or use a DO block or a WITH clause instead"
        }
    };
    Some(Left {
        message: format!(
            "the temporary object of `{}` stays in the session after the migration",
            step.said
        ),
        help,
    })
}

fn by_call(node: &SyntaxNode) -> Option<Left> {
    let function = called(node)?;
    if function == "set_config" {
        return by_set_config(node);
    }
    let known = FUNCTIONS.iter().find(|(name, _)| *name == function);
    known.map(|(name, help)| Left::new(name, help))
}

fn by_set_config(node: &SyntaxNode) -> Option<Left> {
    if names_search_path_to_set_config(node) {
        return None;
    }
    if ROLES.contains(&setting_of_set_config(node).as_str()) {
        return Some(Left::of_role("set_config"));
    }
    let list = ast::CallExpr::cast(node.clone())?.arg_list()?;
    let texts: Vec<String> = list
        .args()
        .map(|argument| argument.syntax().text().to_string().to_lowercase())
        .collect();
    let named = texts.iter().find(|text| text.starts_with("is_local"));
    let is_local = named.or_else(|| texts.get(2))?;
    let value = is_local.rsplit(['=', '>']).next().unwrap_or_default();
    let ends = ["true", "'true'", "'t'", "'on'"].contains(&value.trim());
    (!ends).then(|| {
        Left::new(
            "set_config",
            "write `true` as its third argument: the setting then ends with the transaction",
        )
    })
}

/// Settings that are roles.
const ROLES: [&str; 2] = ["role", "session_authorization"];

fn sets_role(node: &SyntaxNode) -> bool {
    let config = child(node, SyntaxKind::SET_CONFIG);
    let parameter = config.and_then(|config| child(&config, SyntaxKind::CONFIG_PARAMETER_REF));
    parameter.is_some_and(|parameter| ROLES.contains(&name(&parameter).as_str()))
}
