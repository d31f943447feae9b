//! Harm is taken out soon, an equal champion hardly ever, and silence decides nothing.

use proptest::prelude::*;

use super::*;
use crate::stats::simulate::{coin, generator, saved_and_restored};

#[test]
fn an_equal_champion_is_kept() {
    let kept = |seed: &u64| {
        let (mut rng, mut watch) = (generator(*seed), Watch::new(0.05, 1_000));
        while watch.verdict() == WatchVerdict::Watching {
            watch.observe(coin(&mut rng, 0.1), coin(&mut rng, 0.1));
        }
        watch.verdict() == WatchVerdict::Keep
    };
    let kept = (0..400).filter(kept).count();
    assert!(kept >= 367, "{kept} of 400");
}

#[test]
fn a_harmful_champion_goes_soon() {
    let (mut rng, mut watch) = (generator(1), Watch::new(0.01, 10_000));
    while watch.verdict() == WatchVerdict::Watching {
        watch.observe(coin(&mut rng, 0.2), coin(&mut rng, 0.1));
    }
    assert_eq!(watch.verdict(), WatchVerdict::Rollback);
    assert!(watch.outcomes() < 1_500 && watch.mean_harm() > 0.0, "{} outcomes", watch.outcomes());
}

#[test]
fn a_champion_that_is_worse_by_no_more_than_is_allowed_is_kept() {
    let verdict = |allowed: f64, seed: u64| {
        let (mut rng, mut watch) = (generator(seed), Watch::new(0.05, 3_000).allowing(allowed));
        while watch.verdict() == WatchVerdict::Watching {
            watch.observe(coin(&mut rng, 0.14), coin(&mut rng, 0.1));
        }
        watch.verdict()
    };
    let kept = |allowed| (0..40).filter(|seed| verdict(allowed, *seed) == WatchVerdict::Keep).count();
    assert!(kept(0.05) >= 36 && kept(0.0) <= 4);
}

#[test]
fn a_champion_that_answers_nan_goes() {
    let mut watch = Watch::new(0.05, 1_000);
    for _ in 0..100 {
        watch.observe(f64::NAN, 0.1);
    }
    assert_eq!(watch.verdict(), WatchVerdict::Rollback);
}

#[test]
fn without_the_displaced_champion_nothing_is_decided() {
    let mut watch = Watch::new(0.05, 10);
    for _ in 0..1_000 {
        watch.observe(0.9, f64::NAN);
    }
    assert_eq!((watch.verdict(), watch.outcomes()), (WatchVerdict::Watching, 0));
    assert_eq!(Watch::new(0.05, 0).verdict(), WatchVerdict::Keep, "no watch was asked for");
}

proptest! {
    #[test]
    fn a_verdict_is_final(losses in prop::collection::vec((any::<f64>(), any::<f64>()), 0..200), length in 0_u64..50) {
        let (mut watch, mut last) = (Watch::new(0.2, length), WatchVerdict::Watching);
        for (new, old) in losses {
            watch.observe(new, old);
            prop_assert!(last == WatchVerdict::Watching || last == watch.verdict());
            last = watch.verdict();
        }
        prop_assert!(watch.outcomes() <= length && watch.log_harm().is_finite());
        prop_assert_eq!(&saved_and_restored(&watch), &watch);
    }
}
