//! Evidence that two rows of counts come from different distributions, and how different they are.
//!
//! Lives here: a two-sample test as an e-value, and the two measures people know, PSI and KS. PSI and KS
//! are reported, not judged by: their size under no drift depends on the number of rows.

use crate::stats::special::{chi_square_tail, hypergeometric_tail};

/// Rows of the window a cell must expect for chi-square to be trusted with it.
const EXPECTED_MIN: f64 = 5.0;
/// Smaller p-values count as this: beyond, the chi-square approximation means nothing.
const P_MIN: f64 = 1e-6;
/// Share an empty bin is taken to have in the PSI, which has no value for none.
const SHARE_MIN: f64 = 1e-4;

/// Natural logarithm of the evidence that the window differs from the past; its exponential has a mean of
/// at most one if it does not.
///
/// Given the sum of both, a window of the same distribution is a draw without replacement, so the
/// uncertainty of the past counts as much as that of the window. Bins too rare for chi-square form
/// one cell with an exact test of its own, which is how something never seen before is found.
pub fn log_e(past: &[u64], window: &[u64]) -> f64 {
    let (before, now) = (past.iter().sum::<u64>(), window.iter().sum::<u64>());
    if before == 0 || now == 0 {
        return 0.0;
    }
    let share = now as f64 / (before + now) as f64;
    let is_rare = |cell: &(u64, u64)| ((cell.0 + cell.1) as f64) * share < EXPECTED_MIN;
    let cells = past.iter().copied().zip(window.iter().copied());
    let (rare, mut common): (Vec<_>, Vec<_>) = cells.partition(is_rare);
    let rest = rare.iter().fold((0, 0), |sum, cell| (sum.0 + cell.0, sum.1 + cell.1));
    if rest == (0, 0) {
        return calibrated(chi_square_p(&common, before, now)).ln();
    }
    if !is_rare(&rest) {
        common.push(rest);
        return calibrated(chi_square_p(&common, before, now)).ln();
    }
    let rare_p = hypergeometric_tail(before + now, rest.0 + rest.1, now, rest.1);
    let common_p = chi_square_p(&common, common.iter().map(|c| c.0).sum(), common.iter().map(|c| c.1).sum());
    // The mean of two e-values is one, whatever they know of each other.
    f64::midpoint(calibrated(common_p), calibrated(rare_p)).ln()
}

/// Largest distance of the two cumulated distributions over bins, in the order given.
pub fn ks(past: &[u64], window: &[u64]) -> f64 {
    let mut distance = 0.0_f64;
    let mut largest = 0.0_f64;
    for (before, now) in shares(past).iter().zip(shares(window)) {
        distance += now - before;
        largest = largest.max(distance.abs());
    }
    largest
}

/// Population stability index; zero if both are the same.
pub fn psi(past: &[u64], window: &[u64]) -> f64 {
    let terms = shares(past).into_iter().zip(shares(window)).map(|(before, now)| {
        let (before, now) = (before.max(SHARE_MIN), now.max(SHARE_MIN));
        (now - before) * (now / before).ln()
    });
    terms.sum()
}

/// Counts as shares of their sum; all zero of nothing.
pub fn shares(counts: &[u64]) -> Vec<f64> {
    let sum = counts.iter().sum::<u64>().max(1) as f64;
    counts.iter().map(|count| *count as f64 / sum).collect()
}

/// The calibrator `p^(-1/2) / 2`: its mean over a uniform p is one.
fn calibrated(p: f64) -> f64 {
    0.5 / p.max(P_MIN).sqrt()
}

/// The two-sample chi-square test; 1 where there is nothing to compare.
fn chi_square_p(cells: &[(u64, u64)], before: u64, now: u64) -> f64 {
    if cells.len() < 2 || before == 0 || now == 0 {
        return 1.0;
    }
    let ratio = (before as f64 / now as f64).sqrt();
    let term = |cell: &(u64, u64)| {
        let difference = cell.1 as f64 * ratio - cell.0 as f64 / ratio;
        difference * difference / (cell.0 + cell.1) as f64
    };
    chi_square_tail(cells.iter().map(term).sum(), cells.len() as u32 - 1)
}

#[cfg(test)]
mod tests;
