//! That edits which pay become likely, that budgets are kept, and what a drift leaves.

use rand::RngExt;

use super::*;
use crate::search::laws::grid;
use crate::stats::simulate::generator;

/// The share of questions, each about another parent, to which one gene was moved up, which alone pays here.
fn share_of_ups(controller: &mut Controller, questions: u64, drift: Option<u64>) -> f64 {
    let (space, mut rng) = (grid(6, 9), generator(questions));
    let mut ups = 0;
    for now in 0..questions {
        let parent = Genome((0..6).map(|_| rng.random_range(1..8)).collect());
        let question = Question { now, drift, ..Question::new(&space, &parent, 1) };
        for genome in controller.ask(&question, &mut rng) {
            let up = genome.0[2] > parent.0[2];
            ups += u32::from(up);
            let gain = if up { 0.02 } else { -0.01 };
            controller.tell(&Score { genome, parent: parent.clone(), gain, cost: 1.0, at: now });
        }
    }
    f64::from(ups) / questions as f64
}

#[test]
fn what_pays_becomes_likely_and_is_still_known_after_a_drift() {
    let mut controller = Controller::new();
    let first = share_of_ups(&mut controller, 20, None);
    share_of_ups(&mut controller, 150, None);
    let later = share_of_ups(&mut controller, 50, None);
    assert!(first < 0.3 && later > 0.5, "one in twelve by chance; {first} {later}");
    assert!(later < 1.0, "the policy stays open: {later}");
    let after = share_of_ups(&mut controller, 50, Some(3));
    let fresh = share_of_ups(&mut Controller::new(), 50, Some(3));
    assert!(after > fresh, "{after} {fresh}");
}

#[test]
fn a_failure_is_the_worst_and_what_is_dear_counts_less() {
    let score = |gain, cost| {
        let (genome, parent) = (Genome(vec![1]), Genome(vec![0]));
        Score { genome, parent, gain, cost, at: 0 }
    };
    let usual = Usual { gain: 0.01, ln_cost: Some(0.0), ..Usual::default() };
    let reward = |gain, cost| usual.clone().reward(&score(gain, cost));
    assert!((reward(f64::NEG_INFINITY, 1.0) + REWARD_MAX).abs() < 1e-12);
    assert!(reward(0.02, 8.0) < reward(0.02, 1.0) && reward(0.02, 1.0) < reward(0.02, 0.1));
    assert!(reward(-0.02, 8.0) < reward(-0.02, 1.0));
    assert!(reward(0.02, 0.0).is_finite() && reward(0.0, f64::NAN).is_finite());
}

#[test]
fn nothing_beyond_the_budgets_is_asked_for_and_the_policy_turns_from_it() {
    let (space, mut rng) = (grid(3, 9), generator(4));
    let parent = Genome(vec![4, 4, 4]);
    let excess = |genome: &Genome| if genome.0[0] > 4 { 0.5 } else { 0.0 };
    let mut controller = Controller::new();
    let likely = |controller: &Controller| {
        let moves = Moves::of(&space);
        let place = Place { space: &space, moves: &moves, genome: &parent, heat: 0.0 };
        controller.policy.odds(&place).log_probability(Move { gene: 0, size: 1 }).map(f64::exp)
    };
    for now in 0..40 {
        // Each drift opens the same edits again.
        let question =
            Question { now, drift: Some(now), excess: &excess, ..Question::new(&space, &parent, 2) };
        let question = Question { now: 1_000_000, ..question };
        for genome in controller.ask(&question, &mut rng) {
            assert!(excess(&genome) <= 0.0, "{genome:?}");
            controller.tell(&Score { genome, parent: parent.clone(), gain: 0.0, cost: 1.0, at: now });
        }
    }
    let odds = likely(&controller).expect("it is legal");
    assert!(odds < 0.1, "one in six at first: {odds}");
}

#[test]
fn where_all_around_was_tried_it_goes_further() {
    let (space, mut rng) = (grid(2, 9), generator(4));
    let parent = Genome(vec![4, 4]);
    let mut controller = Controller::new();
    let mut asked = std::collections::BTreeSet::new();
    for _ in 0..3 {
        asked.extend(controller.ask(&Question::new(&space, &parent, 4), &mut rng));
    }
    assert_eq!(asked.len(), 12, "{asked:?}");
    let away = |genome: &Genome| genome.0[0].abs_diff(4) + genome.0[1].abs_diff(4);
    assert!(asked.iter().map(away).max().is_some_and(|most| (2..=3).contains(&most)));
}
