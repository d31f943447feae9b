//! Against closed forms and the binomial itself.

use proptest::prelude::*;

use super::*;

#[test]
fn no_success_has_a_closed_form() {
    for (trials, confidence) in [(10, 0.95), (2_000, 0.99)] {
        let exact = 1.0 - (1.0_f64 - confidence).powf(1.0 / trials as f64);
        assert!((upper_bound(0, trials, confidence) - exact).abs() < 1e-9);
    }
    assert!((upper_bound(3, 3, 0.9) - 1.0).abs() < 1e-12 && (upper_bound(0, 0, 0.9) - 1.0).abs() < 1e-12);
}

proptest! {
    #[test]
    fn at_the_bound_so_few_are_just_as_rare_as_stated(trials in 1..400_u64, share in 0.0..1.0_f64, confidence in 0.5..0.999_f64) {
        let successes = ((trials - 1) as f64 * share) as u64;
        let upper = upper_bound(successes, trials, confidence);
        prop_assert!(upper >= successes as f64 / trials as f64 || confidence < 0.6);
        prop_assert!((binomial_tail(trials, upper, successes + 1) - confidence).abs() < 1e-6);
    }
}
