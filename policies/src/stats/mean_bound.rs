//! Mean bound: how large the mean behind a sample may be, whose size was fixed before it was drawn.
//!
//! Lives here: Bentkus' bound for independent numbers in 0..=1. May not: look more than once; for that there is
//! [`super::ConfidenceSequence`], which pays for it.

use super::special::ln_choose;

/// Halvings of the interval of means: far finer than a bound is read.
const HALVINGS: u32 = 50;
/// Share of the sum below which further terms change nothing.
const NEGLIGIBLE: f64 = 1e-16;

/// The mean of `count` independent numbers in 0..=1 with this sum is at most the value, with probability
/// `1 - alpha`; 1 of none.
///
/// Bentkus (2004): such a sum is as small as this with at most `e` times the probability that a binomial one of the
/// same mean is. For zeros and ones this is nearly the exact bound of Clopper and Pearson at `alpha / e`; it does not
/// get narrower for numbers that vary less.
///
/// ```
/// let upper = policies::stats::mean_bound::bentkus(500.0, 5_000, 0.005);
/// assert!((0.112..0.114).contains(&upper));
/// ```
pub fn bentkus(sum: f64, count: u64, alpha: f64) -> f64 {
    // A sum of tenths may have been rounded to just above a whole number.
    let whole = (sum - 1e-6).ceil().max(0.0) as u64;
    if whole >= count {
        return 1.0;
    }
    let (mut low, mut high) = (whole as f64 / count as f64, 1.0);
    for _ in 0..HALVINGS {
        let mean = f64::midpoint(low, high);
        if std::f64::consts::E * binomial_head(count, mean, whole) <= alpha {
            high = mean;
        } else {
            low = mean;
        }
    }
    high
}

/// Probability that at most `k < n` of `n` trials succeed, each with probability `p`, for `k <= n p`: terms fall from
/// the `k`-th downwards, so a few roots of `n` of them are all there is.
fn binomial_head(n: u64, p: f64, k: u64) -> f64 {
    if p >= 1.0 {
        return 0.0;
    }
    let mut term = (ln_choose(n, k) + k as f64 * p.ln() + (n - k) as f64 * (-p).ln_1p()).exp();
    let (mut sum, mut at) = (term, k);
    while at > 0 && term > NEGLIGIBLE * sum {
        term *= at as f64 / (n - at + 1) as f64 * (1.0 - p) / p;
        sum += term;
        at -= 1;
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests;
