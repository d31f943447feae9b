//! The interval covers at all times at once, and shrinks.

use proptest::prelude::*;

use super::*;
use crate::stats::simulate::{coin, generator, saved_and_restored};

/// How many of these runs have the mean outside the interval at any look.
fn misses(runs: u64, steps: u32, mean: f64, fresh: &ConfidenceSequence) -> u64 {
    let missed = |seed: u64| {
        let (mut rng, mut sequence) = (generator(seed), fresh.clone());
        u64::from((0..steps).any(|_| {
            sequence.observe(coin(&mut rng, mean));
            let (lower, upper) = sequence.interval();
            mean < lower || upper < mean
        }))
    };
    (0..runs).map(missed).sum()
}

#[test]
fn the_mean_is_rarely_ever_outside() {
    for mean in [0.02, 0.1, 0.5, 0.97] {
        let missed = misses(300, 2_000, mean, &ConfidenceSequence::new(0.1));
        assert!(missed < 45, "{missed} of 300 at mean {mean}");
    }
    let missed = misses(300, 2_000, 0.1, &ConfidenceSequence::tuned(0.1, 1_000));
    assert!(missed < 45, "{missed} of 300, tuned");
}

#[test]
fn a_horizon_makes_it_narrower_there() {
    let (mut rng, mut open, mut tuned) =
        (generator(3), ConfidenceSequence::new(0.1), ConfidenceSequence::tuned(0.1, 1_000));
    for _ in 0..1_000 {
        let x = coin(&mut rng, 0.1);
        open.observe(x);
        tuned.observe(x);
    }
    let width = |(lower, upper): (f64, f64)| upper - lower;
    assert!(width(tuned.interval()) < width(open.interval()));
    assert!(width(tuned.interval()) < 0.06, "{:?}", tuned.interval());
}

proptest! {
    #[test]
    fn the_interval_is_ordered_and_inside(xs in prop::collection::vec(any::<f64>(), 0..60), alpha in 0.001..0.5_f64) {
        let mut sequence = ConfidenceSequence::new(alpha);
        for x in &xs {
            sequence.observe(*x);
        }
        let (lower, upper) = sequence.interval();
        prop_assert!(0.0 <= lower && lower <= upper && upper <= 1.0);
        prop_assert!((0.0..=1.0).contains(&sequence.mean()));
        prop_assert_eq!(sequence.count() + sequence.ignored(), xs.len() as u64);
        prop_assert_eq!(&saved_and_restored(&sequence), &sequence);
    }
}
