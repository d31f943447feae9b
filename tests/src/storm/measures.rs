//! Measures: times in a histogram of fixed size, and memory.
//!
//! Lives here: counting without allocating, so that counting does not look like growth. May not: judge.

use std::time::Duration;

/// Steps for each doubling: a quantile is told within 3 %.
const FINENESS: f64 = 24.0;
/// Up to 2^40 nanoseconds, a quarter of an hour.
const BUCKETS: usize = 40 * FINENESS as usize;

/// Times.
#[derive(Clone, Debug)]
pub(super) struct Histogram(Vec<u64>);

impl Default for Histogram {
    fn default() -> Self {
        Self(vec![0; BUCKETS])
    }
}

impl Histogram {
    pub(super) fn observe(&mut self, time: Duration) {
        let nanoseconds = (time.as_nanos() as f64).max(1.0);
        let bucket = (nanoseconds.log2() * FINENESS) as usize;
        self.0[bucket.min(BUCKETS - 1)] += 1;
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (mine, others) in self.0.iter_mut().zip(&other.0) {
            *mine += others;
        }
    }

    /// The upper end of the bucket in which this share of the times is reached, in seconds; 0 of none.
    pub(super) fn quantile(&self, q: f64) -> f64 {
        let rank = (q * self.0.iter().sum::<u64>() as f64).ceil();
        let mut below = 0.0;
        for (bucket, count) in self.0.iter().enumerate() {
            below += *count as f64;
            if *count > 0 && below >= rank {
                return ((bucket + 1) as f64 / FINENESS).exp2() * 1e-9;
            }
        }
        0.0
    }
}

/// Resident memory of this process, in bytes; none where the system does not tell.
pub(super) fn resident() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let kibibytes = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(1024.0 * kibibytes.trim().trim_end_matches("kB").trim().parse::<f64>().ok()?)
}

/// Least-squares slope over the samples after the first fifth; none of too few.
pub(super) fn slope(samples: &[f64]) -> Option<f64> {
    let samples = &samples[samples.len() / 5..];
    if samples.len() < 20 {
        return None;
    }
    let count = samples.len() as f64;
    let (middle, mean) = ((count - 1.0) / 2.0, samples.iter().sum::<f64>() / count);
    let (mut along, mut spread) = (0.0, 0.0);
    for (at, sample) in samples.iter().enumerate() {
        let off = at as f64 - middle;
        along += off * (sample - mean);
        spread += off * off;
    }
    Some(along / spread)
}
