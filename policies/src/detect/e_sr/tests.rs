//! The average run length is kept; a doubled error is found soon; improvement is not a drift.

use proptest::prelude::*;

use super::*;
use crate::stats::simulate::{coin, generator, median, saved_and_restored};

/// Observations to the first alarm after the reference, at most `most`.
fn run_length(detector: &ESr, most: u64, mut draw: impl FnMut() -> f64) -> u64 {
    let mut detector = detector.clone();
    (1..=most).find(|_| detector.observe(&draw()).is_some()).unwrap_or(most)
}

fn with_reference(average_run_length: f64, outcomes: u64, mut draw: impl FnMut() -> f64) -> ESr {
    let mut detector = ESr::new(average_run_length, outcomes);
    for _ in 0..outcomes {
        assert_eq!(detector.observe(&draw()), None);
    }
    detector
}

/// Mean run length over so many seeds.
fn mean_run_length(runs: u64, run_length: impl Fn(u64) -> u64) -> f64 {
    (0..runs).map(|seed| run_length(seed) as f64).sum::<f64>() / runs as f64
}

#[test]
fn false_alarms_are_as_rare_as_stated_with_a_learned_rate() {
    for (stated, reference, runs) in [(1e3, 500, 300), (1e3, 5_000, 300), (1e4, 1_000, 100)] {
        let mean = mean_run_length(runs, |seed| {
            let mut rng = generator(seed);
            let detector = with_reference(stated, reference, || coin(&mut rng, 0.1));
            run_length(&detector, 10 * stated as u64, || coin(&mut rng, 0.1))
        });
        assert!(mean >= stated, "mean run length {mean}, stated {stated}, {reference} outcomes");
    }
}

#[test]
fn false_alarms_are_as_rare_as_stated_with_a_known_rate() {
    for (stated, rate, runs) in [(1e3, 0.1, 600), (1e3, 0.5, 600), (1e3, 0.002, 600), (1e4, 0.1, 300)] {
        let mean = mean_run_length(runs, |seed| {
            let mut rng = generator(seed);
            run_length(&ESr::known(stated, rate), 20 * stated as u64, || coin(&mut rng, rate))
        });
        assert!(mean >= stated, "mean run length {mean}, stated {stated}, rate {rate}");
    }
}

#[test]
fn false_alarms_are_as_rare_when_the_mean_is_exactly_the_bound() {
    let mean = mean_run_length(300, |seed| {
        let mut rng = generator(seed);
        let detector = with_reference(2_000.0, 200, || coin(&mut rng, 0.1));
        let bound = detector.bound().expect("the reference is complete");
        run_length(&detector, 40_000, || coin(&mut rng, bound))
    });
    assert!(mean >= 2_000.0, "mean run length {mean}");
}

#[test]
fn the_bound_is_rarely_too_low() {
    let too_low = |seed| {
        let mut rng = generator(seed);
        with_reference(1e6, 1_000, || coin(&mut rng, 0.1)).bound().is_some_and(|bound| bound < 0.1)
    };
    assert!((0..1_000).filter(|seed| too_low(*seed)).count() <= 5);
}

#[test]
fn a_doubled_error_is_found_in_a_few_hundred_outcomes() {
    let delay = |seed| {
        let mut rng = generator(seed);
        let learned = with_reference(1e6, 5_000, || coin(&mut rng, 0.1));
        let mut known = ESr::known(1e6, 0.1);
        (0..2_000).for_each(|_| drop(known.observe(&coin(&mut rng, 0.1))));
        let mut after = |detector| run_length(detector, 5_000, || coin(&mut rng, 0.2));
        (after(&known), after(&learned))
    };
    let (known, learned) = (0..300).map(delay).unzip();
    let (known, learned) = (median(known), median(learned));
    assert!(known <= 240, "known: median {known}");
    assert!(learned <= 330, "learned: median {learned}");
}

