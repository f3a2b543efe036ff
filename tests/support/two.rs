//! Two migrations, of which the second needs the first.

pub(crate) const FIRST: &str = "CREATE TABLE IF NOT EXISTS a (b int);\n\n-- Rollback:\n--   DROP TABLE a;\n--   -- Data loss: all of a.\n";
pub(crate) const SECOND: &str =
    "CREATE OR REPLACE VIEW a_b AS SELECT b FROM a;\n\n-- Rollback:\n--   DROP VIEW a_b;\n";
