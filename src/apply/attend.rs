//! While the server works: watch it from a second connection, and cancel it when a signal asks for the end.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::At;
use super::step::Step;
use crate::connect::Session;
use crate::lock::Blocker;
use crate::signal::Stop;

/// Between two requests to cancel: one that arrives between two statements is lost.
const CANCEL_EVERY: Duration = Duration::from_millis(100);

/// For the server to obey. It rolls back at once, or it is out of reach: then unlocking and closing take some seconds
/// more.
const GRACE: Duration = Duration::from_secs(3);

/// A step under way, as who runs it and who watches it both know it.
pub(super) struct Running<'a> {
    pub(super) step: &'a Step<'a>,
    process: AtomicI32,
    now: Mutex<Now>,
}

/// What the server is at.
#[derive(Clone)]
pub(super) struct Now {
    pub(super) at: At,
    pub(super) since: Instant,
    /// Who was in the way when it was looked last.
    pub(super) blockers: Vec<Blocker>,
}

impl<'a> Running<'a> {
    /// It starts now, in a process of the server.
    pub(super) fn new(step: &'a Step<'a>, process: i32) -> Self {
        Self {
            step,
            process: AtomicI32::new(process),
            now: Mutex::new(Now {
                at: At::Frame,
                since: Instant::now(),
                blockers: Vec::new(),
            }),
        }
    }

    /// The server has come to something else.
    pub(super) fn is_at(&self, at: At) {
        self.change(|now| {
            now.at = at;
            now.since = Instant::now();
            now.blockers.clear();
        });
    }

    /// The process that serves it is this one, and not the one that let us in.
    pub(super) fn is_served_by(&self, process: &str) {
        if let Ok(process) = process.parse() {
            self.process.store(process, Relaxed);
        }
    }

    pub(super) fn is_blocked_by(&self, blockers: Vec<Blocker>) {
        self.change(|now| now.blockers = blockers);
    }

    pub(super) fn process(&self) -> i32 {
        self.process.load(Relaxed)
    }

    pub(super) fn now(&self) -> Now {
        self.change(|now| now.clone())
    }

    fn change<T>(&self, change: impl FnOnce(&mut Now) -> T) -> T {
        change(&mut self.now.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Does the work to its end, with somebody watching. None where it was stopped, and the server did not say how it ended.
pub(super) async fn attend<T>(
    session: &Session,
    stop: &Stop,
    watch: impl Future<Output = Infallible>,
    work: impl Future<Output = T>,
) -> Option<T> {
    Canceller::new(session, stop).attend(watch, work).await
}

/// Cancels from a signal on. It is the same for all the steps that are on their way together: a quick one must not end
/// the request that the next one is to be cancelled by.
pub(super) struct Canceller<'a>(Pin<Box<dyn Future<Output = ()> + Send + 'a>>);

impl<'a> Canceller<'a> {
    pub(super) fn new(session: &'a Session, stop: &'a Stop) -> Self {
        Self(Box::pin(cancel_when_stopped(session, stop)))
    }

    /// As [`attend`]. Not to be called again once it gave None.
    pub(super) async fn attend<T>(
        &mut self,
        watch: impl Future<Output = Infallible>,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        tokio::select! {
            biased;
            result = work => Some(result),
            never = watch => match never {},
            () = &mut self.0 => None,
        }
    }
}

async fn cancel_when_stopped(session: &Session, stop: &Stop) {
    stop.signalled().await;
    let asked = Instant::now();
    while asked.elapsed() < GRACE {
        session.cancel().await;
        tokio::time::sleep(CANCEL_EVERY).await;
    }
}
