//! Quantiles of samples, and how far up the true one may lie.
//!
//! Lives here: order statistics, free of any assumption about the distribution.

use crate::stats::special::binomial_tail;

/// The sample below or at which a share `q` of the samples lies; `None` of no samples.
///
/// A sample that is not finite counts as larger than all others: nobody knows how bad it was.
pub fn value(samples: &[f64], q: f64) -> Option<f64> {
    let rank = (q.clamp(0.0, 1.0) * samples.len() as f64).ceil().max(1.0) as usize;
    ascending(samples).get(rank - 1).copied()
}

/// The smallest sample that is at or above the true `q`-quantile with this confidence; `None` if there
/// are too few samples for any to be.
///
/// The k-th smallest sample lies below the quantile only if at least k samples do, and their number is
/// binomial whatever the distribution is. Samples must be independent of each other.
pub fn upper_bound(samples: &[f64], q: f64, confidence: f64) -> Option<f64> {
    let count = samples.len() as u64;
    // The tail falls as k grows: the first k with a small enough tail is found by halving.
    let sure = |k: u64| binomial_tail(count, q, k) <= 1.0 - confidence;
    if count == 0 || !sure(count) {
        return None;
    }
    let (mut low, mut high) = (1, count);
    while low < high {
        let middle = low.midpoint(high);
        if sure(middle) { high = middle } else { low = middle + 1 }
    }
    ascending(samples).get(low as usize - 1).copied()
}

fn ascending(samples: &[f64]) -> Vec<f64> {
    let known = |x: &f64| if x.is_finite() { *x } else { f64::INFINITY };
    let mut sorted: Vec<f64> = samples.iter().map(known).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

#[cfg(test)]
mod tests;
