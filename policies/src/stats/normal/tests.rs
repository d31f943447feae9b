//! Known values, and that no digit is lost far out.

use proptest::prelude::*;

use super::*;

#[track_caller]
fn assert_close(found: f64, expected: f64, relative: f64) {
    assert!((found - expected).abs() <= relative * expected.abs().max(1e-300), "{found} is not {expected}");
}

#[test]
fn known_values() {
    assert_close(cdf(0.0), 0.5, 1e-12);
    assert_close(cdf(1.0), 0.841_344_746_068_542_9, 1e-12);
    assert_close(cdf(-6.0), 9.865_876_450_376_98e-10, 1e-9);
    assert_close(quantile(0.975), 1.959_963_984_540_054, 1e-8);
    assert_close(quantile(1e-6), -4.753_424_308_822_899, 1e-8);
    assert!(quantile(0.0).is_finite() && quantile(1.0).is_finite());
}

#[test]
fn expected_improvement_by_hand() {
    assert_close(ln_expected_improvement(0.0, 1.0), -0.5 * TAU.ln(), 1e-12);
    assert_close(ln_expected_improvement(3.0, 0.0), 3.0_f64.ln(), 1e-12);
    assert_close(ln_expected_improvement(50.0, 0.1), 50.0_f64.ln(), 1e-12);
    assert!(ln_expected_improvement(-3.0, 0.0).is_infinite(), "what is surely worse is never an improvement");
    // E max(0, X) for z = -10: density(10) (1 - 10 m(10)), with m(10) = 0.0990285964717319.
    assert_close(
        ln_expected_improvement(-10.0, 1.0),
        ln_density(10.0) + 0.009_714_035_282_681_f64.ln(),
        1e-9,
    );
}

proptest! {
    #[test]
    fn quantiles_invert_the_distribution(z in -6.0_f64..6.0) {
        prop_assert!((quantile(cdf(z)) - z).abs() < 1e-5, "{} for {z}", quantile(cdf(z)));
    }

    #[test]
    fn more_promises_more(z in -3e5_f64..20.0, step in 1e-3_f64..1.0, deviation in 1e-6_f64..1e6) {
        let [less, more] = [z, z + step].map(|z| ln_expected_improvement(z * deviation, deviation));
        prop_assert!(less.is_finite() && less < more, "{less} and {more}");
    }
}
