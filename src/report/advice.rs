//! What usually is behind an error of the server, and what to do about it, in the words of this job: a migration
//! failed on one database, and worked on others. It repeats nothing that the server says itself.

use crate::server_error::ServerError;

/// Advice for one SQLSTATE, or for a class of them. It is a sentence or two, without the period at the end.
pub(super) type Entry = (&'static str, &'static str);

const THERE_ALREADY: &str = "something of that name is there already, made by hand or by another tool: compare it with the file, then rename or drop it";
const NOT_INSTALLED: &str = "an extension that provides it is missing here, or the server is too old for it: install the one or upgrade the other";
const UNREADABLE: &str = "a text in this database cannot be read as the type it should have: find the rows and repair it";
const ENCODING: &str = "the encoding of this database cannot hold the text: see that it is UTF8, and find the rows that are not";
const OTHERS_AT_WORK: &str =
    "others were working on the same tables, and nothing is wrong: choose a quieter time";
const OURS: &str = "it is a mistake in the migration or in a function that it calls, not in your data: report it to those who wrote it";
const RAISED: &str = "the migration, or a function or trigger of this database, refuses on purpose: do what its message asks for";
const BROKEN: &str = "PostgreSQL found itself in a state that should not be: read the server's log, and have data files and memory checked before anything else";

/// For single codes. Names as in <https://www.postgresql.org/docs/18/errcodes-appendix.html>.
pub const BY_CODE: &[Entry] = &[
    // feature_not_supported
    (
        "0A000",
        "this server cannot do that: it may be too old, or an extension may not be installed on it",
    ),
    // string_data_right_truncation
    (
        "22001",
        "a text in this database is too long for its column: find the rows and shorten it",
    ),
    // numeric_value_out_of_range
    (
        "22003",
        "a number in this database is too large for the type that it should have: find the rows and repair it",
    ),
    // invalid_datetime_format
    ("22007", UNREADABLE),
    // character_not_in_repertoire
    ("22021", ENCODING),
    // invalid_text_representation
    ("22P02", UNREADABLE),
    // untranslatable_character
    ("22P05", ENCODING),
    // not_null_violation
    (
        "23502",
        "rows of this database lack a value that must be there: find them (IS NULL) and fill it in",
    ),
    // foreign_key_violation
    (
        "23503",
        "rows of this database refer to rows that are not there, or are still referred to: find them and repair or delete them",
    ),
    // unique_violation
    (
        "23505",
        "rows of this database are alike where they must differ: find them (GROUP BY ... HAVING count(*) > 1) and merge or change them",
    ),
    // check_violation
    (
        "23514",
        "rows of this database break the rule: select those for which it is false, and repair them",
    ),
    // exclusion_violation
    (
        "23P01",
        "rows of this database overlap where they must not: find them and change one of each pair",
    ),
    // active_sql_transaction
    ("25001", OURS),
    // read_only_sql_transaction
    (
        "25006",
        "nothing can be written here: connect to the primary server, or take default_transaction_read_only from the role or the database",
    ),
    // transaction_timeout
    (
        "25P04",
        "a time limit ended it: set transaction_timeout to 0 for this role",
    ),
    // dependent_objects_still_exist
    (
        "2BP01",
        "something in this database still needs it, often a view or function made by hand: drop that, and make it again afterwards",
    ),
    // invalid_catalog_name
    (
        "3D000",
        "the migration names a database that is not on this server: it may have another name here",
    ),
    // invalid_schema_name
    (
        "3F000",
        "the migration expects the schema: make it, or find out who dropped or renamed it on this database",
    ),
    // serialization_failure
    ("40001", OTHERS_AT_WORK),
    // deadlock_detected
    ("40P01", OTHERS_AT_WORK),
    // insufficient_privilege
    (
        "42501",
        "the role of this run may not do that: run as the owner of what the statement touches, or have the right granted by the owner or a superuser",
    ),
    // syntax_error
    (
        "42601",
        "the file passed the check of its syntax: the server is too old for it, or it stands in a text that the migration executes",
    ),
    // duplicate_column
    ("42701", THERE_ALREADY),
    // undefined_column
    (
        "42703",
        "the files before this one make it: find out who dropped or renamed it on this database, and bring it back",
    ),
    // undefined_object
    ("42704", NOT_INSTALLED),
    // duplicate_object
    ("42710", THERE_ALREADY),
    // duplicate_function
    ("42723", THERE_ALREADY),
    // datatype_mismatch
    (
        "42804",
        "a column has another type here than the migration expects: find out who changed it on this database, and change it back",
    ),
    // wrong_object_type
    (
        "42809",
        "it is of another kind here, such as a view instead of a table: find out who replaced it on this database",
    ),
    // undefined_function
    ("42883", NOT_INSTALLED),
    // undefined_table
    (
        "42P01",
        "the files before this one make it in schema public: find out who dropped, renamed or moved it on this database, and bring it back",
    ),
    // duplicate_schema
    ("42P06", THERE_ALREADY),
    // duplicate_table; views, indexes and sequences too
    ("42P07", THERE_ALREADY),
    // invalid_column_reference; of ON CONFLICT above all
    (
        "42P10",
        "a unique index or constraint that the statement relies on is missing here: find out who dropped it on this database, and make it again",
    ),
    // invalid_table_definition; a second primary key above all
    (
        "42P16",
        "the table is not as the migration expects it, for example it has a primary key already: compare it with the files before this one",
    ),
    // disk_full
    (
        "53100",
        "the disk of the server is full: make room on it, the failed migration has already given its own back",
    ),
    // out_of_memory; of shared memory too
    (
        "53200",
        "the server ran out of memory: if the hint or its log speaks of locks, raise max_locks_per_transaction and restart it, else lower work_mem",
    ),
    // configuration_limit_exceeded
    (
        "53400",
        "a limit set on this server was reached: raise the one that the message names for this role, at least for this run",
    ),
    // statement_too_complex
    (
        "54001",
        "a function or trigger most likely calls itself without end: the context names it",
    ),
    // object_in_use
    (
        "55006",
        "something still uses it, another session or an earlier statement of this migration: end the one, or report the other to those who wrote it",
    ),
    // cant_change_runtime_param
    (
        "55P02",
        "it is set for the whole server: have its administrator set it and restart the server",
    ),
    // lock_not_available
    ("55P03", OTHERS_AT_WORK),
    // unsafe_new_enum_value_usage
    ("55P04", OURS),
    // query_canceled
    (
        "57014",
        "an administrator canceled it, or a time limit did, of the setting statement.timeout or of one in the migration or a function: ask the one, or raise the other",
    ),
    // admin_shutdown
    (
        "57P01",
        "an administrator ended the connection or stopped the server: ask why, and wait until it is up",
    ),
    // undefined_file
    (
        "58P01",
        "a file is missing on the server, most often that of an extension: install its package there (postgresql-contrib has the common ones)",
    ),
    // raise_exception
    ("P0001", RAISED),
    // assert_failure
    (
        "P0004",
        "a check in the migration found this database not as it expects it: look at what the statement tests",
    ),
    // internal_error
    ("XX000", BROKEN),
    // data_corrupted
    ("XX001", BROKEN),
    // index_corrupted
    (
        "XX002",
        "an index is damaged: REINDEX it, and have the disk and the memory of the server checked",
    ),
];

