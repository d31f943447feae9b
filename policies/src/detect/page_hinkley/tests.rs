//! As river on its own sequences; drifts are found and dated; state survives.

use proptest::prelude::*;

use super::*;
use crate::detect::river;
use crate::stats::simulate::{coin, generator, median, normal, saved_and_restored};

fn with_threshold(threshold: f64) -> PageHinkley {
    PageHinkley::new(PageHinkleyConfig { threshold, ..PageHinkleyConfig::default() })
}

#[test]
fn alarms_where_river_does() {
    river::agrees("page_hinkley", PageHinkley::default);
    river::agrees("page_hinkley_12", || with_threshold(12.0));
    let up = PageHinkleyConfig { delta: 0.01, threshold: 8.0, alpha: 0.999, two_sided: false };
    river::agrees("page_hinkley_up_8", || PageHinkley::new(up));
}

/// Delay, and how far the date is off.
fn found(config: PageHinkleyConfig, share: f64, seed: u64) -> (u64, u64) {
    let (mut rng, mut detector) = (generator(seed), PageHinkley::new(config));
    (0..3_000).for_each(|_| drop(detector.observe(&coin(&mut rng, 0.1))));
    let found =
        (1..5_000_u64).find_map(|at| detector.observe(&coin(&mut rng, share)).map(|drift| (at, drift)));
    let (at, drift) = found.unwrap_or_else(|| panic!("seed {seed}: nothing found"));
    assert!(drift.statistic > drift.threshold);
    (at, at.abs_diff(drift.ago))
}

#[test]
fn a_doubled_error_is_found() {
    let delay = median((0..40).map(|seed| found(PageHinkleyConfig::default(), 0.2, seed).0).collect());
    assert!((300..1_000).contains(&delay), "median {delay}");
}

#[test]
fn a_drift_is_dated_if_chance_is_tolerated() {
    let config = PageHinkleyConfig { delta: 0.05, threshold: 20.0, ..PageHinkleyConfig::default() };
    let error = median((0..40).map(|seed| found(config, 0.3, seed).1).collect());
    assert!(error < 40, "date off by {error}");
}

#[test]
fn losses_of_regression_may_fall_too() {
    let (mut rng, mut detector) = (generator(1), with_threshold(20.0));
    let mut draw = |level: f64| (level + 0.1 * normal(&mut rng)).clamp(0.0, 1.0);
    assert!((0..2_000).all(|_| detector.observe(&draw(0.5)).is_none()));
    let drift = (0..500).find_map(|_| detector.observe(&draw(0.3))).expect("a fall by two deviations");
    assert!(drift.statistic < -20.0 && drift.ago > 50);
    let one_sided = PageHinkleyConfig { two_sided: false, threshold: 20.0, ..PageHinkleyConfig::default() };
    let mut detector = PageHinkley::new(one_sided);
    assert!((0..3_000).all(|at| detector.observe(&draw(if at < 1_500 { 0.5 } else { 0.3 })).is_none()));
}

proptest! {
    #[test]
    fn anything_may_come_and_state_survives(losses in prop::collection::vec(any::<f64>(), 0..200)) {
        let mut detector = with_threshold(1.0);
        let mut ignored = 0;
        for loss in losses {
            ignored += u64::from(!loss.is_finite());
            drop(detector.observe(&loss.clamp(-1e100, 1e100)));
            drop(detector.observe(&f64::NAN));
        }
        prop_assert!(detector.ignored() >= ignored);
        prop_assert_eq!(&saved_and_restored(&detector), &detector);
    }
}
