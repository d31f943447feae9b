//! False alarms are as rare as stated; changes are found and dated.

use rand::RngExt as _;
use rand_pcg::Pcg64;

use super::*;
use crate::stats::simulate::{generator, median, saved_and_restored};

fn class(rng: &mut Pcg64, shares: [f64; 4]) -> u32 {
    let mut at = rng.random::<f64>();
    let inside = |share: &f64| {
        at -= share;
        at < 0.0
    };
    shares.iter().position(inside).unwrap_or(3) as u32
}

const BEFORE: [f64; 4] = [0.5, 0.3, 0.1, 0.1];
const AFTER: [f64; 4] = [0.45, 0.25, 0.1, 0.2];

fn watching(rng: &mut Pcg64, config: ShareDriftConfig) -> ShareDrift {
    let mut detector = ShareDrift::new(4, config);
    while !detector.is_watching() {
        assert_eq!(detector.observe(&class(rng, BEFORE)), None);
    }
    detector
}

#[test]
fn false_alarms_are_as_rare_as_stated() {
    for average_run_length in [1e3, 1e4] {
        let config = ShareDriftConfig { window: 50, reference: 200, average_run_length };
        let limit = 5 * average_run_length as u64;
        let run_length = |seed| {
            let mut rng = generator(seed);
            let mut detector = watching(&mut rng, config);
            (1..limit).find(|_| detector.observe(&class(&mut rng, BEFORE)).is_some()).unwrap_or(limit) as f64
        };
        let mean = (0..60).map(run_length).sum::<f64>() / 60.0;
        assert!(mean >= average_run_length, "{mean}");
    }
}

#[test]
fn a_class_that_doubles_is_found_and_dated() {
    let run = |seed| {
        let mut rng = generator(seed);
        let mut detector = watching(&mut rng, ShareDriftConfig::default());
        (0..4_000).for_each(|_| drop(detector.observe(&class(&mut rng, BEFORE))));
        let found = (1..=10_000_u64).find_map(|at| Some((at, detector.observe(&class(&mut rng, AFTER))?)));
        let (at, drift) = found.expect("it doubles");
        assert_eq!(drift.detector, DetectorKind::Shares);
        assert!((detector.shares_before()[3] - 0.1).abs() < 0.03 && detector.shares_now()[3] > 0.12);
        (at, drift.ago)
    };
    let runs: Vec<(u64, u64)> = (0..40).map(run).collect();
    let delay = median(runs.iter().map(|(at, _)| *at).collect());
    assert!(delay <= 800, "{delay}");
    assert!(median(runs.iter().map(|(at, ago)| at.abs_diff(*ago)).collect()) <= 400);
}

#[test]
fn what_is_no_class_is_ignored_and_a_new_class_is_a_change() {
    let mut rng = generator(1);
    let mut detector = watching(&mut rng, ShareDriftConfig::default());
    assert_eq!(detector.observe(&4), None);
    assert_eq!(detector.ignored(), 1);
    let mut detector = detector.widened(5);
    let found = (0..4_000).find(|at| {
        let next = if at % 20 == 0 { 4 } else { class(&mut rng, BEFORE) };
        detector.observe(&next).is_some()
    });
    assert!(found.is_some_and(|at| at < 1_500), "{found:?}");
    detector.reset();
    assert!(!detector.is_watching() && detector.ignored() == 1);
}

#[test]
fn a_restored_detector_goes_on_as_if_nothing_had_happened() {
    let mut rng = generator(2);
    let mut detector =
        watching(&mut rng, ShareDriftConfig { average_run_length: 1e3, ..ShareDriftConfig::default() });
    (0..130).for_each(|_| drop(detector.observe(&class(&mut rng, BEFORE))));
    let mut restored = saved_and_restored(&detector);
    for _ in 0..1_000 {
        let next = class(&mut rng, AFTER);
        assert_eq!(detector.observe(&next), restored.observe(&next));
    }
    assert_eq!(detector, restored);
}
