//! What the rules spend, and that the share of false discoveries stays under alpha.

use proptest::prelude::*;

use super::*;
use crate::stats::EProcess;
use crate::stats::simulate::{coin, generator, saved_and_restored};

const ALPHA: f64 = 0.1;

#[test]
fn each_test_has_the_same_level_and_they_add_up() {
    let mut tests = Tests::new(AlphaRule::Each, 0.05);
    let levels: Vec<f64> = (0..40).map(|_| tests.begin()).collect();
    assert!(levels.iter().all(|level| (level - 0.05).abs() < 1e-12));
    assert!((tests.false_discoveries_expected() - 2.0).abs() < 1e-9);
}

#[test]
fn without_a_discovery_all_levels_together_stay_under_alpha() {
    let mut tests = Tests::new(AlphaRule::ELond, ALPHA);
    for _ in 0..10_000 {
        tests.begin();
    }
    assert!(tests.false_discoveries_expected() < ALPHA);
    assert!(tests.false_discoveries_expected() > 0.99 * ALPHA);
}

/// Forty tests in a row, a third of them of something real; the shares of false discoveries and of found real ones.
fn life(rule: AlphaRule, seed: u64) -> (f64, f64) {
    let (mut rng, mut tests) = (generator(seed), Tests::new(rule, ALPHA));
    let (mut wrong, mut right, mut real) = (0.0, 0.0, 0.0);
    for _ in 0..40 {
        let is_real = coin(&mut rng, 1.0 / 3.0) > 0.5;
        let (limit, mut evidence) = (-tests.begin().ln(), EProcess::new(0.0));
        let wins = if is_real { 0.7 } else { 0.5 };
        let found = (0..600).any(|_| {
            evidence.observe(2.0 * coin(&mut rng, wins) - 1.0);
            evidence.log_value() >= limit
        });
        real += f64::from(u8::from(is_real));
        if found {
            tests.discovered();
            *(if is_real { &mut right } else { &mut wrong }) += 1.0;
        }
    }
    (wrong / f64::max(wrong + right, 1.0), right / f64::max(real, 1.0))
}

#[test]
fn the_share_of_false_discoveries_stays_under_alpha_and_real_ones_are_found() {
    let lives: Vec<(f64, f64)> = (0..300).map(|seed| life(AlphaRule::ELond, seed)).collect();
    let mean = |of: fn(&(f64, f64)) -> f64| lives.iter().map(of).sum::<f64>() / lives.len() as f64;
    let (false_share, found) = (mean(|life| life.0), mean(|life| life.1));
    assert!(false_share <= ALPHA, "{false_share}");
    assert!(found > 0.9, "{found} of the real ones");
}

proptest! {
    #[test]
    fn discoveries_never_lower_the_level_and_saving_keeps_everything(found in prop::collection::vec(any::<bool>(), 0..60), alpha in any::<f64>()) {
        for rule in [AlphaRule::Each, AlphaRule::ELond] {
            let mut tests = Tests::new(rule, alpha);
            for found in &found {
                let level = tests.begin();
                prop_assert!((0.0..=1.0).contains(&level));
                let before = tests.level();
                if *found {
                    tests.discovered();
                }
                prop_assert!(tests.level() >= before);
            }
            prop_assert_eq!(tests.begun(), found.len() as u64);
            prop_assert_eq!(&saved_and_restored(&tests), &tests);
            let changed = tests.clone().under(AlphaRule::Each, 0.01);
            prop_assert_eq!(changed.false_discoveries_expected().to_bits(), tests.false_discoveries_expected().to_bits());
        }
    }
}
