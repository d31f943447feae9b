//! Whoever is good enough goes on at once, and in a small pool somebody always does.

use super::*;
use crate::stats::simulate::saved_and_restored;

fn trials(gains: &[f64]) -> Vec<Trial> {
    let observed = |gain: &f64| Trial { curve: vec![(1, *gain)], ..Trial::default() };
    gains.iter().map(observed).collect()
}

fn step(candidate: usize, rung: usize) -> Step {
    Step { candidate, rung }
}

#[test]
fn it_promotes_without_waiting_for_those_who_train() {
    let mut trials = trials(&[0.1, 0.3, 0.2, 0.0]);
    trials[3] = Trial { training: true, ..Trial::default() };
    assert_eq!(Asha::default().next(&trials), [step(1, 1)]);
    trials[1].training = true;
    assert!(Asha::default().next(&trials).is_empty());
}

#[test]
fn a_promotion_goes_before_a_new_start() {
    let mut trials = trials(&[0.1, 0.3, 0.2]);
    trials.push(Trial::default());
    assert_eq!(Asha::default().next(&trials), [step(1, 1), step(3, 0)]);
}

#[test]
fn of_two_the_better_goes_all_the_way() {
    let mut trials = trials(&[0.1, 0.3]);
    assert_eq!(Asha::default().next(&trials), [step(1, 1)]);
    trials[1].observe(3, 0.4);
    assert_eq!(Asha::default().next(&trials), [step(1, 2)]);
    trials[1].observe(9, 0.5);
    assert!(Asha::default().next(&trials).is_empty());
    assert_eq!(Asha::default().winners(&trials), [1]);
}

#[test]
fn settings_survive_a_snapshot() {
    assert_eq!(saved_and_restored(&Asha::default()), Asha::default());
    let stopped = trials(&[0.1, f64::MIN_POSITIVE]);
    assert_eq!(saved_and_restored(&stopped), stopped);
}
