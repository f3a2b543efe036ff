//! Carries the PostgreSQL schema of Dsentr and brings a database to it.
//!
//! Data flows one way: config → connect → history → plan → lock → apply → report. A module uses
//! what is to its left.

pub mod adopt;
pub mod adoption;
pub mod apply;
#[cfg(feature = "authoring")]
pub mod authoring;
pub mod bootstrap;
#[cfg(feature = "authoring")]
pub mod check;
pub mod cli;
pub mod command;
pub mod config;
pub mod connect;
pub mod damage;
pub mod embedded;
pub mod error;
pub mod foreign;
pub mod history;
#[cfg(feature = "authoring")]
pub mod inventory;
pub mod lock;
pub mod log;
pub mod page;
pub mod patience;
pub mod plan;
pub mod process;
pub mod repair;
pub mod report;
pub mod schema;
pub mod script;
pub mod server_error;
pub mod signal;
pub mod source;
mod sql;
pub mod verify;
