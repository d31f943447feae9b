//! A breach is `patience` readings in a row over the limit, and nothing else.

use proptest::prelude::*;

use super::*;
use crate::stats::simulate::saved_and_restored;

fn latency(patience: u32) -> BudgetDetector {
    BudgetDetector::new("compute_seconds".into(), 0.01, patience)
}

#[test]
fn a_breach_says_what_was_measured_and_allowed() {
    let mut budget = latency(2);
    assert_eq!(budget.measure(0.02), None);
    let breach = Breach { budget: "compute_seconds".into(), measured: 0.03, limit: 0.01 };
    assert_eq!(budget.measure(0.03), Some(breach));
    assert_eq!(budget.measure(0.03), None, "patience starts anew");
    assert_eq!(budget.last(), Some(0.03));
}

#[test]
fn a_good_reading_in_between_is_forgiving() {
    let mut budget = latency(2);
    assert!([0.02, 0.01, 0.02, 0.005].into_iter().all(|reading| budget.measure(reading).is_none()));
}

#[test]
fn a_reading_that_is_not_finite_changes_nothing() {
    let mut budget = latency(2);
    assert!(budget.measure(0.02).is_none());
    assert!(budget.measure(f64::NAN).is_none());
    assert!(budget.measure(f64::INFINITY).is_none());
    assert_eq!((budget.ignored(), budget.last()), (2, Some(0.02)));
    assert!(budget.measure(0.02).is_some());
}

#[test]
fn a_new_limit_starts_anew() {
    let mut budget = latency(2);
    assert!(budget.measure(0.02).is_none());
    budget.set_limit(0.001);
    assert!(budget.measure(0.02).is_none());
    assert!(budget.observe(&0.02).is_some_and(|drift| drift.threshold.to_bits() == 0.001_f64.to_bits()));
}

#[test]
fn a_breach_asks_for_as_much_less_as_it_is_over() {
    let breach = Breach { budget: "any".into(), measured: 0.08, limit: 0.02 };
    let relief = |resource, share| Remedy::Relief(Saving { resource, share });
    for (kind, remedy) in [
        (BudgetKind::ModelSeconds, relief(Resource::Time, None)),
        (BudgetKind::ModelBytes, relief(Resource::Bytes, None)),
        (BudgetKind::Latency, relief(Resource::Time, Some(0.25))),
        (BudgetKind::Cost, relief(Resource::Time, Some(0.25))),
        (BudgetKind::Energy, relief(Resource::Time, Some(0.25))),
        (BudgetKind::Memory, relief(Resource::Bytes, Some(0.25))),
        (BudgetKind::ErrorRate, Remedy::Search),
    ] {
        assert_eq!(kind.remedy(&breach), remedy, "{}", kind.name());
        assert_eq!(kind.is_of_the_model(), matches!(remedy, Remedy::Relief(Saving { share: None, .. })));
    }
}

#[test]
fn a_new_patience_goes_on_with_the_run() {
    let mut budget = latency(3);
    assert!(budget.measure(0.02).is_none());
    budget.set_patience(2);
    assert!(budget.measure(0.02).is_some());
}

proptest! {
    #[test]
    fn breaches_are_runs_over_the_limit(over in prop::collection::vec(any::<bool>(), 0..100), patience in 0_u32..5) {
        let (mut budget, mut run) = (latency(patience), 0);
        for is_over in over {
            run = if is_over { run + 1 } else { 0 };
            let breach = budget.measure(if is_over { 1.0 } else { 0.0 });
            prop_assert_eq!(breach.is_some(), run == patience.max(1));
            if breach.is_some() {
                run = 0;
            }
        }
        prop_assert_eq!(&saved_and_restored(&budget), &budget);
    }
}
