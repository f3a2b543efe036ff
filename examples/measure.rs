//! `cargo run --example measure -- RUNS PROGRAM [ARGUMENTS...]`: runs a program so often, and prints in one line the median
//! of its wall time, the median of its processor time, both in milliseconds, and its peak memory in KiB.
//!
//! The processor time is what counts on a machine that does other things too. The kernel counts the memory of whoever starts
//! a program as that of the program: this one is small enough for that.

use std::error::Error;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use wait4::Wait4;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [runs, program, arguments @ ..] = arguments.as_slice() else {
        return Err("at least two arguments: how often, and which program".into());
    };
    let (mut walls, mut processors, mut peak) = (Vec::new(), Vec::new(), 0);
    for _ in 0..runs.parse()? {
        let mut command = Command::new(program);
        command.args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let start = Instant::now();
        let ended = command.spawn()?.wait4()?;
        walls.push(start.elapsed());
        processors.push(ended.rusage.utime + ended.rusage.stime);
        peak = peak.max(ended.rusage.maxrss);
        if !ended.status.success() {
            return Err(format!("{program}: {}", ended.status).into());
        }
    }
    let (wall, processor) = (median(walls), median(processors));
    println!("{wall:.2} {processor:.2} {}", peak / 1024);
    Ok(())
}

/// In milliseconds.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    median.as_secs_f64() * 1000.0
}
