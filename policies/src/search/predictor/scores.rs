//! Normal scores: numbers of any scale by their rank alone.
//!
//! Lives here: the transformation of levels and features that keeps one network that fails, or one feature that explodes,
//! from ruling a fit. May not: know what a number stands for.

use serde::{Deserialize, Serialize};

use crate::stats::normal;

/// Stands for infinity: what is between it and a number can still be computed.
const FAR: f64 = f64::MAX / 8.0;

/// Maps numbers to the normal quantiles of their ranks (Blom 1958), and what lies between to what lies between.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Different numbers, ascending, each with its score.
    known: Vec<(f64, f64)>,
}

impl Scores {
    /// By the ranks of these; equals share the middle of theirs. NaN counts as the lowest.
    pub fn of(values: &[f64]) -> Self {
        let mut sorted: Vec<f64> = values.iter().map(|value| finite(*value)).collect();
        sorted.sort_by(f64::total_cmp);
        let of_rank = |rank: f64| normal::quantile((rank - 0.375) / (sorted.len() as f64 + 0.25));
        let mut known = Vec::new();
        let mut before = 0;
        for equals in sorted.chunk_by(|a, b| a.total_cmp(b).is_eq()) {
            let middle = before as f64 + 0.5 * (equals.len() as f64 + 1.0);
            known.push((equals[0], of_rank(middle)));
            before += equals.len();
        }
        Self { known }
    }

    /// The score of a number: never beyond that of the lowest or highest known; zero if none is.
    pub fn score(&self, value: f64) -> f64 {
        let value = finite(value);
        let above = self.known.partition_point(|(known, _)| *known < value);
        match (above.checked_sub(1).map(|below| self.known[below]), self.known.get(above)) {
            (Some(low), Some(high)) => {
                let share = (value - low.0) / (high.0 - low.0);
                low.1 + share * (high.1 - low.1)
            }
            (None, Some(end)) => end.1,
            (Some(end), None) => end.1,
            (None, None) => 0.0,
        }
    }
}

fn finite(value: f64) -> f64 {
    if value.is_nan() { -FAR } else { value.clamp(-FAR, FAR) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranks_decide_and_failures_are_the_lowest() {
        let scores = Scores::of(&[3.0, f64::NEG_INFINITY, 1e9, 3.0, f64::NAN]);
        let [failed, middle, best] = [f64::NEG_INFINITY, 3.0, 1e9].map(|value| scores.score(value));
        assert!(
            (failed - normal::quantile(1.125 / 5.25)).abs() < 1e-12 && best > 1.1 && best < 1.2,
            "{failed} {best}"
        );
        assert!((middle - normal::quantile(3.125 / 5.25)).abs() < 1e-12);
        assert!((scores.score(1e10) - best).abs() < 1e-12, "no further than the best");
        assert!((scores.score(0.0) - middle).abs() < 1e-9, "of infinity and three, three is nearer");
        assert!(Scores::of(&[]).score(3.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn order_is_kept(values in prop::collection::vec(-1e3_f64..1e3, 1..40), pair in (-2e3_f64..2e3, -2e3_f64..2e3)) {
            let scores = Scores::of(&values);
            let (low, high) = (pair.0.min(pair.1), pair.0.max(pair.1));
            prop_assert!(scores.score(low) <= scores.score(high));
            prop_assert!(scores.score(low).is_finite());
        }
    }
}
