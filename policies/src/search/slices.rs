//! Slices: whether their order within a network is that of the networks they become, and who of them is tried.
//!
//! Lives here: the comparison, and what follows from it. Does not live here: slices themselves (those are [`model::slice`]),
//! losses.
//!
//! A slice has a loss at once, without a trial. After a trial it has the one of a network that learned alone. Two slices
//! tried in one rung agree if both losses put the same one first. With `C` that agree and `D` that do not,
//! `τ = (C - D) / (C + D)` (Kendall, Biometrika 1938; for shared weights arXiv:1902.08142).

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// From here on the order of slices is believed.
pub const TAU_MIN: f64 = 0.6;
/// Slices that are tried where it is not: spread over all sizes, so that it is measured.
pub const SPREAD: usize = 4;
/// Slices that are tried where it is: the best ones.
pub const BEST: usize = 2;
/// Pairs that are needed to know τ.
const PAIRS_MIN: usize = 6;
/// Pairs that it is known from at most; older ones are forgotten.
const PAIRS_MAX: usize = 60;

/// How far slices are ordered as the networks they become.
///
/// ```
/// use policies::search::slices::Faithfulness;
///
/// let mut faithfulness = Faithfulness::default();
/// assert_eq!(faithfulness.tau(), None);
/// // Loss within the network, and alone.
/// faithfulness.compare(&[(0.1, 0.2), (0.2, 0.3), (0.3, 0.5), (0.4, 0.4)]);
/// assert_eq!(faithfulness.tau(), Some((5.0 - 1.0) / 6.0));
/// assert!(faithfulness.is_trusted());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Faithfulness {
    /// Whether they agreed, the newest last.
    pairs: VecDeque<bool>,
}

impl Faithfulness {
    /// Slices that were tried in one rung: the loss of each within the network, and that of its trial. Those of which one of
    /// both is alike say nothing.
    pub fn compare(&mut self, losses: &[(f64, f64)]) {
        for (at, (within, alone)) in losses.iter().enumerate() {
            for (other_within, other_alone) in &losses[..at] {
                let order = (within - other_within) * (alone - other_alone);
                self.pairs.extend((order != 0.0 && order.is_finite()).then_some(order > 0.0));
            }
        }
        let old = self.pairs.len().saturating_sub(PAIRS_MAX);
        self.pairs.drain(..old);
    }

    /// Kendall's τ; none from too few pairs.
    pub fn tau(&self) -> Option<f64> {
        let agree = self.pairs.iter().filter(|agree| **agree).count() as f64;
        let count = self.pairs.len();
        (count >= PAIRS_MIN).then(|| (2.0 * agree - count as f64) / count as f64)
    }

    /// Whether the order of slices says which of them to try.
    pub fn is_trusted(&self) -> bool {
        self.tau().is_some_and(|tau| tau >= TAU_MIN)
    }

    /// Which of the slices with these losses are tried, by their place: the best ones where the order is trusted, or else some
    /// of all sizes. The slices ascend in size.
    pub fn tried(&self, losses: &[f64]) -> Vec<usize> {
        if self.is_trusted() {
            let mut order: Vec<usize> = (0..losses.len()).collect();
            order.sort_by(|a, b| losses[*a].total_cmp(&losses[*b]));
            order.truncate(BEST);
            return order;
        }
        let count = SPREAD.min(losses.len());
        (0..count).map(|at| at * losses.len() / count).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: usize, agree: usize) -> Faithfulness {
        Faithfulness { pairs: (0..pairs).map(|at| at < agree).collect() }
    }

    #[test]
    fn the_order_is_trusted_only_when_it_is_known_and_good() {
        assert!(!of(5, 5).is_trusted(), "too few pairs");
        assert!(of(10, 8).is_trusted());
        assert!(!of(10, 7).is_trusted());
        assert_eq!(of(10, 0).tau(), Some(-1.0));
    }

    #[test]
    fn the_best_are_tried_where_the_order_is_trusted_and_all_sizes_where_not() {
        let losses = [0.9, 0.3, 0.5, 0.2, 0.4, 0.8, 0.7, 0.6];
        assert_eq!(of(10, 9).tried(&losses), [3, 1]);
        assert_eq!(of(10, 5).tried(&losses), [0, 2, 4, 6]);
        assert_eq!(of(0, 0).tried(&losses[..3]), [0, 1, 2]);
        assert_eq!(of(10, 9).tried(&[]), [0; 0]);
    }

    #[test]
    fn old_pairs_and_ties_are_forgotten() {
        let mut faithfulness = of(PAIRS_MAX, 0);
        faithfulness.compare(&[(0.1, 0.1), (0.1, 0.2)]);
        assert_eq!(faithfulness, of(PAIRS_MAX, 0), "a tie says nothing");
        for _ in 0..PAIRS_MAX {
            faithfulness.compare(&[(0.1, 0.1), (0.2, 0.2)]);
        }
        assert_eq!(faithfulness, of(PAIRS_MAX, PAIRS_MAX));
    }
}
