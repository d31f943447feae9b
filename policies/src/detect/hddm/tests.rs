//! As river on its own sequences; rises are found and dated, falls are not; state survives.

use proptest::prelude::*;

use super::*;
use crate::detect::river;
use crate::stats::simulate::{coin, generator, median, normal, saved_and_restored};

#[test]
fn alarms_where_river_does() {
    river::agrees("hddm_a", HddmA::default);
    river::agrees("hddm_w", HddmW::default);
}

/// Delay, and how far the date is off; a miss counts as the longest.
fn found<D: Detector<Observation = f64> + Default>(
    seed: u64,
    mut draw: impl FnMut(u64) -> f64,
) -> (u64, u64) {
    let mut detector = D::default();
    (0..2_000).for_each(|at| drop(detector.observe(&draw(at))));
    let found = (1..4_000).find_map(|at| detector.observe(&draw(2_000 + at)).map(|drift| (at, drift)));
    found.map_or((4_000, 4_000), |(at, drift)| {
        assert!(drift.statistic >= drift.threshold && drift.ago > 0, "seed {seed}");
        (at, at.abs_diff(drift.ago))
    })
}

#[test]
fn a_tripled_error_is_found_and_dated() {
    let errors = |seed| {
        let mut rng = generator(seed);
        move |at| coin(&mut rng, if at < 2_000 { 0.1 } else { 0.3 })
    };
    let (delays, dates) = (0..40).map(|seed| found::<HddmA>(seed, errors(seed))).unzip();
    assert!(median(delays) < 300 && median(dates) < 1_000);
    let (delays, dates) = (0..40).map(|seed| found::<HddmW>(seed, errors(seed))).unzip();
    assert!(median(delays) < 1_000 && median(dates) < 1_000);
}

#[test]
fn losses_of_regression_serve_as_well() {
    let losses = |seed| {
        let mut rng = generator(seed);
        move |at| ((if at < 2_000 { 0.2 } else { 0.8 }) + 0.1 * normal(&mut rng)).clamp(0.0, 1.0)
    };
    let (delays, _): (Vec<_>, Vec<_>) = (0..20).map(|seed| found::<HddmA>(seed, losses(seed))).unzip();
    assert!(median(delays) < 200);
    let (delays, _): (Vec<_>, Vec<_>) = (0..20).map(|seed| found::<HddmW>(seed, losses(seed))).unzip();
    assert!(median(delays) < 100);
}

#[test]
fn an_improvement_is_not_a_drift() {
    let (mut rng, mut a, mut w) = (generator(3), HddmA::default(), HddmW::default());
    for share in [0.4, 0.2, 0.05, 0.0] {
        for _ in 0..500 {
            let loss = coin(&mut rng, share);
            assert!(a.observe(&loss).is_none());
            // Its bound is for one look; only what is no chance at all is held against it.
            drop(w.observe(&loss));
        }
    }
    assert!((0..500).all(|_| w.observe(&0.0).is_none()));
}

proptest! {
    #[test]
    fn anything_may_come_and_state_survives(losses in prop::collection::vec(any::<f64>(), 0..200)) {
        let (mut a, mut w) = (HddmA::new(0.1), HddmW::new(0.1, 0.2));
        for loss in &losses {
            for drift in a.observe(loss).into_iter().chain(w.observe(loss)) {
                prop_assert!(drift.statistic.is_finite() && drift.threshold.is_finite());
            }
        }
        let ignored = losses.iter().filter(|loss| !loss.is_finite()).count() as u64;
        prop_assert_eq!((a.ignored(), w.ignored()), (ignored, ignored));
        prop_assert_eq!(&saved_and_restored(&a), &a);
        prop_assert_eq!(&saved_and_restored(&w), &w);
        a.reset();
        prop_assert_eq!(a.ignored(), ignored);
    }
}
