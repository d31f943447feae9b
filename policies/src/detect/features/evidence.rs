//! Evidence that two rows of counts come from different distributions, and how different they are.
//!
//! Lives here: a two-sample test as an e-value, and the two measures people know, PSI and KS. PSI and KS
//! are reported, not judged by: their size under no drift depends on the number of rows.

use crate::detect::FeatureShift;
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
/// one cell with an exact test of its own, which is how something never seen before is found; where nearly all are, as
/// with a hundred classes, neighbours are joined.
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
        return calibrated(chi_square_p(&common)).ln();
    }
    if !is_rare(&rest) {
        // One cell and the rest of nothing would compare nothing.
        if common.len() < 2 {
            common.extend(joined(&rare, is_rare));
        } else {
            common.push(rest);
        }
        return calibrated(chi_square_p(&common)).ln();
    }
    let rare_p = hypergeometric_tail(before + now, rest.0 + rest.1, now, rest.1);
    let common_p = chi_square_p(&common);
    // The mean of two e-values is one, whatever they know of each other.
    f64::midpoint(calibrated(common_p), calibrated(rare_p)).ln()
}

/// Rare cells, each joined with those after it until it is rare no more.
fn joined(rare: &[(u64, u64)], is_rare: impl Fn(&(u64, u64)) -> bool) -> Vec<(u64, u64)> {
    let (mut cells, mut open) = (Vec::new(), (0, 0));
    for cell in rare {
        open = (open.0 + cell.0, open.1 + cell.1);
        if !is_rare(&open) {
            cells.push(std::mem::take(&mut open));
        }
    }
    if let Some(last) = cells.last_mut() {
        *last = (last.0 + open.0, last.1 + open.1);
    }
    cells
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
    shares(past).into_iter().zip(shares(window)).map(|(before, now)| index_term(before, now)).sum()
}

/// What one bin, or class, adds to the index whose share changed so.
pub fn index_term(before: f64, now: f64) -> f64 {
    let (before, now) = (before.max(SHARE_MIN), now.max(SHARE_MIN));
    (now - before) * (now / before).ln()
}

/// Probability of a population stability index as large as this or larger between two samples of one distribution.
///
/// Times `n m / (n + m)` it is then about chi-square with as many degrees of freedom as there are bins in use, less
/// one, from about five rows a bin on; of fewer it is too large. Its size alone says nothing: with a hundred rows and ten bins, 0.18 is what no drift at all gives.
pub fn psi_p(past: &[u64], window: &[u64]) -> f64 {
    let (before, now) = (past.iter().sum::<u64>() as f64, window.iter().sum::<u64>() as f64);
    let used = past.iter().zip(window).filter(|(before, now)| **before + **now > 0).count() as u32;
    if before * now == 0.0 {
        return 1.0;
    }
    chi_square_tail(psi(past, window) * before * now / (before + now), used.saturating_sub(1))
}

/// How a feature's counts differ, that of missing values being last, and how sure that is.
pub fn shift(feature: usize, before: &[u64], now: &[u64], log_e: f64) -> FeatureShift {
    let missing = |counts: &[u64]| shares(counts).last().copied().unwrap_or(0.0);
    let present = before.len().saturating_sub(1);
    FeatureShift {
        feature,
        ks: ks(&before[..present], &now[..present]),
        psi: psi(before, now),
        psi_p: psi_p(before, now),
        missing_before: missing(before),
        missing_now: missing(now),
        log_e,
    }
}

/// Counts as shares of their sum; all zero of nothing.
pub fn shares(counts: &[u64]) -> Vec<f64> {
    let sum = counts.iter().sum::<u64>().max(1) as f64;
    counts.iter().map(|count| *count as f64 / sum).collect()
}

/// A p-value for evidence of [`log_e`], as far as that goes down: twice that of the calibrator, for it may be a mean of two.
pub fn p_of(log_e: f64) -> f64 {
    (0.5 * (-2.0 * log_e).exp()).min(1.0)
}

/// The calibrator `p^(-1/2) / 2`: its mean over a uniform p is one.
fn calibrated(p: f64) -> f64 {
    0.5 / p.max(P_MIN).sqrt()
}

fn chi_square_p(cells: &[(u64, u64)]) -> f64 {
    let (statistic, freedom) = chi_square(cells.iter().copied());
    chi_square_tail(statistic, freedom)
}

/// The two-sample chi-square statistic and its degrees of freedom, none where there is nothing to compare.
pub(in crate::detect) fn chi_square(cells: impl Iterator<Item = (u64, u64)> + Clone) -> (f64, u32) {
    let cells = cells.filter(|cell| *cell != (0, 0));
    let (before, now) = cells.clone().fold((0, 0), |sum, cell| (sum.0 + cell.0, sum.1 + cell.1));
    if before == 0 || now == 0 {
        return (0.0, 0);
    }
    let ratio = (before as f64 / now as f64).sqrt();
    let term = |cell: (u64, u64)| {
        let difference = cell.1 as f64 * ratio - cell.0 as f64 / ratio;
        difference * difference / (cell.0 + cell.1) as f64
    };
    (cells.clone().map(term).sum(), (cells.count() as u32).saturating_sub(1))
}

#[cfg(test)]
mod tests;
