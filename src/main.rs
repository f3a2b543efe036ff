//! `dsentr-migrate`: the library's process, with the migrations that this build embeds.

use std::process::ExitCode;

use dsentr_migrate::embedded::MIGRATIONS;
use dsentr_migrate::process;

fn main() -> ExitCode {
    process::run(MIGRATIONS)
}
