//! The executable while it runs: what it has said so far, signals to it, and its end.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::executable::{Dsentr, Run, mask};
use super::server::{Database, Session};

/// For anything that a test waits for. It is long, since the machine may be busy.
const LIMIT: Duration = Duration::from_mins(1);

/// A run under way. It is killed with this value.
pub(crate) struct Background {
    child: Child,
    stdout: Heard,
    stderr: Heard,
    /// Its home folder goes with it.
    _dsentr: Dsentr,
}

/// Starts a run.
pub(crate) fn start(mut dsentr: Dsentr) -> Background {
    let command = dsentr.command();
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the executable starts");
    Background {
        stdout: Heard::of(child.stdout.take().expect("it is piped")),
        stderr: Heard::of(child.stderr.take().expect("it is piped")),
        child,
        _dsentr: dsentr,
    }
}

impl Background {
    /// Waits until it has written so many lines with this text, to standard output or standard error.
    pub(crate) fn until_says(&self, text: &str, times: usize) {
        let said = |heard: &Heard| heard.is_heard(text, times, Duration::from_millis(5));
        let start = Instant::now();
        while !said(&self.stdout) && !said(&self.stderr) {
            let so_far = || format!("{}{}", self.stdout.text(), self.stderr.text());
            assert!(start.elapsed() < LIMIT, "not said: {text}\n{}", so_far());
        }
    }

    /// Waits until a question in a session of the test's own is answered with true.
    pub(crate) async fn until(&mut self, session: &Session, question: &str) {
        let start = Instant::now();
        while session.value(question).await != "t" {
            let ended = self.child.try_wait().expect("it is a child of this one");
            let said = || format!("{}{}", self.stdout.text(), self.stderr.text());
            assert!(ended.is_none(), "it has ended:\n{}", said());
            assert!(start.elapsed() < LIMIT, "{question}\n{}", said());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until it waits for somebody's table lock.
    pub(crate) async fn until_blocked(&mut self, database: &Database<'_>) {
        self.until_waits(database, "wait_event_type = 'Lock'").await;
    }

    /// Waits until it is in `pg_sleep`.
    pub(crate) async fn until_asleep(&mut self, database: &Database<'_>) {
        self.until_waits(database, "wait_event = 'PgSleep'").await;
    }

    /// Asks in a session of its own: in a transaction, `pg_stat_activity` never changes.
    async fn until_waits(&mut self, database: &Database<'_>, state: &str) {
        let session = database.session().await;
        self.until(&session, &waits_for(state)).await;
        session.close().await;
    }

    /// Sends a signal: `TERM`, `INT`, `KILL`, ...
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.expect("kill(1) is there").success(), "{name}");
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Run {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("it is a child of this one") {
                break status;
            }
            let said = || format!("{}{}", self.stdout.text(), self.stderr.text());
            assert!(start.elapsed() < LIMIT, "it does not end:\n{}", said());
            std::thread::sleep(Duration::from_millis(2));
        };
        Run {
            code: status.code(),
            stdout: self.stdout.whole(),
            stderr: self.stderr.whole(),
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it has ended as a rule
        let _ = self.child.wait();
    }
}

/// Whether a runner of this database is in a state, as `pg_stat_activity` words it.
fn waits_for(state: &str) -> String {
    format!(
        "SELECT count(*) > 0 FROM pg_stat_activity \
         WHERE datname = current_database() AND application_name = 'dsentr-migrate' AND state = 'active' AND {state}"
    )
}

/// What comes out of a pipe, as it comes.
struct Heard {
    shared: Arc<(Mutex<Vec<u8>>, Condvar)>,
    reader: Option<JoinHandle<()>>,
}

impl Heard {
    fn of(mut pipe: impl Read + Send + 'static) -> Self {
        let shared = Arc::<(Mutex<Vec<u8>>, Condvar)>::default();
        let heard = Arc::clone(&shared);
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = pipe.read(&mut buffer) {
                let (bytes, more) = &*heard;
                let mut bytes = bytes.lock().expect("no thread panics with it");
                bytes.extend_from_slice(&buffer[..count]);
                more.notify_all();
            }
        });
        Self {
            shared,
            reader: Some(reader),
        }
    }

    fn text(&self) -> String {
        let bytes = self.shared.0.lock().expect("no thread panics with it");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn is_heard(&self, text: &str, times: usize, limit: Duration) -> bool {
        let (bytes, more) = &*self.shared;
        let bytes = bytes.lock().expect("no thread panics with it");
        let missing =
            |bytes: &mut Vec<u8>| String::from_utf8_lossy(bytes).matches(text).count() < times;
        let (mut bytes, _) = more
            .wait_timeout_while(bytes, limit, missing)
            .expect("no thread panics with it");
        !missing(&mut bytes)
    }

    /// Everything, once the other end is closed.
    fn whole(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            reader.join().expect("reading does not panic");
        }
        self.text()
    }
}

/// Both outputs and the exit code without what differs from run to run: as [`mask`], and without process numbers, the
/// ports of proxies, and lines about statements that take long, which they do on a busy machine.
pub(crate) fn told(run: &Run, database: &Database<'_>, proxies: &[u16]) -> String {
    let mut text = mask(&run.text(), database);
    for port in proxies {
        text = text.replace(&format!(":{port}"), ":<port>");
    }
    for mark in ["pid ", "pg_terminate_backend("] {
        text = mask_numbers(&text, mark, "<pid>");
    }
    text = mask_numbers(&text, "\"duration_ms\": ", "<time>");
    text = mask_numbers(&text, "\ntried ", "<number>");
    let lines = text.split_inclusive('\n');
    let is_timed = |line: &&str| line.contains("WARN running ");
    lines.filter(|line| !is_timed(line)).collect()
}

/// Each number behind `mark` masked.
fn mask_numbers(text: &str, mark: &str, name: &str) -> String {
    let mut parts = text.split(mark);
    let mut masked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        let number = if rest.len() < part.len() { name } else { "" };
        masked.push_str(&format!("{mark}{number}{rest}"));
    }
    masked
}
