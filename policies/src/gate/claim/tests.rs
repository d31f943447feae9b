//! What is claimed decides what passes.

use proptest::prelude::*;

use super::*;
use crate::gate::{Evidence, Gate as _, QualityGate, Verdict};
use crate::stats::simulate::{coin, generator};

const GATE: QualityGate = QualityGate { alpha: 0.05, alpha_harm: 0.05, deadline_outcomes: 10_000 };

/// The verdict at the first outcome that decides, or at the deadline.
fn judged(mut test: PairedTest, seed: u64, [control, challenger]: [f64; 2]) -> Verdict {
    let mut rng = generator(seed);
    for _ in 0..GATE.deadline_outcomes {
        test.observe(coin(&mut rng, control), coin(&mut rng, challenger));
        let evidence = Evidence { quality: Some(test.evidence()), ..Evidence::default() };
        let verdict = GATE.judge(&evidence).verdict;
        if verdict != Verdict::Inconclusive {
            return verdict;
        }
    }
    Verdict::Inconclusive
}

fn passed(test: &PairedTest, losses: [f64; 2]) -> usize {
    (0..100).filter(|seed| judged(test.clone(), *seed, losses) == Verdict::Pass).count()
}

#[test]
fn one_that_gains_too_little_is_known_to_before_one_that_does_harm_is() {
    let mut test = PairedTest::better(0.0, 0.02, 1);
    let looks = (1..10_000).find(|at| {
        test.observe(0.3, if at % 2 == 0 { 0.25 } else { 0.35 });
        let evidence = Evidence { quality: Some(test.evidence()), ..Evidence::default() };
        GATE.judge(&evidence).verdict == Verdict::Fail
    });
    assert!(looks.is_some_and(|looks| looks < 1_000), "{looks:?}");
    assert!(test.evidence().log_harm < 0.1);
}

#[test]
fn who_is_as_good_passes_only_if_no_gain_was_claimed() {
    let (better, not_worse) = (PairedTest::better(0.0, 0.0, 1), PairedTest::not_worse(0.05, 0.05, 1));
    assert!(passed(&better, [0.2, 0.2]) <= 5);
    assert!(passed(&not_worse, [0.2, 0.2]) >= 95);
    assert!(passed(&not_worse, [0.2, 0.26]) <= 5, "worse by more than the margin");
    assert!(passed(&better, [0.2, 0.1]) >= 95 && passed(&not_worse, [0.2, 0.1]) >= 95);
}

#[test]
fn only_who_is_near_a_budget_presses() {
    let budgets = Spent { seconds: 0.01, bytes: 1000.0 };
    let presses = |seconds, bytes| Spent { seconds, bytes }.presses(budgets, 0.5);
    assert!(!presses(0.005, 500.0));
    assert!(presses(0.006, 1.0) && presses(0.001, 501.0));
    assert!(!Spent { seconds: f64::NAN, bytes: 1.0 }.presses(budgets, 0.5), "what is not known does not");
}

proptest! {
    #[test]
    fn evidence_is_finite_whatever_was_observed(
        losses in prop::collection::vec((any::<f64>(), any::<f64>()), 0..100),
        margin in any::<f64>(),
    ) {
        for mut test in [PairedTest::better(margin.abs(), 0.0, 1), PairedTest::not_worse(margin, 0.05, 1)] {
            for (control, challenger) in &losses {
                test.observe(*control, *challenger);
            }
            let evidence = test.evidence();
            prop_assert!(evidence.log_gain.is_finite() && evidence.log_harm.is_finite());
            prop_assert!(evidence.outcomes <= losses.len() as u64);
        }
    }
}
