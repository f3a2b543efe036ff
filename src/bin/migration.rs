//! `cargo migration`: the library's authoring tool.

use std::process::ExitCode;

fn main() -> ExitCode {
    dsentr_migrate::authoring::run()
}
