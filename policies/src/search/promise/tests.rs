//! Simulations: what it skips loses, and what it says about itself is true.

use proptest::prelude::*;

use super::*;
use crate::stats::simulate::{generator, normal, saved_and_restored};

/// What became of a stream of candidates.
#[derive(Default)]
struct Tally {
    winners: u64,
    skipped: u64,
    skipped_winners: u64,
}

/// Candidates whose chance is `truth` of what draws them, while the predictor says `said` of it.
fn simulate(
    promise: &mut Promise,
    rounds: u64,
    seed: u64,
    truth: fn(f64) -> f64,
    said: fn(f64) -> f64,
) -> Tally {
    let mut rng = generator(seed);
    let mut tally = Tally::default();
    for _ in 0..rounds {
        let quality = normal(&mut rng);
        let won = rng.random::<f64>() < truth(quality);
        let admitted = promise.admit(said(quality), &mut rng);
        tally.winners += u64::from(won);
        if let Some(admitted) = admitted {
            promise.learn(admitted, won);
        } else {
            tally.skipped += 1;
            tally.skipped_winners += u64::from(won);
        }
    }
    tally
}

fn chance(quality: f64) -> f64 {
    logistic(2.5 * quality - 3.0)
}

#[test]
fn what_is_skipped_hardly_ever_wins() {
    let mut promise = Promise::new();
    let tally = simulate(&mut promise, 2000, 1, chance, chance);
    assert!(tally.skipped > 600, "{} of 2000 skipped", tally.skipped);
    let lost = tally.skipped_winners as f64 / tally.skipped as f64;
    assert!(lost < PROBABILITY_MIN, "{lost} of those skipped would have won");
    assert_eq!((promise.skipped(), promise.admitted()), (tally.skipped, 2000 - tally.skipped));
}

#[test]
fn recall_is_estimated_without_bias() {
    // The same, over many streams: told recall, and what it was.
    let mut told = 0.0;
    let (mut winners, mut missed) = (0, 0);
    for seed in 0..40 {
        let mut promise = Promise::new();
        let tally = simulate(&mut promise, 600, seed, chance, chance);
        told += promise.recall().expect("somebody won") / 40.0;
        // One let through is no winner on merit either.
        winners += tally.winners;
        missed += tally.skipped_winners;
    }
    let was = 1.0 - missed as f64 / (1.0 - LET_THROUGH) / winners as f64;
    assert!((told - was).abs() < 0.02, "told {told}, was {was}");
    assert!(was > 0.9, "{was}");
}

#[test]
fn one_that_is_too_sure_loses_its_say() {
    let mut promise = Promise::new();
    let tally = simulate(&mut promise, 3000, 2, |_| 0.3, |quality| logistic(4.0 * quality - 3.0));
    assert!((promise.probability(0.001) - 0.3).abs() < 0.15, "{}", promise.probability(0.001));
    assert!(tally.skipped < 300, "{} skipped by a predictor that knows nothing", tally.skipped);
}

#[test]
fn nothing_is_skipped_before_enough_is_known() {
    let mut promise = Promise::new();
    let early = simulate(&mut promise, RECORDS_MIN as u64 - 1, 3, chance, chance);
    assert_eq!(early.skipped, 0);
    let mut hopeless = Promise::new();
    let never = simulate(&mut hopeless, 500, 3, |_| 0.0, |_| 0.001);
    assert_eq!((never.skipped, hopeless.recall()), (0, None), "nobody has won yet: what wins is not known");
}

#[test]
fn what_is_not_a_number_is_tried() {
    let mut promise = Promise::new();
    simulate(&mut promise, 500, 4, chance, chance);
    assert!(promise.admit(f64::NAN, &mut generator(1)).is_some_and(Admitted::on_merit));
}

proptest! {
    #[test]
    fn it_restores_exactly_and_stays_bounded(seed in any::<u64>(), rounds in 0_u64..700) {
        let mut promise = Promise::new();
        simulate(&mut promise, rounds, seed, chance, |quality| chance(0.5 * quality));
        prop_assert!(promise.records.len() <= RECORDS_MAX);
        let mut restored = saved_and_restored(&promise);
        simulate(&mut promise, 50, seed, chance, chance);
        simulate(&mut restored, 50, seed, chance, chance);
        prop_assert_eq!(&promise, &restored);
        prop_assert!(promise.probability(0.1) <= promise.probability(0.9));
    }
}
