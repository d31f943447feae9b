//! What begins late is found soon, and what never begins hardly ever.

use proptest::prelude::*;

use super::*;
use crate::stats::EProcess;
use crate::stats::simulate::{coin, generator, saved_and_restored};

const HORIZON: u64 = 2_000;

/// Observations until evidence of `1 / alpha`, if it came to that; from `change` on, ones are twice as frequent.
fn found(seed: u64, change: u64, observe: &mut dyn FnMut(f64) -> f64) -> Option<u64> {
    let mut rng = generator(seed);
    (0..HORIZON).find(|at| {
        let frequent = if *at < change { 0.1 } else { 0.2 };
        observe(coin(&mut rng, frequent) - coin(&mut rng, 0.1)) >= 20_f64.ln()
    })
}

fn onset(seed: u64, change: u64) -> Option<u64> {
    let mut onset = Onset::new(0.0, HORIZON);
    found(seed, change, &mut |y| {
        onset.observe(y);
        onset.log_value()
    })
}

#[test]
fn what_never_begins_is_found_at_most_as_often_as_alpha_says() {
    let found = (0..1_000).filter(|seed| onset(*seed, HORIZON).is_some()).count();
    assert!(found <= 50, "{found} of 1,000");
}

#[test]
fn what_begins_late_is_found_sooner_than_by_who_has_bet_all_the_time() {
    let change = 1_000;
    let from_the_start = |seed| {
        let mut evidence = EProcess::new(0.0);
        found(seed, change, &mut |y| {
            evidence.observe(y);
            evidence.log_value()
        })
    };
    let sooner = (0..200).filter(|seed| {
        let (late, early) = (onset(*seed, change), from_the_start(*seed));
        late.is_some_and(|late| early.is_none_or(|early| late < early))
    });
    let sooner = sooner.count();
    assert!(sooner >= 150, "{sooner} of 200");
}

proptest! {
    #[test]
    fn evidence_is_finite_and_can_be_saved(
        ys in prop::collection::vec(any::<f64>(), 0..200),
        margin in any::<f64>(),
        horizon in 0_u64..100,
    ) {
        let mut onset = Onset::new(margin, horizon);
        prop_assert!(onset.log_value().abs() < 1e-12, "it starts at one");
        for y in ys {
            onset.observe(y);
            prop_assert!(onset.log_value().is_finite());
        }
        prop_assert_eq!(&saved_and_restored(&onset), &onset);
    }
}
