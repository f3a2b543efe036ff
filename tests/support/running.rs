//! The executable while it runs: what it has said so far, and how it ends.

use std::io::{Read, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::executable::{Dsentr, Run};
use super::server::Session;

/// For something to come that has to come: long, as it costs nothing where all is well.
const LIMIT: Duration = Duration::from_secs(30);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// A run of the executable. It ends with this value.
pub(crate) struct Running {
    child: Child,
    stdout: Stream,
    stderr: Stream,
    _dsentr: Dsentr,
}

impl Running {
    /// Starts it.
    pub(crate) fn start(mut dsentr: Dsentr) -> Self {
        let command = dsentr.command();
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the executable starts");
        Self {
            stdout: Stream::of(child.stdout.take()),
            stderr: Stream::of(child.stderr.take()),
            child,
            _dsentr: dsentr,
        }
    }

    /// What it has said, first on stdout.
    pub(crate) fn said(&self) -> String {
        self.stdout.text() + &self.stderr.text()
    }

    /// Waits until it has said something. Other tasks of this thread go on meanwhile.
    pub(crate) async fn until_said(&mut self, words: &str) {
        let start = Instant::now();
        while !self.said().contains(words) {
            assert!(
                !self.has_ended() && start.elapsed() < LIMIT,
                "{words:?} was not said, but: {}",
                self.said()
            );
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Whether it is over.
    pub(crate) fn has_ended(&mut self) -> bool {
        let status = self.child.try_wait();
        status.expect("it is a child of this process").is_some()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args(["-s", name, &self.child.id().to_string()])
            .status();
        assert!(status.expect("every system has kill").success());
    }

    /// Waits for its end.
    pub(crate) async fn end(mut self) -> Run {
        let start = Instant::now();
        while !self.has_ended() {
            assert!(
                start.elapsed() < LIMIT,
                "it does not end, and says: {}",
                self.said()
            );
            tokio::time::sleep(PAUSE).await;
        }
        let status = self.child.wait().expect("it is a child of this process");
        Run {
            code: status.code(),
            stdout: self.stdout.all(),
            stderr: self.stderr.all(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended
        let _ = self.child.wait();
    }
}

/// One of its outputs.
struct Stream {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Stream {
    fn of(pipe: Option<impl Read + Send + 'static>) -> Self {
        let mut pipe = pipe.expect("its outputs are piped");
        let bytes = Arc::default();
        let copy: Arc<Mutex<Vec<u8>>> = Arc::clone(&bytes);
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = pipe.read(&mut buffer) {
                let mut bytes = copy.lock().expect("no thread panics with it");
                bytes.write_all(&buffer[..count]).expect("a Vec takes all");
            }
        });
        Self {
            bytes,
            reader: Some(reader),
        }
    }

    fn text(&self) -> String {
        let bytes = self.bytes.lock().expect("no thread panics with it");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// All of it, once it has ended.
    fn all(&mut self) -> String {
        let reader = self.reader.take().expect("it is asked for once");
        reader.join().expect("the reader does not panic");
        self.text()
    }
}

/// Waits until a query says `t`.
pub(crate) async fn until(session: &Session, query: &str) {
    let start = Instant::now();
    while session.value(query).await != "t" {
        assert!(start.elapsed() < LIMIT, "it never came to be: {query}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// The number masked that follows each of these words, or stands before them.
pub(crate) fn mask_numbers(text: &str) -> String {
    let mut text = text.to_owned();
    for word in ["pid ", "pg_terminate_backend(", "tries=", " in ", "tried "] {
        let mut masked = String::new();
        for (index, part) in text.split(word).enumerate() {
            let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
            if index == 0 {
                masked.push_str(part);
            } else if rest.len() == part.len() {
                masked.push_str(&format!("{word}{part}"));
            } else {
                masked.push_str(&format!("{word}<n>{rest}"));
            }
        }
        text = masked;
    }
    text
}

/// Each line once, where it comes first: how often a run says something again depends on the machine.
pub(crate) fn once(text: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in text.split_inclusive('\n') {
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines.concat()
}
