//! SIGTERM and SIGINT: whoever waits is told, and comes to an end in order.

use std::fmt;
use std::future::pending;
use std::time::Duration;

use anyhow::Context;
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::error::exit_code;

/// A signal that asks a run to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Signal {
    /// What an init system or a container platform sends.
    #[serde(rename = "SIGTERM")]
    Terminate,
    /// What Ctrl-C sends.
    #[serde(rename = "SIGINT")]
    Interrupt,
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Terminate => "SIGTERM",
            Self::Interrupt => "SIGINT",
        })
    }
}

/// Knows whether a signal has asked for the end. Cheap to clone; every clone is told.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<Option<Signal>>);

impl Stop {
    /// Listens to the signals of this process, from now on and for good. A second one ends the process at once, for
    /// those who do not want to wait: the server rolls back what is open.
    ///
    /// # Errors
    /// The operating system does not let us listen.
    pub fn on_signals() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("signals cannot be listened to");
        let mut terminate = listen(SignalKind::terminate())?;
        let mut interrupt = listen(SignalKind::interrupt())?;
        let (sender, receiver) = watch::channel(None);
        tokio::spawn(async move {
            let first = tokio::select! {
                _ = terminate.recv() => Signal::Terminate,
                _ = interrupt.recv() => Signal::Interrupt,
            };
            tracing::debug!(signal = %first, "asked to stop");
            sender.send_replace(Some(first));
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            std::process::exit(exit_code::STOPPED.into());
        });
        Ok(Self(receiver))
    }

    /// Never asks for the end, for those who use this crate as a library.
    pub fn never() -> Self {
        Self(watch::channel(None).1)
    }

    /// The signal, if there was one.
    pub fn requested(&self) -> Option<Signal> {
        *self.0.borrow()
    }

    /// Returns when there is a signal.
    pub async fn signalled(&self) -> Signal {
        let mut receiver = self.0.clone();
        let signal = receiver.wait_for(Option::is_some).await;
        match signal.ok().and_then(|signal| *signal) {
            Some(signal) => signal,
            // Nobody sends any more.
            None => pending().await,
        }
    }

    /// Waits, unless there is a signal.
    ///
    /// # Errors
    /// [`Stopped`]: there is one.
    pub async fn pause(&self, duration: Duration) -> Result<(), Stopped> {
        self.unless_stopped(tokio::time::sleep(duration)).await
    }

    /// Does something that may be given up at any moment.
    ///
    /// # Errors
    /// [`Stopped`]: there was a signal before it was done.
    pub async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Result<T, Stopped> {
        tokio::select! {
            biased;
            signal = self.signalled() => Err(Stopped { signal }),
            result = work => Ok(result),
        }
    }
}

/// A signal asked for the end. Exit code 7: worth another try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped {
    /// Which one.
    pub signal: Signal,
}
