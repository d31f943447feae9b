//! Proportions: how large the chance behind some successes may be.
//!
//! Lives here: the exact bound of Clopper and Pearson (1934). May not: look more than once; for that there is
//! [`super::ConfidenceSequence`].

use super::special::binomial_tail;

/// Halvings of the interval of chances: far finer than a bound is read.
const HALVINGS: u32 = 50;

/// The largest chance of success under which so few of the trials succeed with probability `1 - confidence`: the true
/// one is at most this with that confidence. 1 without trials.
///
/// ```
/// let upper = policies::stats::proportion::upper_bound(0, 299, 0.95);
/// assert!((upper - 0.01).abs() < 1e-4, "the rule of three");
/// ```
pub fn upper_bound(successes: u64, trials: u64, confidence: f64) -> f64 {
    if successes >= trials {
        return 1.0;
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let chance = f64::midpoint(low, high);
        // More successes than there were are as good as certain beyond the bound.
        if binomial_tail(trials, chance, successes + 1) > confidence { high = chance } else { low = chance }
    }
    high
}

#[cfg(test)]
mod tests;
