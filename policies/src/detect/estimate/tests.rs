//! The estimate follows rows that get harder; it is blind to another truth, as documented.

use proptest::prelude::*;
use rand_pcg::Pcg64;

use super::*;
use crate::stats::simulate::{generator, saved_and_restored};

/// Answers of a model that is too sure: right in `0.5 + 0.6 (confidence - 0.5)` of the cases.
fn learned(rng: &mut Pcg64) -> ErrorEstimator {
    let mut estimator = ErrorEstimator::new(ErrorEstimatorConfig::default());
    for _ in 0..10_000 {
        let confidence: f32 = rng.random_range(0.5..1.0);
        estimator.learn(confidence, rng.random::<f32>() < 0.5 + 0.6 * (confidence - 0.5));
    }
    estimator
}

#[test]
fn harder_rows_are_seen_without_labels() {
    let mut rng = generator(1);
    let mut estimator = learned(&mut rng);
    for (low, high, truth) in [(0.5, 1.0, 0.35), (0.5, 0.7, 0.44), (0.9, 1.0, 0.23)] {
        for _ in 0..1_000 {
            estimator.observe(rng.random_range(low..high));
        }
        let estimate = estimator.estimate().expect("there are answers and outcomes");
        assert!((estimate.error - truth).abs() < 0.03, "{estimate:?} for {truth}");
        assert!(estimate.stated < estimate.error - 0.02 && (estimate.matured - 0.35).abs() < 0.03);
        assert!(estimate.unknown < 1e-9 && (estimate.answers, estimate.outcomes) == (1_000, 5_000));
    }
}

#[test]
fn confidence_that_no_outcome_had_is_unknown() {
    let mut estimator = ErrorEstimator::new(ErrorEstimatorConfig { outcomes: 100, answers: 10 });
    assert_eq!(estimator.estimate(), None);
    (0..100).for_each(|_| estimator.learn(0.9, true));
    (0..10).for_each(|at| estimator.observe(if at < 4 { 0.3 } else { 0.9 }));
    let estimate = estimator.estimate().expect("there are answers and outcomes");
    assert!((estimate.unknown - 0.4).abs() < 1e-9, "{estimate:?}");
    estimator.observe(f32::NAN);
    estimator.learn(f32::INFINITY, true);
    assert_eq!(estimator.ignored(), 2);
    assert_eq!(estimator.estimate(), Some(estimate));
}

proptest! {
    #[test]
    fn bins_count_what_is_remembered_and_success_rises(
        outcomes in prop::collection::vec((0.0..=1.0_f32, any::<bool>()), 1..80),
        answers in prop::collection::vec(0.0..=1.0_f32, 1..80),
    ) {
        let mut estimator = ErrorEstimator::new(ErrorEstimatorConfig { outcomes: 30, answers: 20 });
        for (confidence, right) in &outcomes {
            estimator.learn(*confidence, *right);
        }
        for confidence in &answers {
            estimator.observe(*confidence);
        }
        let count = |of: fn(&Bin) -> u64| estimator.bins.iter().map(of).sum::<u64>() as usize;
        prop_assert_eq!(count(|bin| bin.outcomes), outcomes.len().min(30));
        prop_assert_eq!(count(|bin| bin.answers), answers.len().min(20));
        let success = estimator.success();
        prop_assert!(success.len() == BINS && success.windows(2).all(|pair| pair[0] <= pair[1]));
        let error = estimator.estimate().expect("there are both").error;
        prop_assert!((0.0..=1.0).contains(&error));
        prop_assert_eq!(saved_and_restored(&estimator), estimator);
    }
}
