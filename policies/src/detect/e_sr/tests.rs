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

#[test]
fn false_alarms_are_as_rare_as_stated() {
    let run_length = |seed| {
        let mut rng = generator(seed);
        let detector = with_reference(2_000.0, 1_000, || coin(&mut rng, 0.1));
        run_length(&detector, 20_000, || coin(&mut rng, 0.1)) as f64
    };
    let mean = (0..300).map(run_length).sum::<f64>() / 300.0;
    assert!(mean >= 2_000.0, "mean run length {mean}");
}

#[test]
fn false_alarms_are_as_rare_when_the_mean_is_exactly_the_bound() {
    let run_length = |seed| {
        let mut rng = generator(seed);
        let detector = with_reference(2_000.0, 200, || coin(&mut rng, 0.1));
        let bound = detector.bound().expect("the reference is complete");
        run_length(&detector, 40_000, || coin(&mut rng, bound)) as f64
    };
    let mean = (0..300).map(run_length).sum::<f64>() / 300.0;
    assert!(mean >= 2_000.0, "mean run length {mean}");
}

#[test]
fn a_doubled_error_is_found_in_a_few_hundred_outcomes() {
    let delay = |seed| {
        let mut rng = generator(seed);
        let detector = with_reference(1e6, 5_000, || coin(&mut rng, 0.1));
        run_length(&detector, 5_000, || coin(&mut rng, 0.2))
    };
    let delay = median((0..100).map(delay).collect());
    assert!((150..400).contains(&delay), "median {delay}");
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
