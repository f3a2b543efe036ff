//! The table of unsafe DDL: what is refused, who sees it, and how it is done safely on PostgreSQL 13 and later.
//!
//! Squawk sees most of it. Of its rules these are not taken:
//! - require-lock-timeout, require-statement-timeout, require-timeout-settings: the runtime sets both for each try.
//! - ban-concurrent-index-creation-in-transaction, transaction-nesting, ban-uncommitted-transaction: `no-transaction` and
//!   `transaction-control` of ours know more statements, and the header line.
//! - prefer-robust-stmts: `not-rerunnable` and `resumable` of ours also know what the file did before.
//! - require-table-schema: `qualified-name` of ours; elsewhere `search_path` is pinned.
//! - ban-drop-database: PostgreSQL refuses it for the database at hand, and a migration has no other.
//! - ban-duplicate-column-assignments: PostgreSQL refuses it, so the seal does.
//! - identifier-too-long: PostgreSQL shortens the name and goes on; the seal shows the name that came of it.
//! - prefer-text-field, prefer-bigint-over-int, prefer-bigint-over-smallint, prefer-timestamp-tz, prefer-identity,
//!   ban-char-field, require-enum-value-ordering: taste. They endanger no installation.
//! - ban-drop-trigger, ban-drop-policy, ban-replace-view-function: how a definition is replaced, so that it can be repeated.
//! - ban-set-default, ban-add-column, ban-add-enum-value, ban-add-composite-attribute, ban-new-write-restriction: the first
//!   half of expand and contract; each is a daily step that the application is prepared for.
//! - ban-disable-trigger, ban-replica-identity, ban-detach-inheritance, ban-alter-sequence-values,
//!   ban-alter-generated-expression, ban-alter-row-level-security, ban-create-policy, ban-alter-policy-condition,
//!   ban-alter-policy-roles, ban-alter-function-options, ban-alter-view-options, ban-alter-extension: they say that
//!   behaviour changes, which is what the migration is for, and there is no other way to do it.
//! - ban-revoke, ban-alter-role-options, ban-alter-database-options, ban-alter-system-options: rights and settings, no DDL
//!   of the schema; the review of the file is the place to weigh them.

use super::clause::{self, Clause};
use squawk_linter::Rule as Squawk;
use squawk_syntax::SyntaxKind as K;
use squawk_syntax::SyntaxNode;

/// One kind of unsafe DDL.
#[derive(Debug)]
pub(in crate::check) struct Hazard {
    /// The name of the rule.
    pub(in crate::check) name: &'static str,
    pub(in crate::check) refuses: &'static str,
    /// What happens if it is done.
    pub(super) says: &'static str,
    /// The safe way.
    pub(in crate::check) recipe: &'static str,
    /// The rules of squawk that see it.
    pub(in crate::check) seen_by: &'static [Squawk],
    /// Of what these see, this is meant.
    pub(super) fits: fn(&Clause) -> bool,
    /// What we see ourselves in a statement.
    pub(super) ours: fn(&SyntaxNode) -> Vec<SyntaxNode>,
}

const fn hazard(
    name: &'static str,
    seen_by: &'static [Squawk],
    refuses: &'static str,
    says: &'static str,
    recipe: &'static str,
) -> Hazard {
    Hazard {
        name,
        refuses,
        says,
        recipe,
        seen_by,
        fits: |_| true,
        ours: |_| Vec::new(),
    }
}

impl Hazard {
    const fn only(mut self, fits: fn(&Clause) -> bool) -> Self {
        self.fits = fits;
        self
    }

    const fn also(mut self, ours: fn(&SyntaxNode) -> Vec<SyntaxNode>) -> Self {
        self.ours = ours;
        self
    }
}

const EXPAND: &str = "expand and contract: first a release of the application that no longer uses it, then this with a later one";

