//! A mean over a sample in which not everything had the same chance to be.
//!
//! Lives here: the estimator of Hájek (1964): values weigh the inverse of their chance, and their weights share out one.
//! May not: know what was sampled, or how.

use serde::{Deserialize, Serialize};

/// Estimates the mean over everything from what was kept of it. Its bias goes with one over the sample's size, and is none
/// where all chances are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WeightedMean {
    sum: f64,
    weights: f64,
}

impl WeightedMean {
    /// Takes in a value that stands for `weight` of its kind; what is not finite, or stands for nothing, is ignored.
    pub fn observe(&mut self, value: f64, weight: f64) {
        if value.is_finite() && weight.is_finite() && weight > 0.0 {
            self.sum += weight * value;
            self.weights += weight;
        }
    }

    /// The mean over everything; zero before the first value.
    pub fn mean(&self) -> f64 {
        if self.weights > 0.0 { self.sum / self.weights } else { 0.0 }
    }

    /// How many there are, by estimate (Horvitz and Thompson, 1952).
    pub fn population(&self) -> f64 {
        self.weights
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "nothing is rounded here")]

    use rand::{RngExt as _, SeedableRng as _};

    use super::*;

    #[test]
    fn what_was_sampled_rarely_counts_for_more() {
        let mut mean = WeightedMean::default();
        assert_eq!((mean.mean(), mean.population()), (0.0, 0.0));
        mean.observe(1.0, 3.0);
        mean.observe(0.0, 1.0);
        mean.observe(f64::NAN, 1.0);
        mean.observe(1.0, 0.0);
        assert_eq!((mean.mean(), mean.population()), (0.75, 4.0));
    }

    #[test]
    fn it_finds_the_mean_of_all_where_half_is_kept_of_the_worse() {
        let mut rng = rand_pcg::Pcg64::seed_from_u64(1);
        let (mut mean, mut all) = (WeightedMean::default(), 0.0);
        for at in 0..40_000 {
            let (value, chance) = if at < 20_000 { (0.1, 1.0) } else { (0.5, 0.05) };
            all += value / 40_000.0;
            if rng.random_bool(chance) {
                mean.observe(value, 1.0 / chance);
            }
        }
        assert!((mean.mean() - all).abs() < 0.01, "{} is not {all}", mean.mean());
        assert!((mean.population() / 40_000.0 - 1.0).abs() < 0.05, "{}", mean.population());
    }
}
