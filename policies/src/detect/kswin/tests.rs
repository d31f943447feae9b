//! The test is scipy's; alarms come where river's do if chance has no say; state survives, chance included.

use proptest::prelude::*;

use super::*;
use crate::detect::river;
use crate::stats::simulate::{coin, generator, normal, saved_and_restored};

#[test]
fn the_tail_is_that_of_scipy() {
    let tails = river::recorded().kswin.tails;
    for (steps, theirs) in tails.iter().enumerate() {
        let ours = tail(30, steps as u64);
        assert!((ours - theirs).abs() < 1e-9, "{steps}: {ours} and {theirs}");
    }
}

#[test]
fn distances_are_those_of_scipy() {
    for mut samples in river::recorded().kswin.samples {
        samples.a.sort_by(f64::total_cmp);
        samples.b.sort_by(f64::total_cmp);
        let steps = distance(&samples.a, &samples.b);
        assert!((steps as f64 / 30.0 - samples.distance).abs() < 1e-12);
        assert!((tail(30, steps as u64) - samples.p).abs() < 1e-9);
    }
}

#[test]
fn alarms_where_river_does_if_all_draws_are_the_same() {
    let steps = river::recorded().kswin.steps;
    assert_eq!(river::alarms(&mut Kswin::default(), &steps.values), steps.alarms);
}

#[test]
fn larger_losses_of_regression_are_found() {
    let (mut rng, mut detector) = (generator(1), Kswin::default());
    (0..200).for_each(|_| drop(detector.observe(&(0.01 * normal(&mut rng).abs()))));
    let found = (0..200).find_map(|_| detector.observe(&(0.2 * normal(&mut rng).abs())));
    assert!(found.is_some_and(|drift| drift.statistic >= drift.threshold && drift.ago == 30));
}

#[test]
fn settings_without_sense_are_raised() {
    let config = KswinConfig { alpha: 0.0, window: 0, stat_size: 0, seed: 1 };
    let mut detector = Kswin::new(config);
    assert!((0..100).all(|at| detector.observe(&f64::from(at)).is_none()), "alpha zero never alarms");
    assert_eq!(detector.window.len(), 2);
}

proptest! {
    #[test]
    fn a_restored_detector_goes_on_as_if_nothing_had_happened(seed in 0_u64..1_000, before in 0_u32..300) {
        let (mut rng, mut detector) = (generator(seed), Kswin::new(KswinConfig { seed, ..KswinConfig::default() }));
        (0..before).for_each(|_| drop(detector.observe(&normal(&mut rng))));
        detector.observe(&f64::INFINITY);
        let mut restored = saved_and_restored(&detector);
        for _ in 0..200 {
            let x = normal(&mut rng) + coin(&mut rng, 0.5);
            prop_assert_eq!(detector.observe(&x), restored.observe(&x));
        }
        prop_assert_eq!(detector.ignored(), 1);
        prop_assert_eq!(detector, restored);
    }

    #[test]
    fn a_distance_is_the_largest_difference_of_shares(a in prop::collection::vec(0_i8..9, 20), b in prop::collection::vec(0_i8..9, 20)) {
        let sorted = |values: &[i8]| {
            let mut values: Vec<f64> = values.iter().map(|value| f64::from(*value)).collect();
            values.sort_by(f64::total_cmp);
            values
        };
        let below = |values: &[i8], at| values.iter().filter(|value| **value <= at).count();
        let most = (0..9).map(|at| below(&a, at).abs_diff(below(&b, at))).max();
        prop_assert_eq!(Some(distance(&sorted(&a), &sorted(&b))), most);
    }
}
