//! Against the exact binomial; the stated confidence is kept on numbers that are not zeros and ones.

use proptest::prelude::*;
use rand::RngExt;

use super::*;
use crate::stats::proportion;
use crate::stats::simulate::generator;

#[test]
fn nothing_known_is_no_bound() {
    assert!((bentkus(0.0, 0, 0.005) - 1.0).abs() < 1e-12);
    assert!((bentkus(7.0, 7, 0.005) - 1.0).abs() < 1e-12);
    let none = bentkus(0.0, 5_000, 0.005);
    assert!((none - (std::f64::consts::E / 0.005).ln() / 5_000.0).abs() < 1e-5, "{none}");
}

#[test]
fn it_is_rarely_too_low() {
    let too_low = |seed| {
        let mut rng = generator(seed);
        // Mean one quarter, and half of them in between.
        let sum: f64 = (0..200).map(|_| (rng.random::<f64>() - 0.5).max(0.0) * 2.0).sum();
        bentkus(sum, 200, 0.05) < 0.25
    };
    let count = (0..1_000).filter(|seed| too_low(*seed)).count();
    assert!(count <= 50, "{count} of 1,000");
}

proptest! {
    #[test]
    fn of_zeros_and_ones_it_is_the_exact_bound_at_a_smaller_alpha(count in 1..400_u64, share in 0.0..1.0_f64) {
        let ones = ((count - 1) as f64 * share) as u64;
        let exact = proportion::upper_bound(ones, count, 1.0 - 0.005 / std::f64::consts::E);
        prop_assert!((bentkus(ones as f64, count, 0.005) - exact).abs() < 1e-6);
    }
}
