//! Clock: the time by which deadlines pass.
//!
//! Lives here: one reading of the machine's date, and what has gone by since. The machine's date may jump, forwards or
//! back; this time does not: it begins at the date (or where the state says that it was, if that is later) and goes on
//! as the machine's uptime does. May not: stamp what people read (`decisions` and `storage` ask for the date).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use model::Timestamp;

/// A running clock; clones are the same one.
#[derive(Clone, Debug)]
pub struct Clock {
    date: Timestamp,
    since: Instant,
    /// Milliseconds by which it was put forward.
    ahead: Arc<AtomicU64>,
}

impl Clock {
    /// Begins at the machine's date.
    pub fn of_machine() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::starting_at(Timestamp(millis(since)))
    }

    /// Begins at another date.
    pub fn starting_at(date: Timestamp) -> Self {
        Self { date, since: Instant::now(), ahead: Arc::default() }
    }

    /// The same clock, but not behind a time that was seen before: whoever restarts on a machine whose date went back
    /// must not wait until it has caught up.
    #[must_use]
    pub fn not_before(self, seen: Timestamp) -> Self {
        Self { date: self.date.max(seen), ..self }
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        let ahead = Duration::from_millis(self.ahead.load(Ordering::Relaxed));
        Timestamp(self.date.0.saturating_add(millis(self.since.elapsed() + ahead)))
    }

    /// How long ago that was.
    pub fn elapsed(&self, since: Timestamp) -> Duration {
        Duration::from_millis(self.now().0.saturating_sub(since.0).try_into().unwrap_or(0))
    }

    /// Puts it and its clones forward: for tests, which do not wait.
    pub fn advance(&self, by: Duration) {
        self.ahead.fetch_add(millis(by).unsigned_abs(), Ordering::Relaxed);
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_on_from_what_was_seen_whatever_the_date_says() {
        let seen = Timestamp(1_000_000);
        let behind = Clock::starting_at(Timestamp(5)).not_before(seen);
        assert!(behind.now() >= seen);
        behind.clone().advance(Duration::from_mins(10));
        assert!(behind.now() >= Timestamp(seen.0 + 600_000), "clones are the same clock");
        assert!(behind.elapsed(seen) >= Duration::from_mins(10));
        assert_eq!(behind.elapsed(Timestamp(i64::MAX)), Duration::ZERO);
        let after = Clock::starting_at(Timestamp(2_000_000)).not_before(seen);
        assert!(after.now() >= Timestamp(2_000_000));
    }
}
