//! Harm is taken out soon, an equal champion hardly ever, and silence decides nothing.

use proptest::prelude::*;

use super::*;
use crate::stats::simulate::{coin, generator, saved_and_restored};

#[test]
fn an_equal_champion_is_kept() {
    let kept = |seed: &u64| {
        let (mut rng, mut watch) = (generator(*seed), Watch::new(0.05, 1_000, 1));
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
    let (mut rng, mut watch) = (generator(1), Watch::new(0.01, 10_000, 1));
    while watch.verdict() == WatchVerdict::Watching {
        watch.observe(coin(&mut rng, 0.2), coin(&mut rng, 0.1));
    }
    assert_eq!(watch.verdict(), WatchVerdict::Rollback);
    assert!(watch.outcomes() < 1_500 && watch.evidence().mean_harm > 0.0, "{} outcomes", watch.outcomes());
}

#[test]
fn a_champion_that_is_worse_by_no_more_than_is_allowed_is_kept() {
    let verdict = |allowed: f64, seed: u64| {
        let (mut rng, mut watch) = (generator(seed), Watch::new(0.05, 3_000, 1).allowing(allowed));
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
    let mut watch = Watch::new(0.05, 1_000, 1);
    for _ in 0..100 {
        watch.observe(f64::NAN, 0.1);
    }
    assert_eq!(watch.verdict(), WatchVerdict::Rollback);
}

#[test]
fn what_fails_to_answer_goes_before_any_label_comes() {
    let mut watch = Watch::new(0.05, 1_000, 1);
    let events = (0..).take_while(|_| {
        watch.answered(true, false);
        watch.verdict() == WatchVerdict::Watching
    });
    assert!(events.count() < 30);
    assert_eq!((watch.verdict(), watch.outcomes()), (WatchVerdict::Rollback, 0));
}

#[test]
fn failures_that_both_have_are_no_harm() {
    let mut watch = Watch::new(0.05, 1_000, 1);
    (0..10_000).for_each(|event| watch.answered(event % 3 == 0, event % 3 == 0));
    assert_eq!(watch.verdict(), WatchVerdict::Watching);
}

/// Watches that roll back, of 200, where so many units of so long a stretch of seconds are over with this chance.
fn gone_for_time(units: u64, share: f64, seconds: usize) -> usize {
    let gone = |seed: &u64| {
        let (mut rng, mut watch) = (generator(*seed), Watch::new(0.05, 1_000, 1).allowing_overruns(0.01));
        for _ in 0..seconds {
            watch.took(units, (0..units).map(|_| coin(&mut rng, share) as u64).sum());
        }
        watch.verdict() == WatchVerdict::Rollback
    };
    (0..200).filter(gone).count()
}

#[test]
fn what_is_over_its_time_more_often_than_it_may_goes_however_many_units_a_second_has() {
    for (units, seconds) in [(1, 2_000), (10, 500), (1_000, 20), (20_000, 2)] {
        let gone = gone_for_time(units, 0.01, seconds);
        assert!(gone <= 10, "{gone} of 200 with {units} units a second");
    }
    for (units, share) in [(1, 0.1), (10, 0.1), (100, 0.3)] {
        let gone = gone_for_time(units, share, 2_000);
        assert!(gone >= 195, "{gone} of 200 with {units} units a second");
    }
}

#[test]
fn what_becomes_too_slow_after_hours_goes_within_a_minute() {
    let mut watch = Watch::new(0.05, 1_000, 1).allowing_overruns(0.01);
    (0..10_000).for_each(|_| watch.took(100, 0));
    let seconds = (0..).take_while(|_| {
        watch.took(100, 100);
        watch.verdict() == WatchVerdict::Watching
    });
    let seconds = seconds.count();
    assert!(seconds < 60, "{seconds} s");
}

#[test]
fn a_champion_as_good_in_the_long_run_is_kept_where_bets_are_on_blocks() {
    // The better half changes sides every 300 outcomes.
    let verdict = |block, seed| {
        let (mut rng, mut watch) = (generator(seed), Watch::new(0.05, 2_000, block));
        let offset = (coin(&mut rng, 0.5) * 300.0) as u64;
        for at in 0..2_000 {
            let (new, old) = if ((at + offset) / 300).is_multiple_of(2) { (0.14, 0.1) } else { (0.1, 0.14) };
            watch.observe(coin(&mut rng, new), coin(&mut rng, old));
        }
        watch.verdict()
    };
    let kept = |block| (0..100).filter(|seed| verdict(block, *seed) != WatchVerdict::Rollback).count();
    assert!(kept(600) >= 95, "{} of 100", kept(600));
}

#[test]
fn harm_of_one_kind_is_evidence_in_proportion_to_its_share() {
    let seen = |log_quality, log_errors, log_compute| {
        WatchEvidence { log_quality, log_errors, log_compute, outcomes: 0, mean_harm: 0.0 }.log_harm()
    };
    assert!((seen(0.0, 0.0, 0.0)).abs() < 1e-12);
    assert!((seen(50.0, 0.0, 0.0) - (50.0 + 0.75_f64.ln())).abs() < 1e-9);
    assert!((seen(0.0, 50.0, 0.0) - (50.0 - 8_f64.ln())).abs() < 1e-9);
}

#[test]
fn without_the_displaced_champion_nothing_is_decided() {
    let mut watch = Watch::new(0.05, 10, 1);
    for _ in 0..1_000 {
        watch.observe(0.9, f64::NAN);
    }
    assert_eq!((watch.verdict(), watch.outcomes()), (WatchVerdict::Watching, 0));
    assert_eq!(Watch::new(0.05, 0, 1).verdict(), WatchVerdict::Keep, "no watch was asked for");
}

proptest! {
    #[test]
    fn a_verdict_is_final(losses in prop::collection::vec((any::<f64>(), any::<f64>()), 0..200), length in 0_u64..50) {
        let (mut watch, mut last) = (Watch::new(0.2, length, 1), WatchVerdict::Watching);
        for (new, old) in losses {
            watch.observe(new, old);
            prop_assert!(last == WatchVerdict::Watching || last == watch.verdict());
            last = watch.verdict();
        }
        prop_assert!(watch.outcomes() <= length && watch.evidence().log_harm().is_finite());
        prop_assert_eq!(&saved_and_restored(&watch), &watch);
    }
}
