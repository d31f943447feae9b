//! Tally: what became of requests, and how long it took.
//!
//! Lives here: counting, and quantiles of all times rather than of buckets. May not: judge.

use std::time::Duration;

use super::caller::Heard;

/// What became of requests.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    answered: Vec<Duration>,
    refused: Vec<Duration>,
    pub(super) failed: u64,
    /// For which no connection was free.
    pub(super) unasked: u64,
    pub(super) took: Duration,
}

impl Tally {
    pub(super) fn heard(&mut self, heard: Heard, took: Duration) {
        match heard {
            Heard::Answered => self.answered.push(took),
            Heard::Refused => self.refused.push(took),
            Heard::Failed => self.failed += 1,
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.answered.extend(other.answered);
        self.refused.extend(other.refused);
        self.failed += other.failed;
        self.unasked += other.unasked;
    }

    /// Answers a second.
    pub(super) fn rate(&self) -> f64 {
        self.answered.len() as f64 / self.took.as_secs_f64()
    }

    /// Requests a second, those that were not asked included.
    pub(super) fn offered(&self) -> f64 {
        let all = self.answered.len() + self.refused.len();
        (all as f64 + self.failed as f64 + self.unasked as f64) / self.took.as_secs_f64()
    }

    pub(super) fn refused(&self) -> u64 {
        self.refused.len() as u64
    }

    /// What these shares of the answers took at most, in milliseconds.
    pub(super) fn answered_ms<const N: usize>(&self, shares: [f64; N]) -> [Option<f64>; N] {
        quantiles_ms(&self.answered, shares)
    }

    /// What 99 % of the refusals took at most, in milliseconds.
    pub(super) fn refused_p99_ms(&self) -> Option<f64> {
        quantiles_ms(&self.refused, [0.99])[0]
    }
}

fn quantiles_ms<const N: usize>(times: &[Duration], shares: [f64; N]) -> [Option<f64>; N] {
    let mut times = times.to_vec();
    times.sort_unstable();
    shares.map(|share| {
        let rank = (share * times.len() as f64).ceil() as usize;
        times.get(rank.saturating_sub(1)).map(|time| 1e3 * time.as_secs_f64())
    })
}

/// The middle one; none of none.
pub(super) fn median(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_unstable_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied()
}
