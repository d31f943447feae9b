//! Stress: encoded rows as a network may meet them on a bad day.
//!
//! Lives here: noise and missing numbers, from a seed. Does not live here: what growth of the loss is
//! acceptable (that is a gate).

use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;

/// Largest noise, in standard deviations of a standardised number.
pub const NOISE: f32 = 0.3;
/// Share of numbers that go missing.
pub const MISSING_SHARE: f32 = 0.1;

/// Every number with noise drawn evenly from -[`NOISE`] to [`NOISE`].
pub fn noisy(encoded: &[f32], seed: u64) -> Vec<f32> {
    let mut rng = Pcg64::seed_from_u64(seed);
    encoded.iter().map(|value| value + rng.random_range(-NOISE..=NOISE)).collect()
}

/// One number in ten set to what a missing one is encoded as: zero.
pub fn missing(encoded: &[f32], seed: u64) -> Vec<f32> {
    let mut rng = Pcg64::seed_from_u64(seed);
    encoded.iter().map(|value| if rng.random::<f32>() < MISSING_SHARE { 0.0 } else { *value }).collect()
}

#[cfg(test)]
mod tests {
    use super::{NOISE, missing, noisy};

    #[test]
    fn stress_is_bounded_and_repeatable() {
        let rows = vec![1.0; 1_000];
        assert_eq!(noisy(&rows, 3), noisy(&rows, 3));
        assert!(noisy(&rows, 3).iter().all(|value| (value - 1.0).abs() <= NOISE));
        let blank = missing(&rows, 3).iter().filter(|value| **value == 0.0).count();
        assert!((50..150).contains(&blank), "{blank} of 1000");
    }
}
