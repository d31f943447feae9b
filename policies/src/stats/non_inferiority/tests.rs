//! What the test promises: how often it errs, and how soon it decides.

#![allow(clippy::unwrap_used, reason = "tests may")]

use proptest::prelude::*;
use rand_pcg::Pcg64;

use super::*;
use crate::stats::simulate::{coin, generator, median, saved_and_restored};

const ALPHA: f64 = 0.05;
const MARGIN: f64 = 0.05;
const RUNS: u64 = 400;
const PAIRS: u64 = 2_000;

/// Paired 0/1 losses; the candidate errs more often by `worse`, mostly on the same outcomes.
fn pair(rng: &mut Pcg64, worse: f64) -> (f64, f64) {
    let reference = coin(rng, 0.3);
    let (falls, rises) = (0.1, (0.1 * 0.3 + worse) / 0.7);
    let candidate = if reference > 0.5 { 1.0 - coin(rng, falls) } else { coin(rng, rises) };
    (reference, candidate)
}

/// Looks after every pair.
fn run(seed: u64, worse: f64) -> (NonInferior, u64) {
    let mut rng = generator(seed);
    let mut test = NonInferiority::new(MARGIN, ALPHA);
    for pair_number in 1..=PAIRS {
        let (reference, candidate) = pair(&mut rng, worse);
        test.observe(reference, candidate);
        if test.verdict() != NonInferior::Open {
            return (test.verdict(), pair_number);
        }
    }
    (test.verdict(), PAIRS)
}

fn share(worse: f64, of: NonInferior) -> f64 {
    (0..RUNS).filter(|seed| run(*seed, worse).0 == of).count() as f64 / RUNS as f64
}

#[test]
fn a_candidate_worse_by_the_margin_is_rarely_accepted() {
    let accepted = share(MARGIN, NonInferior::Accepted);
    assert!(accepted <= ALPHA, "{accepted} at the margin");
    let accepted = share(2.0 * MARGIN, NonInferior::Accepted);
    assert!(accepted <= 0.01, "{accepted} at twice the margin");
}

#[test]
fn a_candidate_within_the_margin_is_rarely_rejected() {
    let rejected = share(MARGIN, NonInferior::Rejected);
    assert!(rejected <= ALPHA, "{rejected} at the margin");
    assert!(share(0.0, NonInferior::Rejected) <= 0.01);
}

#[test]
fn equals_are_accepted_and_bad_ones_rejected_soon() {
    let equal: Vec<(NonInferior, u64)> = (0..RUNS).map(|seed| run(seed, 0.0)).collect();
    let accepted = equal.iter().filter(|(verdict, _)| *verdict == NonInferior::Accepted).count();
    assert!(accepted as f64 >= 0.9 * RUNS as f64, "{accepted} of {RUNS}");
    let pairs = median(equal.iter().map(|(_, pairs)| *pairs).collect());
    assert!(pairs <= 500, "{pairs} pairs");
    let bad: Vec<(NonInferior, u64)> = (0..RUNS).map(|seed| run(seed, 0.2)).collect();
    assert!(bad.iter().all(|(verdict, _)| *verdict == NonInferior::Rejected));
    assert!(median(bad.iter().map(|(_, pairs)| *pairs).collect()) <= 150);
}

proptest! {
    #[test]
    fn a_decision_stands_and_survives_saving(seed: u64, worse in 0.0..0.3_f64) {
        let mut rng = generator(seed);
        let mut test = NonInferiority::new(MARGIN, ALPHA);
        let mut decided = NonInferior::Open;
        for _ in 0..600 {
            let (reference, candidate) = pair(&mut rng, worse);
            test.observe(reference, candidate);
            prop_assert!(decided == NonInferior::Open || test.verdict() == decided);
            decided = test.verdict();
        }
        prop_assert_eq!(saved_and_restored(&test), test);
    }
}

#[test]
fn in_blocks_it_decides_only_at_the_end_of_one() {
    let mut test = NonInferiority::in_blocks(0.5, ALPHA, 7);
    while test.verdict() == NonInferior::Open {
        test.observe(0.3, 0.3);
    }
    assert_eq!((test.verdict(), test.count() % 7), (NonInferior::Accepted, 0));
}

#[test]
fn what_is_not_a_number_says_nothing() {
    let mut test = NonInferiority::new(f64::NAN, ALPHA);
    test.observe(f64::NAN, 0.0);
    test.observe(0.0, f64::INFINITY);
    assert_eq!((test.count(), test.ignored(), test.verdict()), (0, 2, NonInferior::Open));
}
