//! What the integration tests stand on: real PostgreSQL servers, databases of their own, the real executable.
//!
//! It touches no server that was there before, and it installs nothing: without PostgreSQL a test fails with the
//! command that installs it.
#![expect(
    dead_code,
    reason = "each test binary uses its own part of the harness"
)]

pub(crate) mod authority;
pub(crate) mod catalogue;
pub(crate) mod code;
pub(crate) mod container;
pub(crate) mod document;
pub(crate) mod executable;
pub(crate) mod forms;
pub(crate) mod golden;
pub(crate) mod image;
pub(crate) mod library;
pub(crate) mod manifest;
pub(crate) mod mask;
pub(crate) mod mutations;
pub(crate) mod nameserver;
pub(crate) mod one_by_one;
pub(crate) mod peers;
pub(crate) mod pooler;
pub(crate) mod proxy;
pub(crate) mod psql;
pub(crate) mod rollback;
pub(crate) mod runners;
pub(crate) mod running;
pub(crate) mod scenes;
pub(crate) mod schema;
pub(crate) mod script;
pub(crate) mod sealed;
pub(crate) mod sealing;
pub(crate) mod server;
pub(crate) mod small;
pub(crate) mod sqlx;
pub(crate) mod two;
