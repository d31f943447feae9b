//! e-BH: which of many hypotheses to reject, so that few of the rejected ones are true.
//!
//! Lives here: the procedure of Wang and Ramdas ("False discovery rate control with e-values", 2022). May not: make
//! e-values.

/// Positions of the rejected hypotheses, those with most evidence first.
///
/// Of `K` e-values, given as natural logarithms, the `k` largest are rejected, with the largest `k` for which each of
/// them is at least `K / (k alpha)`. The expected share of true hypotheses among the rejected ones is then at most
/// `alpha`, however the e-values depend on each other; a p-value would need independence, or a factor `ln K`. What is
/// no number is no evidence; without a positive `alpha` nothing is rejected.
///
/// ```
/// use policies::stats::e_bh;
///
/// let log_e = [1.0_f64, 30.0, 3.0, 50.0].map(f64::ln);
/// assert_eq!(e_bh::rejected(&log_e, 0.1), [3, 1], "two of four have to be at least 20");
/// ```
pub fn rejected(log_e: &[f64], alpha: f64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..log_e.len()).filter(|at| !log_e[*at].is_nan()).collect();
    order.sort_by(|a, b| log_e[*b].total_cmp(&log_e[*a]));
    let log_needed = (log_e.len() as f64 / alpha.max(0.0)).ln();
    let enough = |rank: &usize| log_e[order[rank - 1]] >= log_needed - (*rank as f64).ln();
    let count = (1..=order.len()).rev().find(enough).unwrap_or(0);
    order.truncate(count);
    order
}

#[cfg(test)]
mod tests;
