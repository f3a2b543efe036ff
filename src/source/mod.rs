//! What a migration file is called, and where something stands in it.
//!
//! Shared by build.rs, the checks and the runtime. It knows nothing of SQL: no parser is reached from here.

mod day;
mod excerpt;
mod majors;
mod name;
mod span;
mod table_lock;
mod version;

pub use day::Day;
pub use excerpt::{Excerpt, Note};
pub use majors::{MAJORS, PROMISED, newest_proven_before};
pub use name::{FileName, NameProblem};
pub use span::{Location, Span};
pub use table_lock::{Blocks, NoTableLock, TableLock};
pub use version::{ParseVersionError, Version};

/// The folder of the migration files, as it is named in every message.
pub const FOLDER: &str = "migrations";

/// The file in it that keeps what was proven of each migration.
pub const LOCK_FILE: &str = "migrations.lock";
