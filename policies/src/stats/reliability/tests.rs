//! What reliability promises: nothing of honest confidence, all of bluster.

use proptest::prelude::*;

use super::Reliability;
use crate::stats::simulate::generator;

#[test]
fn honest_confidence_is_reliable_and_bluster_is_not() {
    let mut rng = generator(1);
    let (mut honest, mut bluster) = (Reliability::default(), Reliability::default());
    for _ in 0..20_000 {
        let confidence: f64 = rng.random_range(0.5..1.0);
        let right = rng.random::<f64>() < confidence;
        honest.observe(confidence, right, 0.0);
        bluster.observe((confidence + 0.2).min(1.0), right, 0.0);
    }
    assert!(honest.calibration_error() < 0.02, "{}", honest.calibration_error());
    assert!(bluster.calibration_error() > 0.1, "{}", bluster.calibration_error());
}

#[test]
fn what_is_not_a_number_says_nothing() {
    let mut reliability = Reliability::default();
    reliability.observe(f64::NAN, true, 0.1);
    reliability.observe(0.5, true, f64::INFINITY);
    assert_eq!((reliability.count(), reliability.ignored()), (0, 2));
    assert!(reliability.calibration_error() == 0.0 && reliability.brier() == 0.0);
}

proptest! {
    #[test]
    fn both_stay_within_their_bounds(answers in prop::collection::vec((0.0..=1.0_f64, any::<bool>(), 0.0..=1.0_f64), 1..200)) {
        let mut reliability = Reliability::default();
        for (confidence, right, brier) in answers {
            reliability.observe(confidence, right, brier);
        }
        prop_assert!((0.0..=1.0).contains(&reliability.calibration_error()));
        prop_assert!((0.0..=1.0).contains(&reliability.brier()));
    }
}
