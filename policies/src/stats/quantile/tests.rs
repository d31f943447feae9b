//! The bound needs enough samples, lies above the quantile as often as promised, and no higher.

use proptest::prelude::*;
use rand::RngExt;

use super::*;
use crate::stats::simulate::generator;

#[test]
fn the_99th_percentile_needs_299_samples() {
    assert_eq!(upper_bound(&[1.0; 298], 0.99, 0.95), None);
    assert_eq!(upper_bound(&[1.0; 299], 0.99, 0.95), Some(1.0));
    assert_eq!(upper_bound(&[], 0.5, 0.5), None);
}

#[test]
fn quantiles_are_samples() {
    let samples = [5.0, 1.0, 3.0, 2.0, 4.0];
    assert_eq!(value(&samples, 0.5), Some(3.0));
    assert_eq!(value(&samples, 0.0), Some(1.0));
    assert_eq!(value(&samples, 1.0), Some(5.0));
    assert_eq!(value(&[], 0.5), None);
}

#[test]
fn what_is_not_finite_is_the_worst() {
    assert_eq!(value(&[1.0, -f64::NAN, 2.0], 1.0), Some(f64::INFINITY));
    assert_eq!(value(&[1.0, f64::NEG_INFINITY], 0.5), Some(1.0));
}

#[test]
fn the_bound_is_below_the_quantile_as_rarely_as_promised() {
    let below = (0..2_000).filter(|seed| {
        let mut rng = generator(*seed);
        let samples: Vec<f64> = (0..100).map(|_| rng.random::<f64>()).collect();
        upper_bound(&samples, 0.9, 0.95).expect("100 samples are enough") < 0.9
    });
    let below = below.count();
    // 5 % of 2000, and the discreteness of ranks makes it less; far less would be a needlessly high bound.
    assert!((30..=130).contains(&below), "{below}");
}

proptest! {
    #[test]
    fn the_bound_is_a_sample_at_or_above_the_quantile(
        samples in prop::collection::vec(0.0..1.0_f64, 1..400), q in 0.1..0.99_f64, confidence in 0.6..0.99_f64,
    ) {
        if let Some(bound) = upper_bound(&samples, q, confidence) {
            prop_assert!(samples.contains(&bound));
            let plain = value(&samples, q).expect("there are samples");
            prop_assert!(bound >= plain, "{bound} {plain}");
            prop_assert!(upper_bound(&samples, q, 0.995).is_none_or(|higher| higher >= bound));
        }
    }
}
