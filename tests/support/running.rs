//! The executable while it runs: what it has said so far, signals to it, and its end.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::executable::{Dsentr, Run};
use super::server::{Database, Session};

/// For anything that a test waits for. It is long, since the machine may be busy.
const LIMIT: Duration = Duration::from_mins(1);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// A run under way. It is killed with this value.
pub(crate) struct Running {
    child: Child,
    stdout: Heard,
    stderr: Heard,
    /// Its home folder goes with it.
    _dsentr: Dsentr,
}

impl Running {
    /// Starts it.
    pub(crate) fn start(mut dsentr: Dsentr) -> Self {
        let command = dsentr.command();
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the executable starts");
        Self {
            stdout: Heard::of(child.stdout.take().expect("it is piped")),
            stderr: Heard::of(child.stderr.take().expect("it is piped")),
            child,
            _dsentr: dsentr,
        }
    }

    /// What it has said, first on stdout.
    pub(crate) fn said(&self) -> String {
        self.stdout.text() + &self.stderr.text()
    }

    /// Whether it is over.
    pub(crate) fn has_ended(&mut self) -> bool {
        let status = self.child.try_wait();
        status.expect("it is a child of this process").is_some()
    }

    /// Waits until it has written so many lines with this text, to standard output or standard error.
    pub(crate) fn until_says(&self, text: &str, times: usize) {
        let says = |heard: &Heard| heard.is_heard(text, times, PAUSE);
        let start = Instant::now();
        while !says(&self.stdout) && !says(&self.stderr) {
            assert!(start.elapsed() < LIMIT, "not said: {text}\n{}", self.said());
        }
    }

    /// Waits until it has said something. Other tasks of this thread go on meanwhile.
    pub(crate) async fn until_said(&mut self, words: &str) {
        let start = Instant::now();
        while !self.said().contains(words) {
            let is_over = self.has_ended() || start.elapsed() >= LIMIT;
            assert!(!is_over, "not said: {words}\n{}", self.said());
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits until a question in a session of the test's own is answered with true.
    pub(crate) async fn until(&mut self, session: &Session, question: &str) {
        let start = Instant::now();
        while session.value(question).await != "t" {
            assert!(!self.has_ended(), "it has ended:\n{}", self.said());
            assert!(start.elapsed() < LIMIT, "{question}\n{}", self.said());
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits until it waits for somebody's table lock.
    pub(crate) async fn until_blocked(&mut self, database: &Database<'_>) {
        self.until_waits(database, "wait_event_type = 'Lock'").await;
    }

    /// Waits until it stands before the table that [`super::scenes::busy`] holds, and has told of the migration before: the
    /// next may be under way before the answer to that one has come.
    pub(crate) async fn until_busy(&mut self, database: &Database<'_>) {
        self.until_blocked(database).await;
        self.until_said("applied").await;
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
        kill(name, &self.child.id().to_string());
    }

    /// Sends a signal to the one process that it has started.
    pub(crate) fn signal_child(&self, name: &str) {
        let pid = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        kill(name, children.expect("it runs").trim());
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Run {
        let start = Instant::now();
        while !self.has_ended() {
            assert!(start.elapsed() < LIMIT, "it does not end:\n{}", self.said());
            std::thread::sleep(PAUSE);
        }
        let status = self.child.wait().expect("it is a child of this process");
        Run {
            code: status.code(),
            stdout: self.stdout.whole(),
            stderr: self.stderr.whole(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it has ended as a rule
        let _ = self.child.wait();
    }
}

fn kill(signal: &str, pid: &str) {
    let sent = Command::new("kill").args(["-s", signal, pid]).status();
    assert!(sent.expect("kill(1) is there").success(), "{signal}");
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