/// For all codes that start alike.
pub const BY_CLASS: &[Entry] = &[
    // connection exception; of a foreign server, since ours would say nothing any more
    (
        "08",
        "another server, which the statement asks, is not connected: see that it runs and can be reached from this one",
    ),
    // data exception
    (
        "22",
        "a value in this database does not fit what the statement does with it: find the rows and repair it",
    ),
    // integrity constraint violation
    (
        "23",
        "rows of this database break a constraint: find them and repair them",
    ),
    // invalid authorization specification
    (
        "28",
        "the role of this run may not log in there or become that role: see its password and its memberships",
    ),
    // transaction rollback
    ("40", OTHERS_AT_WORK),
    // syntax error or access rule violation
    (
        "42",
        "the statement does not fit the schema of this database, or needs another version of the server: compare with the files before this one",
    ),
    // with check option violation
    (
        "44",
        "rows of this database break the rule of a view: find them and repair them",
    ),
    // insufficient resources
    (
        "53",
        "the server lacks disk, memory or connections: its log says which; make room",
    ),
    // program limit exceeded
    (
        "54",
        "something in this database is larger than PostgreSQL allows: find the rows or the object that the message names, and make it smaller",
    ),
    // object not in prerequisite state
    (
        "55",
        "the object is not in the state that the migration expects: compare it with the files before this one",
    ),
    // operator intervention
    (
        "57",
        "an administrator or the server itself stopped it: wait until the server is up",
    ),
    // system error
    (
        "58",
        "the operating system of the server failed it: its log says more; check disk and files",
    ),
    // foreign data wrapper error
    (
        "HV",
        "a foreign server or table of this database is not set up as the migration expects: compare its options",
    ),
    // PL/pgSQL error
    (
        "P0",
        "a function or DO block did not find the rows that it expects in this database: look at the line that the context names",
    ),
    // internal error
    ("XX", BROKEN),
];

/// For everything else.
const GENERAL: &str = "Appendix A of PostgreSQL's documentation explains the code: unless it points at this database, report it to those who wrote the migration";

/// What to do about an error of the server.
pub(super) fn advice(error: &ServerError) -> &'static str {
    if is_raised(error) {
        return RAISED;
    }
    find(BY_CODE, &error.code)
        .or_else(|| find(BY_CLASS, error.code.get(..2)?))
        .unwrap_or(GENERAL)
}

/// Whether a RAISE chose the code: what the server means by it then says nothing. A server that does not speak
/// English hides this, and the code is taken at its word.
fn is_raised(error: &ServerError) -> bool {
    let context = error.context.as_deref().unwrap_or_default();
    let innermost = context.lines().next().unwrap_or_default();
    innermost.ends_with(" at RAISE")
}

fn find(entries: &[Entry], key: &str) -> Option<&'static str> {
    let (_, advice) = entries.iter().find(|(code, _)| *code == key)?;
    Some(advice)
}
