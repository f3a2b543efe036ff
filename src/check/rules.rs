//! The rules, in the order in which they are explained to a person.

use super::problem::Finding;
use super::seal::{self, Seal, Sealed};
use super::unsafe_ddl::{HAZARDS, Hazard};
use super::{
    Entry, File, allow, bytes, data_loss, directory, enum_value, header, notes, rerun, resume,
    rollback, session, session_state, syntax, transaction,
};

/// One rule: a name, what it refuses, and the function that judges.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Stands in brackets after each of its messages.
    pub name: &'static str,
    /// What it refuses.
    pub refuses: &'static str,
    /// What to do instead. A message may know better, since it knows the file.
    pub fix: &'static str,
    /// Whether `-- allow:` with a reason excuses a file from it.
    pub can_be_allowed: bool,
    pub(super) check: Check,
}

/// What a rule looks at.
#[derive(Debug, Clone, Copy)]
pub(super) enum Check {
    /// The names in the folder; a finding belongs to the entry at its index.
    Folder(fn(&[Entry]) -> Vec<(usize, Finding)>),
    /// The bytes of one file. A file with such a problem is not judged further.
    Bytes(fn(&[u8]) -> Vec<Finding>),
    /// The parsed file.
    File(fn(&File<'_>) -> Vec<Finding>),
    /// The same, for unsafe DDL.
    Unsafe(&'static Hazard),
    /// The text of `migrations.lock`, as it is read. Where it has such a problem, nothing is held to it.
    LockFile,
    /// The files of the folder against the seals; a finding belongs to the file of that name.
    Sealed(fn(&Sealed<'_>) -> Vec<(String, Finding)>),
    /// The evidence about a file that is as it was sealed: what speaks against it.
    Evidence(fn(&Seal) -> Option<String>),
}

const fn folder(
    name: &'static str,
    refuses: &'static str,
    fix: &'static str,
    judge: fn(&[Entry]) -> Vec<(usize, Finding)>,
) -> Rule {
    Rule {
        name,
        refuses,
        fix,
        can_be_allowed: false,
        check: Check::Folder(judge),
    }
}

const fn bytes(
    name: &'static str,
    refuses: &'static str,
    fix: &'static str,
    judge: fn(&[u8]) -> Vec<Finding>,
) -> Rule {
    Rule {
        name,
        refuses,
        fix,
        can_be_allowed: false,
        check: Check::Bytes(judge),
    }
}

const fn file(
    name: &'static str,
    refuses: &'static str,
    fix: &'static str,
    judge: fn(&File<'_>) -> Vec<Finding>,
) -> Rule {
    Rule {
        name,
        refuses,
        fix,
        can_be_allowed: false,
        check: Check::File(judge),
    }
}

/// A rule about the file that may take one thing for another.
const fn excusable(
    name: &'static str,
    refuses: &'static str,
    fix: &'static str,
    judge: fn(&File<'_>) -> Vec<Finding>,
) -> Rule {
    Rule {
        can_be_allowed: true,
        ..file(name, refuses, fix, judge)
    }
}

const fn hazard(hazard: &'static Hazard) -> Rule {
    Rule {
        name: hazard.name,
        refuses: hazard.refuses,
        fix: hazard.recipe,
        can_be_allowed: true,
        check: Check::Unsafe(hazard),
    }
}

const fn sealed(
    name: &'static str,
    refuses: &'static str,
    fix: &'static str,
    judge: fn(&Sealed<'_>) -> Vec<(String, Finding)>,
) -> Rule {
    Rule {
        name,
        refuses,
        fix,
        can_be_allowed: false,
        check: Check::Sealed(judge),
    }
}

const fn evidence(
    name: &'static str,
    refuses: &'static str,
    fix: &'static str,
    judge: fn(&Seal) -> Option<String>,
) -> Rule {
    Rule {
        name,
        refuses,
        fix,
        can_be_allowed: true,
        check: Check::Evidence(judge),
    }
}

/// Every rule there is.
pub static RULES: &[Rule] = &ALL;

/// Those whose functions are named here.
#[rustfmt::skip]
const NAMED: &[Rule] = &[
    // The folder.
    folder("stray-file", "anything that is no migration", "delete it, move it elsewhere, or call it `YYYY_MM_DD_N_description.sql`", directory::stray_file),
    folder("file-name", "a name that is not YYYY_MM_DD_N_description.sql", "write the name that the message says: a zero-padded date, a counter from 1 to 99, small letters, digits and `_`", directory::file_name),
    folder("duplicate-version", "two files with one version", "take the next free counter of that day, which the message says", directory::duplicate_version),
    folder("version-order", "names that sort otherwise than their versions", "pad the counters of that day to two digits, as the message says", directory::version_order),
    // The bytes.
    bytes("utf-8", "bytes that are no UTF-8", "save the file as UTF-8", bytes::utf_8),
    bytes("byte-order-mark", "a byte order mark", "save the file as UTF-8 without BOM", bytes::byte_order_mark),
    bytes("carriage-return", "line ends other than LF", "save the file with LF line ends; `.gitattributes` keeps them so", bytes::carriage_return),
    bytes("nul-byte", "a NUL byte", "delete it", bytes::nul_byte),
    bytes("nesting", "brackets nested deeper than any parser likes", "close them, or write it in smaller pieces", bytes::nesting),
    // The form.
    file("final-newline", "no newline, or more than one, at the end", "end the last line with a newline, and have no empty line after it", bytes::final_newline),
    file("psql-meta-command", "commands that only psql knows", "migrations are sent to the server as they are: write it in SQL, or leave it out", syntax::psql_meta_command),
    file("syntax", "what PostgreSQL cannot parse, in the file, its rollback block and the bodies in them", "correct what the caret points at", syntax::syntax),
    file("final-semicolon", "a last statement that no semicolon ends", "add it: what follows a migration would run into it", syntax::final_semicolon),
    file("no-statement", "a forward part without a statement", "write the SQL of the migration, or delete the file", syntax::no_statement),
    file("rollback-block", "a missing or misshapen rollback block", "end the file with `-- Rollback:` and, in comments below it, SQL, or with `-- Irreversible: <reason>`, or with `-- Nothing to undo: <reason>`", rollback::rollback_block),
    file("note-form", "a note that is misspelt or without a reason", "write `-- Data loss: <what>`, `-- Not rerunnable: <reason>` or `-- Changes nothing: <reason>`; in the rollback block, `--   -- Data loss: <what>`", notes::note_form),
    file("header-line", "a header that is unknown, repeated, out of its place or without its value", "write `-- migrate: no-transaction` or `-- migrate: lock-timeout=<time>` at the top of the file, once", header::header_line),
    // What the statements do.
    file("transaction-control", "BEGIN, COMMIT, ROLLBACK, SAVEPOINT and their kin", "delete it: each migration is run in a transaction of its own, together with its history row", transaction::transaction_control),
    file("no-transaction", "statements in a mode in which they cannot run", "put it into a migration of its own, with the line `-- migrate: no-transaction` at the top; delete that line where nothing needs it", transaction::no_transaction),
    file("qualified-name", "names that a pinned search_path would have to complete, where it is not", "write the schema before the name: `public.workflows`", transaction::qualified_name),
    file("search-path", "a changed search_path", "delete it and write the schema before the name: search_path is pinned while a migration runs", session::search_path),
    file("session-state", "what stays in the session after the migration: SET without LOCAL, RESET, another role, PREPARE, temporary objects, session-level advisory locks, LISTEN, LOAD", "use the form that ends with the transaction: `SET LOCAL`, `set_config(..., true)`, `CREATE TEMP TABLE ... ON COMMIT DROP`, `pg_advisory_xact_lock`", session_state::session_state),
    file("copy-stream", "COPY over the connection", "write the rows as INSERT; what a migration prints is read by nobody", session::copy_stream),
    excusable("enum-value", "an enum value added and used in one file", "use it in a later migration: PostgreSQL allows that only after the one that adds it has committed", enum_value::enum_value),
    file("data-loss", "rows or columns destroyed without a word", "say which: `-- Data loss: <what is lost>`, in the rollback block `--   -- Data loss: <what is lost>`", data_loss::data_loss),
    file("not-rerunnable", "a second run that fails without a word", "write `IF NOT EXISTS`, `IF EXISTS` or `OR REPLACE`, or drop it before; or say why not: `-- Not rerunnable: <reason>`", rerun::not_rerunnable),
    file("resumable", "statements outside of a transaction that a killed run could not start again", "give it a name, and write `IF NOT EXISTS` or `IF EXISTS` before that, one object a statement: after a kill the statement is started again", resume::resumable),
    // Unsafe DDL: its rules have a table of their own, `HAZARDS`.
    file("allowance", "an allowance that allows nothing", "delete the line, or correct the name of the rule, or say why: `-- allow: <rule>: <reason>`", allow::allowance),
    // The seal (migrations.lock).
    Rule { name: seal::LOCK_FILE_RULE, refuses: "a migrations.lock that is not as it was written, or does not agree with itself", fix: "bring it back: `git checkout HEAD -- migrations/migrations.lock`, then run `cargo migration seal`", can_be_allowed: false, check: Check::LockFile },
    sealed("sealed-file", "a sealed file that is gone or renamed", "bring it back with `git checkout`, or give it its name back with `git mv`; to undo what it does, write a new migration", seal::sealed_file),
    sealed("sealed-forward", "a forward part that was edited after it was sealed", "bring it back with `git checkout`, and put the change into a new migration", seal::sealed_forward),
    sealed("sealed-rollback", "a way back that is not the one that was proven", "prove the way back anew: `cargo migration seal`", seal::sealed_rollback),
    sealed("sealed-order", "a new file before a sealed one", "give it the name that the message says: today, and the next free counter", seal::sealed_order),
    sealed("seal-contradiction", "a seal that says otherwise than its file", "bring it back: `git checkout HEAD -- migrations/migrations.lock`, then run `cargo migration seal`", seal::seal_contradiction),
    sealed(seal::UNSEALED, "a file without a seal, in a release build; a debug build warns", "`cargo migration seal` proves it", seal::unsealed),
    sealed(seal::UNPROVEN, "a seal that lacks a promised major of PostgreSQL, in a release build; a debug build warns", "prove it there, too: `cargo migration seal`", seal::unproven),
    evidence("table-rewrite", "a table that is rewritten", seal::REWRITE_RECIPE, seal::table_rewrite),
    evidence("long-table-lock", "a table that nobody can read while rows are read or written", seal::LONG_LOCK_RECIPE, seal::long_table_lock),
];

static ALL: [Rule; NAMED.len() + HAZARDS.len()] = {
    let mut all = [NAMED[0]; NAMED.len() + HAZARDS.len()];
    let mut nth = 0;
    while nth < all.len() {
        all[nth] = match nth.checked_sub(NAMED.len()) {
            None => NAMED[nth],
            Some(nth) => hazard(&HAZARDS[nth]),
        };
        nth += 1;
    }
    all
};