/// All of them. What a row says holds for what was there before the file; what the file made itself is safe.
pub(in crate::check) static HAZARDS: [Hazard; 27] = [
    // It works, and the application waits.
    hazard(
        "create-index",
        &[Squawk::RequireConcurrentIndexCreation],
        "an index built on an existing table without CONCURRENTLY",
        "writes to the table wait until the index is built",
        "write `CREATE INDEX CONCURRENTLY IF NOT EXISTS <name>` in a file of its own with `-- migrate: no-transaction`",
    ),
    hazard(
        "drop-index",
        &[Squawk::RequireConcurrentIndexDeletion],
        "an index dropped without CONCURRENTLY",
        "reads and writes of the table queue behind this, and this waits for all that use the table now",
        "write `DROP INDEX CONCURRENTLY IF EXISTS <name>` in a file of its own with `-- migrate: no-transaction`",
    ),
    hazard(
        "reindex",
        &[Squawk::RequireConcurrentReindex],
        "REINDEX without CONCURRENTLY",
        "writes wait until the indexes are rebuilt, and reads that would use them",
        "write `REINDEX ... CONCURRENTLY` in a file of its own with `-- migrate: no-transaction`",
    ),
    hazard(
        "detach-partition",
        &[Squawk::RequireConcurrentPartitionDetach],
        "a partition detached without CONCURRENTLY",
        "reads and writes of the whole table queue behind this, and this waits for all that use the table now",
        "PostgreSQL 14 and later: write `DETACH PARTITION ... CONCURRENTLY` in a file of its own with `-- migrate: no-transaction`",
    ),
    hazard(
        "foreign-key",
        &[Squawk::AddingForeignKeyConstraint],
        "a foreign key on an existing table that is validated at once",
        "writes to both tables wait until every row is checked",
        "write `ADD CONSTRAINT <name> FOREIGN KEY ... NOT VALID` in this file and `VALIDATE CONSTRAINT <name>` in the next one",
    )
    // A new column without a default holds nothing that would have to be checked, and PostgreSQL knows that.
    .only(|clause| !clause.is_added_column() || clause.action_has(K::DEFAULT_CONSTRAINT)),
    hazard(
        "check-constraint",
        &[Squawk::ConstraintMissingNotValid],
        "a CHECK on an existing table that is validated at once",
        "reads and writes of the table wait until every row is checked",
        "write `ADD CONSTRAINT <name> CHECK (...) NOT VALID` in this file and `VALIDATE CONSTRAINT <name>` in the next one",
    )
    .only(|clause| clause.action_has(K::CHECK_CONSTRAINT))
    .also(clause::checks_of_added_columns),
    hazard(
        "validate-constraint",
        &[],
        "a constraint validated in the transaction that adds it",
        "the table lock that adds the constraint is held until every row is checked",
        "write `VALIDATE CONSTRAINT` in the next file: it then blocks neither reads nor writes",
    ),
    hazard(
        "exclusion-constraint",
        &[Squawk::ConstraintMissingNotValid],
        "an EXCLUDE constraint on an existing table",
        "reads and writes of the table wait until its index is built, and PostgreSQL has no other way to add one",
        "make a new table with the constraint, write to both, copy the rows, and let the application change over",
    )
    .only(|clause| clause.action_has(K::EXCLUDE_CONSTRAINT)),
    hazard(
        "unique-constraint",
        &[Squawk::DisallowedUniqueConstraint],
        "a UNIQUE constraint that builds its index at once",
        "reads and writes of the table wait until the index is built",
        "write `CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS <name>` in a file of its own with `-- migrate: no-transaction`, and `ADD CONSTRAINT <name> UNIQUE USING INDEX <name>` in the next one",
    ),
    hazard(
        "primary-key",
        &[Squawk::AddingSerialPrimaryKeyField],
        "a primary key that builds its index at once",
        "reads and writes of the table wait until the index is built and every row is checked for NULL",
        "make the columns NOT NULL (rule `set-not-null`), write `CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS <name>` in a file of its own with `-- migrate: no-transaction`, and `ADD CONSTRAINT <name> PRIMARY KEY USING INDEX <name>` in the next one",
    ),
    hazard(
        "set-not-null",
        &[Squawk::AddingNotNullableField],
        "SET NOT NULL that reads the whole table",
        "reads and writes of the table wait until every row is checked",
        "write `ADD CONSTRAINT <name> CHECK (<column> IS NOT NULL) NOT VALID` in this file, and in the next one `VALIDATE CONSTRAINT <name>`, `SET NOT NULL` and `DROP CONSTRAINT <name>`",
    ),
    hazard(
        "column-type",
        &[Squawk::ChangingColumnType],
        "a changed type of a column",
        "most changes of a type rewrite the table and its indexes while reads and writes wait, and the application that still runs knows the old type",
        "add a column of the new type, write to both, fill it in batches, let the application change over, and drop the old one in a later file",
    ),
    hazard(
        "column-default",
        &[],
        "a new column with a default that differs from row to row",
        "the table is rewritten while reads and writes wait",
        "add the column without a default, write `ALTER COLUMN ... SET DEFAULT` for new rows, and fill the old ones in batches in a later file",
    )
    // Squawk looks into no call that has arguments, and into no array.
    .also(clause::volatile_defaults),
    hazard(
        "generated-column",
        &[Squawk::AddingFieldWithDefault],
        "a new column that is generated, identity or serial",
        "the table is rewritten while reads and writes wait",
        "add a plain column, let a trigger (for numbers: a sequence and `SET DEFAULT nextval(...)`) fill it in new rows, and fill the old ones in batches in a later file",
    )
    .only(Clause::is_generated)
    .also(clause::added_serial_columns),
    hazard(
        "vacuum-full",
        &[Squawk::PreferRepack],
        "VACUUM FULL, CLUSTER and REPACK",
        "the table is rewritten while reads and writes wait",
        "write `VACUUM` in a file of its own with `-- migrate: no-transaction`, or leave it to autovacuum",
    )
    .also(clause::waited_for_repack),
    // It works, and the application that still runs fails.
    hazard(
        "required-column",
        &[Squawk::AddingRequiredField],
        "a new column that is NOT NULL without a default",
        "it fails where the table has rows, and so does every INSERT of the application that still runs",
        "add it with a constant default; or without NOT NULL, fill it, and make it NOT NULL later (rule `set-not-null`)",
    )
    .only(|clause| !clause.is_serial()),
    hazard(
        "drop-table",
        &[Squawk::BanDropTable],
        "a table dropped that the application may read",
        "the application that still runs fails where it uses the table",
        EXPAND,
    ),
    hazard(
        "drop-column",
        &[Squawk::BanDropColumn],
        "a column dropped that the application may read",
        "the application that still runs fails where it uses the column",
        EXPAND,
    ),
    hazard(
        "drop-not-null",
        &[Squawk::BanDropNotNull],
        "a NOT NULL dropped that the application may rely on",
        "the application that still runs may fail on the first NULL it reads",
        "let a release that can read NULL run first; this, and what writes NULL, comes with a later one",
    ),
    hazard(
        "drop-default",
        &[Squawk::BanDropDefault],
        "a default dropped that the application may rely on",
        "the application that still runs leaves the column out, and now writes NULL or fails",
        "let a release that always writes the column run first, and drop the default with a later one",
    ),
    hazard(
        "drop-constraint",
        &[Squawk::BanDropConstraint],
        "a constraint dropped that the application may rely on",
        "`ON CONFLICT` of the application that still runs fails without its constraint, and wrong rows get in",
        "let a release that needs it no more run first; one that is only changed is added again under its name in this file",
    ),
    hazard(
        "drop-object",
        &[
            Squawk::BanDropView,
            Squawk::BanDropFunction,
            Squawk::BanDropType,
            Squawk::BanDropSequence,
            Squawk::BanDropDomain,
            Squawk::BanDropSchema,
            Squawk::BanDropExtension,
        ],
        "a view, function, type, sequence, domain, schema or extension dropped that the application may use",
        "the application that still runs fails where it uses it",
        EXPAND,
    ),
    hazard(
        "rename",
        &[Squawk::RenamingTable, Squawk::RenamingColumn, Squawk::RenamingObject],
        "a table, column or other object renamed that the application knows",
        "the application that still runs fails where it uses the old name",
        "add what has the new name, write to both, fill it, let the application change over, and drop the old one in a later file; for a table, a view of the old name can stand in",
    )
    // Nobody calls these by name but the next migration.
    .only(|clause| !clause.statement_is(&[K::ALTER_INDEX, K::ALTER_TRIGGER, K::ALTER_POLICY])),
    hazard(
        "set-schema",
        &[Squawk::BanSetSchema],
        "an object moved to another schema",
        "the application that still runs fails where it uses the old name",
        "make it anew in the other schema, let the application change over, and drop the old one in a later file; a view of the old name can stand in",
    ),
    hazard(
        "identity",
        &[Squawk::BanAlterIdentity, Squawk::BanDropGeneratedExpression],
        "a column that becomes or ceases to be identity or generated",
        "the application that still runs writes the column when it must not, or leaves it out when it has to",
        "add a column of the new kind, let the application change over, and drop the old one in a later file",
    ),
    // It does more than it says, or makes trouble later.
    hazard(
        "truncate-cascade",
        &[Squawk::BanTruncateCascade],
        "TRUNCATE ... CASCADE",
        "it empties every table that refers to this one, and those that refer to them, now and in any later schema",
        "name all tables that are meant: `TRUNCATE a, b`",
    ),
    hazard(
        "domain-constraint",
        &[
            Squawk::BanCreateDomainWithConstraint,
            Squawk::BanAlterDomainWithAddConstraint,
        ],
        "a domain with a constraint",
        "changing it later checks every row of every table that uses the domain, while their writes wait",
        "use the plain type, and put the CHECK on the tables",
    ),
];
