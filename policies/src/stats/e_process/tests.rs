//! False alarms stay under alpha at every look; real gains are found.

use proptest::prelude::*;

use super::*;
use crate::stats::simulate::{coin, generator, median, saved_and_restored};

const ALPHA: f64 = 0.05;

/// How many of these runs ever reach `1 / alpha` when it is looked at after every observation.
fn false_positives(runs: u64, steps: u32, mut draw: impl FnMut(&mut rand_pcg::Pcg64) -> f64) -> u64 {
    let reached = |seed: u64| {
        let (mut rng, mut evidence) = (generator(seed), EProcess::new(0.0));
        u64::from((0..steps).any(|_| {
            evidence.observe(draw(&mut rng));
            evidence.log_value() >= (1.0 / ALPHA).ln()
        }))
    };
    (0..runs).map(reached).sum()
}

/// Alpha plus three standard errors of a simulation of this many runs.
fn bound(runs: u64) -> f64 {
    runs as f64 * (ALPHA + 3.0 * (ALPHA * (1.0 - ALPHA) / runs as f64).sqrt())
}

#[test]
fn equal_learners_are_rarely_told_apart_however_often_one_looks() {
    let runs = 2_000;
    let positives = false_positives(runs, 2_000, |rng| coin(rng, 0.03) - coin(rng, 0.03));
    assert!((positives as f64) < bound(runs), "{positives} of {runs}");
}

#[test]
fn fair_coins_of_any_size_are_rarely_told_apart() {
    let runs = 500;
    let positives = false_positives(runs, 1_000, |rng| 2.0 * coin(rng, 0.5) - 1.0);
    assert!((positives as f64) < bound(runs), "{positives} of {runs}");
}

#[test]
fn a_gain_of_two_points_at_six_percent_disagreement_is_found() {
    let outcomes_needed = |seed: u64| {
        let (mut rng, mut evidence) = (generator(seed), EProcess::new(0.0));
        (1..=10_000_u64)
            .find(|_| {
                // Better on 4 %, worse on 2 % of the outcomes.
                let draw = coin(&mut rng, 0.06) * (2.0 * coin(&mut rng, 2.0 / 3.0) - 1.0);
                evidence.observe(draw);
                evidence.log_value() >= (1.0 / ALPHA).ln()
            })
            .unwrap_or(10_000)
    };
    let needed = median((0..200).map(outcomes_needed).collect());
    assert!((600..1_700).contains(&needed), "median {needed} outcomes");
}

#[test]
fn blocks_of_one_are_no_blocks_and_a_block_waits_until_it_is_full() {
    let mut rng = generator(3);
    let [mut plain, mut ones, mut fives] =
        [EProcess::new(0.0), EProcess::in_blocks(0.0, 0), EProcess::in_blocks(0.0, 5)];
    let mut means = BLOCK_STAKES.map(|_| 0.0);
    for _ in 0..40 {
        let block: Vec<f64> = (0..5).map(|_| coin(&mut rng, 0.6) - coin(&mut rng, 0.2)).collect();
        for y in &block {
            let before = fives.log_value().to_bits();
            plain.observe(*y);
            ones.observe(*y);
            fives.observe(*y);
            fives.observe(f64::NAN);
            assert!(fives.count() % 5 == 0 || fives.log_value().to_bits() == before);
        }
        let mean = block.iter().sum::<f64>() / 5.0;
        for (wealth, stake) in means.iter_mut().zip(BLOCK_STAKES) {
            *wealth += (stake * mean).ln_1p();
        }
    }
    assert_eq!(ones.log_value().to_bits(), plain.log_value().to_bits());
    assert!((fives.log_value() - log_mean_exp(&means)).abs() < 1e-9);
    assert_eq!((fives.count(), fives.ignored()), (200, 200));
    assert!((fives.mean() - plain.mean()).abs() < 1e-12);
}

/// Better for a stretch, then worse for a stretch, and as good in the long run.
fn tides(rng: &mut rand_pcg::Pcg64, better: &mut bool, length: f64) -> f64 {
    *better ^= coin(rng, 1.0 / length) > 0.5;
    let wins = if *better { 5.0 / 6.0 } else { 1.0 / 6.0 };
    coin(rng, 0.06) * (2.0 * coin(rng, wins) - 1.0)
}

#[test]
fn tides_break_the_promise_and_long_blocks_restore_it() {
    let (runs, length) = (300, 100.0);
    let share = |block: u64| {
        let promoted = |seed: u64| {
            let (mut rng, mut better) = (generator(seed), seed.is_multiple_of(2));
            let mut evidence = EProcess::in_blocks(0.0, block);
            (0..4_000).any(|_| {
                evidence.observe(tides(&mut rng, &mut better, length));
                evidence.log_value() >= (1.0 / ALPHA).ln()
            })
        };
        (0..runs).filter(|seed| promoted(*seed)).count() as f64 / runs as f64
    };
    let (alone, blocks) = (share(1), share(200));
    assert!(alone > 2.0 * ALPHA, "{alone} outcome by outcome");
    assert!(blocks <= ALPHA, "{blocks} in blocks");
}

#[test]
fn a_gain_below_the_margin_is_no_evidence() {
    let (mut rng, mut evidence) = (generator(7), EProcess::new(0.05));
    for _ in 0..5_000 {
        evidence.observe(coin(&mut rng, 0.04));
    }
    assert!(evidence.log_value() < 0.0);
    assert!((evidence.mean() - 0.04).abs() < 0.01);
}

#[test]
fn the_value_is_capped() {
    let (mut up, mut down) = (EProcess::new(-1.0), EProcess::new(0.5));
    for _ in 0..100_000 {
        up.observe(1.0);
        down.observe(-1.0);
    }
    assert!(up.log_value() <= LOG_VALUE_MAX && up.log_value() > 690.0);
    assert!(down.log_value() >= -LOG_VALUE_MAX);
}

proptest! {
    #[test]
    fn anything_goes_in_and_a_number_comes_out(margin in any::<f64>(), block in 0..9_u64, ys in prop::collection::vec(any::<f64>(), 0..50)) {
        let mut evidence = EProcess::in_blocks(if margin.is_nan() { 0.0 } else { margin }, block);
        for y in &ys {
            evidence.observe(*y);
        }
        prop_assert!(evidence.log_value().is_finite());
        prop_assert!(evidence.mean().abs() <= 1.0);
        prop_assert_eq!(evidence.count() + evidence.ignored(), ys.len() as u64);
        prop_assert_eq!(&saved_and_restored(&evidence), &evidence);
    }

    #[test]
    fn better_observations_are_more_evidence(ys in prop::collection::vec(-1.0..0.9_f64, 1..50)) {
        let (mut less, mut more) = (EProcess::new(0.0), EProcess::new(0.0));
        for y in ys {
            less.observe(y);
            more.observe(y + 0.1);
        }
        prop_assert!(more.log_value() > less.log_value());
    }
}
