//! Throw-away servers, by the scripts of `.ci`: one finds the executables of each major, one starts a server.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};

/// A running server. It ends with this value, and with the process, however that ends.
pub(super) struct Throwaway {
    child: Child,
    /// Where it listens on 127.0.0.1.
    pub(super) port: u16,
}

/// The folders with the executables of each major, which are fetched where they are not there yet.
pub(super) fn executables(majors: &[u32]) -> anyhow::Result<Vec<(u32, PathBuf)>> {
    let mut command = Command::new(script("servers"));
    command.args(majors.iter().map(u32::to_string));
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context(".ci/servers cannot be started")?;
    if !output.status.success() {
        bail!("no servers to prove on: .ci/servers said why, just above");
    }
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(executable).collect()
}

fn executable(line: &str) -> anyhow::Result<(u32, PathBuf)> {
    let parts = line.split_once('=');
    let parsed = parts.and_then(|(major, bin)| Some((major.parse().ok()?, PathBuf::from(bin))));
    parsed.with_context(|| format!(".ci/servers printed: {line}"))
}

impl Throwaway {
    /// Starts a server from the executables in a folder, and waits until it is ready.
    pub(super) fn start(bin: &Path) -> anyhow::Result<Self> {
        let mut command = Command::new(script("postgres"));
        // In a process group of its own, Ctrl-C at a terminal does not keep the script from cleaning up.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command
            .arg(bin)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context(".ci/postgres cannot be started")?;
        let mut line = String::new();
        let output = child.stdout.take().context(".ci/postgres has no output")?;
        BufReader::new(output)
            .read_line(&mut line)
            .context(".ci/postgres cannot be read")?;
        let port = line.split('\t').nth(1).and_then(|port| port.parse().ok());
        let Some(port) = port else {
            drop(child.stdin.take());
            let _ = child.wait();
            bail!("no server: .ci/postgres said why, just above");
        };
        Ok(Self { child, port })
    }
}

impl Drop for Throwaway {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// The scripts belong to the sources that this tool was built from.
fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci").join(name)
}
