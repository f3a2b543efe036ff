//! The rules, in the order in which they are explained to a person.

use super::problem::Finding;
use super::seal::{self, Seal, Sealed};
use super::unsafe_ddl::{HAZARDS, Hazard};
use super::{
    Entry, File, allow, bytes, data_loss, directory, enum_value, header, notes, rerun, resume,
    rollback, session, syntax, transaction,
};

/// One rule: a name, what it refuses, and the function that judges.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Stands in brackets after each of its messages.
    pub name: &'static str,
    /// What it refuses.
    pub refuses: &'static str,
    /// How to do it safely; a rule that has this can be allowed with a reason.
    pub recipe: Option<&'static str>,
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
    judge: fn(&[Entry]) -> Vec<(usize, Finding)>,
) -> Rule {
    Rule {
        name,
        refuses,
        recipe: None,
        check: Check::Folder(judge),
    }
}

const fn bytes(
    name: &'static str,
    refuses: &'static str,
    judge: fn(&[u8]) -> Vec<Finding>,
) -> Rule {
    Rule {
        name,
        refuses,
        recipe: None,
        check: Check::Bytes(judge),
    }
}

const fn file(
    name: &'static str,
    refuses: &'static str,
    judge: fn(&File<'_>) -> Vec<Finding>,
) -> Rule {
    Rule {
        name,
        refuses,
        recipe: None,
        check: Check::File(judge),
    }
}

const fn hazard(hazard: &'static Hazard) -> Rule {
    Rule {
        name: hazard.name,
        refuses: hazard.refuses,
        recipe: Some(hazard.recipe),
        check: Check::Unsafe(hazard),
    }
}

const fn sealed(
    name: &'static str,
    refuses: &'static str,
    judge: fn(&Sealed<'_>) -> Vec<(String, Finding)>,
) -> Rule {
    Rule {
        name,
        refuses,
        recipe: None,
        check: Check::Sealed(judge),
    }
}

const fn evidence(
    name: &'static str,
    refuses: &'static str,
    recipe: &'static str,
    judge: fn(&Seal) -> Option<String>,
) -> Rule {
    Rule {
        name,
        refuses,
        recipe: Some(recipe),
        check: Check::Evidence(judge),
    }
}

/// Every rule there is.
pub static RULES: &[Rule] = &ALL;

/// Those whose functions are named here.
#[rustfmt::skip]
const NAMED: &[Rule] = &[
    // The folder.
    folder("stray-file", "anything that is no migration", directory::stray_file),
    folder("file-name", "a name that is not YYYY_MM_DD_N_description.sql", directory::file_name),
    folder("duplicate-version", "two files with one version", directory::duplicate_version),
    folder("version-order", "names that sort otherwise than their versions", directory::version_order),
    // The bytes.
    bytes("utf-8", "bytes that are no UTF-8", bytes::utf_8),
    bytes("byte-order-mark", "a byte order mark", bytes::byte_order_mark),
    bytes("carriage-return", "line ends other than LF", bytes::carriage_return),
    bytes("nul-byte", "a NUL byte", bytes::nul_byte),
    bytes("nesting", "brackets nested deeper than any parser likes", bytes::nesting),
    // The form.
    file("final-newline", "no newline, or more than one, at the end", bytes::final_newline),
    file("psql-meta-command", "commands that only psql knows", syntax::psql_meta_command),
    file("syntax", "what PostgreSQL cannot parse, in the file, its rollback block and the bodies in them", syntax::syntax),
    file("final-semicolon", "a last statement that no semicolon ends", syntax::final_semicolon),
    file("no-statement", "a forward part without a statement", syntax::no_statement),
    file("rollback-block", "a missing or misshapen rollback block", rollback::rollback_block),
    file("note-form", "a note that is misspelt or without a reason", notes::note_form),
    file("header-line", "a header that is unknown, repeated, out of its place or without its value", header::header_line),
    // What the statements do.
    file("transaction-control", "BEGIN, COMMIT, ROLLBACK, SAVEPOINT and their kin", transaction::transaction_control),
    file("no-transaction", "statements in a mode in which they cannot run", transaction::no_transaction),
    file("qualified-name", "names that a pinned search_path would have to complete, where it is not", transaction::qualified_name),
    file("search-path", "a changed search_path", session::search_path),
    file("copy-stream", "COPY over the connection", session::copy_stream),
    file("enum-value", "an enum value added and used in one file", enum_value::enum_value),
    file("data-loss", "rows or columns destroyed without a word", data_loss::data_loss),
    file("not-rerunnable", "a second run that fails without a word", rerun::not_rerunnable),
    file("resumable", "statements outside of a transaction that a killed run could not start again", resume::resumable),
    // Unsafe DDL: its rules have a table of their own, `HAZARDS`.
    file("allowance", "an allowance that allows nothing", allow::allowance),
    // The seal (migrations.lock).
    Rule { name: seal::LOCK_FILE_RULE, refuses: "a migrations.lock that is not as it was written, or does not agree with itself", recipe: None, check: Check::LockFile },
    sealed("sealed-file", "a sealed file that is gone or renamed", seal::sealed_file),
    sealed("sealed-forward", "a forward part that was edited after it was sealed", seal::sealed_forward),
    sealed("sealed-rollback", "a way back that is not the one that was proven", seal::sealed_rollback),
    sealed("sealed-order", "a new file before a sealed one", seal::sealed_order),
    sealed("seal-contradiction", "a seal that says otherwise than its file", seal::seal_contradiction),
    sealed(seal::UNSEALED, "a file without a seal, in a release build; a debug build warns", seal::unsealed),
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
