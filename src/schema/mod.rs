//! The schema: the objects in the live database, as read from PostgreSQL's system catalogs.
//!
//! An object is a text, its kind and its name: `table users`, `column users.email`, `index users.idx_users_email`,
//! `trigger users.touch`, `function touch()`, `comment on column users.email`, `owner of table users`,
//! `privileges on table users for dsentr_app`. Its definition is a text too, the same whatever the order of columns, the
//! object identifiers and the major version of the server. What is in schema public has no schema in its name.
//!
//! It reads, and compares with what should be there. What should be there is the seals' to know.

mod body;
mod difference;
mod known;
mod normal;
mod object;
mod read;

use std::collections::BTreeMap;

pub use self::body::same_definition;
pub(crate) use self::difference::difference;
pub use self::difference::{Difference, differences, steady};
pub(crate) use self::normal::tokens;
pub(crate) use self::object::{above, before_last_dot, seen_by, split_at_last};
pub use self::object::{grantee, wholes};
pub use self::read::{SETTINGS, Schema, Scope};
pub(crate) use crate::sql::literal;

/// From each object to its definition.
pub type Objects = BTreeMap<String, String>;
