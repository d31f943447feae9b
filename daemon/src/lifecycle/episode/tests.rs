//! Every scheduler sends everyone it wants to see, and hands over whoever did best.

use policies::search::{AnyScheduler, SuccessiveHalving};

use super::super::tests::{linear, rules};
use super::*;

fn rules_by(scheduler: &str) -> Rules {
    let mut rules = rules();
    let rungs = SuccessiveHalving { rungs: rules.config.search.rungs.clone(), eta: 3, least_gain: 0.0 };
    rules.scheduler = AnyScheduler::named(scheduler, rungs).expect("it is one of the names");
    rules
}

/// Climbs to the end, where `gain` says what a candidate shows; how many trained each time, and who won.
fn climbed(rules: &Rules, gain: impl Fn(usize) -> Option<f64>) -> (Vec<(usize, usize)>, Vec<usize>) {
    let mut episode = Episode::new(false);
    episode.propose(vec![linear(); 9]);
    let mut trained = Vec::new();
    while let Some(Effect::Climb { rung, candidates, .. }) = episode.climb(rules) {
        trained.push((rung, candidates.len()));
        let climber = |(place, _): &(usize, _)| Climber {
            place: *place,
            gain: gain(*place),
            failed: false,
            rejected: false,
            may_cost_quality: false,
        };
        let climbers: Vec<Climber> = candidates.iter().map(climber).collect();
        episode.observe(&climbers, rules);
    }
    (trained, episode.winners(rules))
}

#[test]
fn whole_rungs_or_a_few_at_a_time() {
    let gain = |place: usize| Some(0.01 * place as f64);
    assert_eq!(climbed(&rules_by("successive_halving"), gain), (vec![(0, 9), (1, 3), (2, 1)], vec![8]));
    assert_eq!(climbed(&rules_by("full_budget"), gain), (vec![(0, 9)], (1..9).rev().collect()));
    let (trained, winners) = climbed(&rules_by("asha"), gain);
    assert!(trained.iter().all(|(_, count)| *count <= 3), "{trained:?}");
    assert!(trained[1].0 > 0, "the best of the first three climbs before the others start: {trained:?}");
    assert_eq!(winners[0], 8);
    let (trained, winners) = climbed(&rules_by("pasha"), gain);
    assert!(trained.iter().all(|(rung, _)| *rung < 2), "the order does not change: {trained:?}");
    assert_eq!(winners[0], 8);
}

#[test]
fn where_every_trial_fails_it_ends_without_a_winner() {
    for scheduler in AnyScheduler::NAMES {
        let (trained, winners) = climbed(&rules_by(scheduler), |_| None);
        assert_eq!(trained.iter().map(|(_, count)| count).sum::<usize>(), 9, "{scheduler}: {trained:?}");
        assert!(winners.is_empty());
    }
}

#[test]
fn who_was_given_up_climbs_no_more() {
    let rules = rules_by("successive_halving");
    let mut episode = Episode::new(true);
    episode.propose(vec![linear(); 2]);
    episode.climb(&rules);
    let climber = |place, rejected| Climber {
        place,
        gain: Some(0.1),
        failed: false,
        rejected,
        may_cost_quality: false,
    };
    episode.observe(&[climber(0, true), climber(1, false)], &rules);
    let Some(Effect::Climb { candidates, .. }) = episode.climb(&rules) else { panic!("one is left") };
    assert_eq!(candidates.iter().map(|(place, _)| *place).collect::<Vec<_>>(), [1]);
}

#[test]
fn why_nobody_won_is_told_as_it_was() {
    let climber = |failed| Climber { place: 0, gain: None, failed, rejected: false, may_cost_quality: false };
    assert_eq!(why_nobody(&[climber(true), climber(true)]), "none of its trials could be run");
    for climbers in [&[climber(true), climber(false)][..], &[]] {
        assert_eq!(why_nobody(climbers), "no candidate was better than the control");
    }
}
