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
}

#[test]
fn without_a_finite_score_nobody_climbs() {
    let scores = [None, Some(f64::NAN), Some(f64::INFINITY), Some(f64::NEG_INFINITY)];
    for rung in 0..4 {
        assert!(halving().advance(rung, &scores).is_empty());
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
        let climbing = SuccessiveHalving { eta, ..halving() }.advance(rung, &scores);
        let gains: Vec<f64> = climbing.iter().filter_map(|index| scores[*index]).collect();
        prop_assert_eq!(gains.len(), climbing.len());
        prop_assert!(gains.iter().all(|gain| gain.is_finite()));
        prop_assert!(gains.is_sorted_by(|a, b| a >= b));
        for (index, score) in scores.iter().enumerate() {
            let better = score.is_some_and(|score| score.is_finite() && gains.last().is_some_and(|last| score > *last));
            prop_assert!(!better || climbing.contains(&index));
        }
    }

    #[test]
    fn every_scheduler_comes_to_an_end_and_keeps_the_laws(
        gains in prop::collection::vec(prop::collection::vec(gain(), 9), 0..20), workers in 1_usize..5,
    ) {
        for scheduler in all() {
            let (trials, steps) = climbed(&*scheduler, &gains, workers);
            let rungs = scheduler.rungs().len();
            prop_assert!(steps.len() <= gains.len() * rungs);
            prop_assert!(steps.is_sorted_by(|a, b| a != b), "nothing is trained twice");
            let winners = scheduler.winners(&trials);
            let furthest = trials.iter().filter(|trial| !trial.is_over).map(Trial::trained).max();
            for winner in &winners {
                prop_assert_eq!(Some(trials[*winner].trained()), furthest);
                prop_assert!(trials[*winner].score_at(trials[*winner].trained()) > Some(0.0));
            }
        }
    }

    #[test]
    fn halving_by_steps_is_halving_by_rungs(gains in prop::collection::vec(prop::collection::vec(gain(), 9), 1..20)) {
        let (trials, _) = climbed(&halving(), &gains, 3);
        let mut climbing: Vec<usize> = (0..gains.len()).collect();
        for (rung, windows) in halving().rungs.iter().enumerate() {
            let of = |at: &usize| Some(gains[*at][*windows as usize - 1]).filter(|_| !failed_by(&gains[*at], *windows));
            let scores: Vec<Option<f64>> = climbing.iter().map(of).collect();
            climbing = halving().advance(rung, &scores).into_iter().map(|place| climbing[place]).collect();
        }
        prop_assert_eq!(halving().winners(&trials), climbing);
    }
}

fn gain() -> impl Strategy<Value = f64> {
    prop_oneof![9 => -1.0..1.0, 1 => Just(f64::NAN)]
}

fn all() -> Vec<Box<dyn Scheduler>> {
    let asha = Asha(halving());
    let (pasha, extrapolated) = (Pasha(halving()), Extrapolated(halving()));
    vec![
        Box::new(halving()),
        Box::new(FullBudget::default()),
        Box::new(asha),
        Box::new(pasha),
        Box::new(extrapolated),
    ]
}

fn failed_by(gains: &[f64], windows: u32) -> bool {
    gains[..windows as usize].iter().any(|gain| !gain.is_finite())
}

/// Trains with so many workers, who start together and finish one after another, until nobody may start.
pub(super) fn climbed(
    scheduler: &dyn Scheduler,
    gains: &[Vec<f64>],
    workers: usize,
) -> (Vec<Trial>, Vec<Step>) {
    let (mut trials, mut steps) = (vec![Trial::default(); gains.len()], Vec::new());
    let mut under_way: Vec<Step> = Vec::new();
    loop {
        let may_start = scheduler.next(&trials);
        for step in may_start.into_iter().take(workers - under_way.len()) {
            assert!(!trials[step.candidate].training && !trials[step.candidate].is_over);
            trials[step.candidate].training = true;
            under_way.push(step);
        }
        let Some(step) = under_way.pop() else { break };
        let (trial, windows) = (&mut trials[step.candidate], scheduler.rungs()[step.rung]);
        for windows in trial.trained() + 1..=windows {
            trial.observe(windows, gains[step.candidate][windows as usize - 1]);
        }
        trial.training = false;
        steps.push(step);
    }
    steps.sort();
    (trials, steps)
}

#[test]
fn of_those_that_cost_less_the_best_goes_on_if_it_lost_little() {
    let scores = [Some(-0.001), Some(-0.004), None, Some(-0.002), Some(f64::NAN)];
    let cheaper = [false, true, true, true, true];
    assert_eq!(best_cheaper(&scores, &cheaper, 0.005), Some(3));
    assert_eq!(best_cheaper(&scores, &cheaper, 0.002), None);
    assert_eq!(best_cheaper(&scores, &[], 1.0), None);
}
