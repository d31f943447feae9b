//! Due: when a champion is to be written to a repository.
//!
//! Lives here: [`Due`], from facts to yes or no. May not: write, or ask a clock.
//!
//! Another network always is: it is what people wait for. Newer weights of the same one come with every outcome, and a server
//! that loads each of them would do nothing else.

use std::time::Duration;

use model::{Generation, Timestamp};

/// What the learn plane has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// What it serves.
    pub generation: Generation,
    /// Promotions, takeovers, reliefs and rollbacks so far.
    pub swaps: u64,
}

/// Decides when.
#[derive(Clone, Debug)]
pub struct Due {
    refresh: Option<Duration>,
    last: Option<(Facts, Timestamp)>,
}

impl Due {
    /// For newer weights so often at most; without it, never.
    pub fn every(refresh: Option<Duration>) -> Self {
        Self { refresh, last: None }
    }

    /// Whether the champion is to be written now.
    pub fn is_now(&self, now: &Facts, time: Timestamp) -> bool {
        let Some((last, at)) = &self.last else { return true };
        let waited = Duration::from_millis(time.0.saturating_sub(at.0).try_into().unwrap_or(0));
        let is_refresh =
            now.generation != last.generation && self.refresh.is_some_and(|every| waited >= every);
        now.swaps != last.swaps || is_refresh
    }

    /// It is on its way.
    pub fn written(&mut self, facts: Facts, at: Timestamp) {
        self.last = Some((facts, at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(generation: u64, swaps: u64) -> Facts {
        Facts { generation: Generation(generation), swaps }
    }

    /// The generations that are written, of those that come at these seconds.
    fn written(refresh: Option<u64>, came: &[(u64, u64, i64)]) -> Vec<u64> {
        let mut due = Due::every(refresh.map(Duration::from_secs));
        let mut written = Vec::new();
        for (generation, swaps, seconds) in came {
            let (facts, time) = (facts(*generation, *swaps), Timestamp(seconds * 1_000));
            if due.is_now(&facts, time) {
                due.written(facts, time);
                written.push(*generation);
            }
        }
        written
    }

    #[test]
    fn swaps_are_written_at_once_and_newer_weights_now_and_then() {
        let came =
            [(5, 0, 0), (5, 0, 9), (6, 0, 9), (7, 0, 10), (8, 1, 11), (7, 2, 11), (9, 2, 20), (9, 2, 90)];
        assert_eq!(written(Some(10), &came), [5, 7, 8, 7, 9]);
        assert_eq!(written(None, &came), [5, 8, 7]);
    }

    #[test]
    fn a_clock_that_goes_back_writes_nothing_twice() {
        assert_eq!(written(Some(10), &[(5, 0, 100), (6, 0, 50), (7, 0, 110)]), [5, 7]);
    }
}
