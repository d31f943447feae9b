//! Whether only the shares of the classes changed, or also what is answered to each class.
//!
//! Lives here: the comparison of two confusions, from before a change and since. If the answers to each class stayed
//! as they were, weighing the classes anew is enough, and the cheapest remedy; if not, the model has to learn. May
//! not: decide which is done.

use serde::{Deserialize, Serialize};

use super::label_shift::{Confusion, shares_p};
use crate::detect::features::evidence;
use crate::stats::special::chi_square_tail;

/// Half the width of an interval that holds with 95 %, in standard errors.
const STANDARD_ERRORS: f64 = 1.96;

/// What changed between two confusions, and how much of the error it explains.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShiftKind {
    /// Probability of shares of the classes as unlike as these or more if they did not change (chi-square).
    pub shares_p: f64,
    /// Probability of answers to the classes as unlike as these or more if none changed (chi-square, all classes).
    pub answers_p: f64,
    /// Share of wrong answers before.
    pub error_before: f64,
    /// Share of wrong answers there would be now, had only the shares changed.
    pub error_by_shares: f64,
    /// Share of wrong answers now.
    pub error_now: f64,
    /// A 95 % interval of the error now less what the shares explain.
    pub unexplained: (f64, f64),
}

impl ShiftKind {
    /// Whether shares changed, answers to each class are not seen to have, and what shares do not explain of the error
    /// is surely within the tolerance. Few labels are no proof: the interval is then wide, and this false.
    pub fn is_label_shift_only(&self, alpha: f64, tolerance: f64) -> bool {
        let within = self.unexplained.0 >= -tolerance && self.unexplained.1 <= tolerance;
        self.shares_p <= alpha && self.answers_p > alpha && within
    }
}

/// Compares the outcomes before a change with those since, of one and the same model; none without both.
///
/// A class that never came before has no column to compare: its answers count as unexplained.
pub fn shift_kind(before: &Confusion, now: &Confusion) -> Option<ShiftKind> {
    if before.classes() != now.classes() || before.total() == 0 || now.total() == 0 {
        return None;
    }
    let (mut statistic, mut freedom, mut by_shares, mut variance) = (0.0, 0, 0.0, 0.0);
    let shares = evidence::shares(&now.truths());
    for (class, share) in shares.iter().enumerate() {
        let (was, is) = (before.answers_to(class), now.answers_to(class));
        let (one, degrees) = evidence::chi_square(was.iter().copied().zip(is.iter().copied()));
        (statistic, freedom) = (statistic + one, freedom + degrees);
        let (error_was, error_is) = (error(&was, class), error(&is, class));
        by_shares += share * error_was.unwrap_or(0.0);
        variance += share * share * (noise(&was, error_was) + noise(&is, error_is));
    }
    let unexplained = now.error() - by_shares;
    let reach = STANDARD_ERRORS * variance.sqrt();
    Some(ShiftKind {
        shares_p: shares_p(&before.truths(), &now.truths()),
        answers_p: chi_square_tail(statistic, freedom),
        error_before: before.error(),
        error_by_shares: by_shares,
        error_now: now.error(),
        unexplained: (unexplained - reach, unexplained + reach),
    })
}

/// Share of wrong answers to a class; none if there were none.
fn error(answers: &[u64], class: usize) -> Option<f64> {
    let sum: u64 = answers.iter().sum();
    (sum > 0).then(|| (sum - answers[class]) as f64 / sum as f64)
}

/// Variance of that share, with one wrong and one right answer more, as none wrong of few is no certainty.
fn noise(answers: &[u64], error: Option<f64>) -> f64 {
    let sum = answers.iter().sum::<u64>() as f64;
    let share = (error.unwrap_or(0.5) * sum + 1.0) / (sum + 2.0);
    share * (1.0 - share) / (sum + 2.0)
}

#[cfg(test)]
mod tests;