#[test]
fn a_drift_is_dated() {
    let error = |seed| {
        let (mut rng, mut detector) = (generator(seed), ESr::known(1e6, 0.1));
        (0..3_000).for_each(|_| drop(detector.observe(&coin(&mut rng, 0.1))));
        let found =
            (1..5_000_u64).find_map(|at| detector.observe(&coin(&mut rng, 0.3)).map(|drift| (at, drift.ago)));
        let (at, ago) = found.expect("three times as many errors are a drift");
        assert!(ago > 0);
        at.abs_diff(ago)
    };
    let error = median((0..100).map(error).collect());
    assert!(error <= 20, "median {error}");
}

#[test]
fn rates_at_the_ends_are_sensible() {
    let mut none = ESr::known(1e6, 0.0);
    assert!((0..100_000).all(|_| none.observe(&0.0).is_none()), "no loss is no evidence");
    assert!((0..10).any(|_| none.observe(&1.0).is_some()), "a loss where there can be none is");
    let mut all = ESr::known(10.0, 1.0);
    assert!((0..10_000).all(|_| all.observe(&1.0).is_none()), "nothing is above one");
    assert_eq!(ESr::known(10.0, f64::NAN).bound(), Some(1.0));
    let mut rare = with_reference(1e6, 5_000, || 0.0);
    assert!(rare.bound().is_some_and(|bound| bound < 0.002));
    assert!((0..10_000).all(|_| rare.observe(&0.0).is_none()));
    assert!(run_length(&rare, 2_000, || 1.0) < 20);
}

#[test]
fn a_known_rate_outlives_a_reset() {
    let mut detector = ESr::known(1_000.0, 0.1);
    detector.observe(&f64::NAN);
    detector.reset();
    assert_eq!((detector.bound(), detector.reference_mean(), detector.ignored()), (Some(0.1), Some(0.1), 1));
}

#[test]
fn losses_need_not_be_zero_or_one() {
    let mut rng = generator(5);
    let detector = with_reference(1e6, 2_000, || 0.2 + 0.1 * coin(&mut rng, 0.5));
    let mean = detector.reference_mean().expect("the reference is complete");
    assert!((mean - 0.25).abs() < 0.01);
    assert_eq!(run_length(&detector, 20_000, || 0.2 + 0.1 * coin(&mut rng, 0.4)), 20_000);
    assert!(run_length(&detector, 20_000, || 0.5 + 0.1 * coin(&mut rng, 0.5)) < 100);
}

#[test]
fn having_alarmed_it_starts_anew_and_knows_what_is_normal() {
    let mut detector = with_reference(1_000.0, 500, || 0.1);
    let again = |detector: &mut ESr| (1..500).find(|_| detector.observe(&0.9).is_some());
    let first = again(&mut detector).expect("nine times the loss is a drift");
    assert_eq!(again(&mut detector), Some(first));
    assert!(detector.reference_mean().is_some());
    detector.reset();
    assert_eq!(detector.reference_mean(), None);
}

proptest! {
    #[test]
    fn evidence_stays_finite(losses in prop::collection::vec(any::<f64>(), 0..300), reference in 0_u64..50) {
        let mut detector = ESr::new(1e4, reference);
        for loss in losses {
            if let Some(drift) = detector.observe(&loss) {
                prop_assert!(drift.statistic >= drift.threshold);
            }
            prop_assert!(detector.log_value().is_finite());
        }
        prop_assert_eq!(&saved_and_restored(&detector), &detector);
    }

    #[test]
    fn worse_losses_are_more_evidence(losses in prop::collection::vec(0.0..0.8_f64, 1..100)) {
        let detector = with_reference(1e200, 100, || 0.3);
        let (mut less, mut more) = (detector.clone(), detector);
        for loss in losses {
            less.observe(&loss);
            more.observe(&(loss + 0.2));
        }
        prop_assert!(more.log_value() > less.log_value());
    }
}
