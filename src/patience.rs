//! How long something is tried again: growing pauses, a limit, and when to say so.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use crate::config::Timeout;
use crate::signal::{Stop, Stopped};

/// Between two words about one wait, at the start; it doubles up to [`LONGEST_SILENCE`].
const FIRST_SILENCE: Duration = Duration::from_secs(5);

/// Between two words about one wait, at the most.
const LONGEST_SILENCE: Duration = Duration::from_mins(1);

/// Tries again until a limit is reached.
pub struct Patience<'a> {
    stop: &'a Stop,
    start: Instant,
    limit: Timeout,
    pause: Duration,
    longest_pause: Duration,
    silence: Duration,
    next_word: Duration,
}

impl<'a> Patience<'a> {
    /// Starts now and ends after `limit`. Pauses start with `first_pause` and double up to `longest_pause`.
    pub fn new(
        limit: Timeout,
        first_pause: Duration,
        longest_pause: Duration,
        stop: &'a Stop,
    ) -> Self {
        Self {
            stop,
            start: Instant::now(),
            limit,
            pause: first_pause,
            longest_pause,
            silence: FIRST_SILENCE,
            next_word: Duration::ZERO,
        }
    }

    /// How long it has been tried.
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// For how long it is tried in all.
    pub fn limit(&self) -> Timeout {
        self.limit
    }

    /// Whether the limit is reached.
    pub fn is_used_up(&self) -> bool {
        self.left().is_zero()
    }

    fn left(&self) -> Duration {
        self.limit.0.saturating_sub(self.elapsed())
    }

    /// Pauses before the next try; `false` where the limit was reached before.
    ///
    /// # Errors
    /// There was a signal.
    pub async fn next_try(&mut self) -> Result<bool, Stopped> {
        let left = self.left();
        if left.is_zero() {
            return Ok(false);
        }
        self.stop.pause(jitter(self.pause).min(left)).await?;
        self.pause = (self.pause * 2).min(self.longest_pause);
        Ok(true)
    }

    /// Whether it is time for a word about the wait: at its start, then in growing intervals.
    pub fn is_word_due(&mut self) -> bool {
        let elapsed = self.elapsed();
        if elapsed < self.next_word {
            return false;
        }
        self.next_word = elapsed + self.silence;
        self.silence = (self.silence * 2).min(LONGEST_SILENCE);
        true
    }
}

/// Between half of the pause and the whole, so that runners that started together drift apart.
fn jitter(pause: Duration) -> Duration {
    // The hasher's keys are random; a crate for random numbers would be used for this alone.
    let random = RandomState::new().hash_one(()) % 1000;
    pause / 2 + pause / 2 * u32::try_from(random).unwrap_or_default() / 1000
}
