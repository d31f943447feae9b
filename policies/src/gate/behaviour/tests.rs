//! What behaviour gates promise: no word before there are enough outcomes, and the right one after.

use super::*;
use crate::gate::Answered;

const CALIBRATION: CalibrationGate = CalibrationGate { increase_max: 0.05, outcomes_min: 100 };
const CHURN: ChurnGate = ChurnGate { share_max: 0.2, outcomes_min: 100 };
const FAIRNESS: FairnessGate = FairnessGate { gap_max: 0.1 };

fn answered(confidence: f64, right: bool) -> Answered {
    Answered { confidence, right, positive: right, brier: 0.1 }
}

/// Whatever `each` says of the outcome of this number.
fn evidence(outcomes: usize, each: impl Fn(usize, &mut Scorecard)) -> Evidence {
    let mut card = Scorecard::new(0.05);
    (0..outcomes).for_each(|n| each(n, &mut card));
    Evidence { scorecard: Some(card), ..Evidence::default() }
}

#[test]
fn bluster_is_measured_against_the_control() {
    let with = |confidence: f64, control: f64| {
        let each = move |n: usize, card: &mut Scorecard| {
            let right = n % 10 < 7;
            card.observe(answered(confidence, right), answered(control, right), false, None);
        };
        move |outcomes| CALIBRATION.judge(&evidence(outcomes, each)).verdict
    };
    assert_eq!(with(0.7, 0.7)(99), Verdict::Inconclusive);
    assert_eq!(with(0.7, 0.7)(100), Verdict::Pass);
    assert_eq!(with(0.9, 0.7)(100), Verdict::Fail);
    assert_eq!(with(0.9, 0.9)(100), Verdict::Pass, "no worse than the control");
    assert_eq!(with(f64::NAN, 0.7)(100), Verdict::Inconclusive);
}

#[test]
fn churn_is_a_share() {
    let each = |n: usize, card: &mut Scorecard| {
        card.observe(answered(0.9, true), answered(0.9, true), n.is_multiple_of(4), None);
    };
    let judgement = CHURN.judge(&evidence(1_000, each));
    assert_eq!((judgement.verdict, judgement.measured), (Verdict::Fail, 0.25));
}

#[test]
fn unfairness_is_shown_or_ruled_out_and_in_between_nothing_is_said() {
    // One group is always answered right, the other wrong this often in a hundred.
    let judged = |outcomes: usize, wrong: usize| {
        FAIRNESS.judge(&evidence(outcomes, |n, card| {
            let right = n % 2 == 0 || (n / 2) % 100 >= wrong;
            card.observe(answered(0.9, right), answered(0.9, right), false, Some(n % 2));
        }))
    };
    assert_eq!(judged(20, 0).verdict, Verdict::Inconclusive);
    assert_eq!(judged(20_000, 0).verdict, Verdict::Pass);
    assert_eq!(judged(20_000, 50).verdict, Verdict::Fail);
    assert!(judged(20_000, 50).measured > 0.4);
}

#[test]
fn one_group_alone_is_not_judged() {
    let each = |_: usize, card: &mut Scorecard| {
        card.observe(answered(0.9, true), answered(0.9, true), false, Some(3));
    };
    assert_eq!(FAIRNESS.judge(&evidence(1_000, each)).verdict, Verdict::Inconclusive);
}
