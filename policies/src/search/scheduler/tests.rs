//! Survivors are few, best first, and never without a score.

use proptest::prelude::*;

use super::*;
use crate::stats::simulate::saved_and_restored;

fn halving() -> SuccessiveHalving {
    SuccessiveHalving::default()
}

#[test]
fn nine_become_three_become_one() {
    let nine: Vec<Option<f64>> = (0..9).map(|at| Some(f64::from(at) - 20.0)).collect();
    assert_eq!(halving().advance(0, &nine), [8, 7, 6]);
    assert_eq!(halving().advance(1, &nine[..3]), [2]);
    assert_eq!(halving().advance(0, &nine[..2]), [1], "someone always climbs");
    assert_eq!(halving().advance(0, &[]), [0; 0]);
}

#[test]
fn the_last_rung_asks_for_a_gain() {
    let scores = [Some(0.02), Some(0.0), Some(0.05), Some(f64::NAN), None];
    assert_eq!(halving().advance(2, &scores), [2, 0]);
    assert_eq!(SuccessiveHalving { least_gain: 0.03, ..halving() }.advance(2, &scores), [2]);
    assert_eq!(FullBudget::default().advance(0, &scores), [2, 0]);
}

#[test]
fn without_a_finite_score_nobody_climbs() {
    let scores = [None, Some(f64::NAN), Some(f64::INFINITY), Some(f64::NEG_INFINITY)];
    for rung in 0..4 {
        assert!(halving().advance(rung, &scores).is_empty());
        assert!(FullBudget::default().advance(rung, &scores).is_empty());
    }
}

#[test]
fn settings_survive_a_snapshot() {
    assert_eq!(saved_and_restored(&halving()), halving());
    assert_eq!(saved_and_restored(&FullBudget::default()), FullBudget::default());
}

proptest! {
    #[test]
    fn nobody_left_behind_is_better(
        scores in prop::collection::vec(prop::option::of(any::<f64>()), 0..40), rung in 0_usize..4, eta in 0_usize..6,
    ) {
        let halving = SuccessiveHalving { eta, ..halving() };
        let both: [&dyn Scheduler; 2] = [&halving, &FullBudget::default()];
        for scheduler in both {
            let climbing = scheduler.advance(rung, &scores);
            let gains: Vec<f64> = climbing.iter().filter_map(|index| scores[*index]).collect();
            prop_assert_eq!(gains.len(), climbing.len());
            prop_assert!(gains.iter().all(|gain| gain.is_finite()));
            prop_assert!(gains.is_sorted_by(|a, b| a >= b));
            for (index, score) in scores.iter().enumerate() {
                let better = score.is_some_and(|score| score.is_finite() && gains.last().is_some_and(|last| score > *last));
                prop_assert!(!better || climbing.contains(&index));
            }
        }
    }
}

#[test]
fn of_those_that_cost_less_the_best_goes_on_if_it_lost_little() {
    let scores = [Some(-0.001), Some(-0.004), None, Some(-0.002), Some(f64::NAN)];
    let cheaper = [false, true, true, true, true];
    assert_eq!(best_cheaper(&scores, &cheaper, 0.005), Some(3));
    assert_eq!(best_cheaper(&scores, &cheaper, 0.002), None);
    assert_eq!(best_cheaper(&scores, &[], 1.0), None);
}
