//! The lifecycle's laws, on events alone.

use model::{Architecture, Edit, Hyper, Timestamp};
use policies::detect::{Advice, DetectorKind, Diagnosis, Drift, DriftKind, Remedy, Resource, Saving, Sense};
use policies::gate::{Claim, Evidence, GateKind, Judgement, QualityEvidence, Verdict};
use policies::search::{AnyScheduler, SuccessiveHalving};
use policies::watch::WatchVerdict;

use super::{
    Cause, Change, Climber, DRIFT_WAITS_OUTCOMES, Effect, Event, Facts, Lifecycle, ReliefOption, Rules,
};
use crate::config::{Approval, Config};

const LESS_TIME: Saving = Saving { resource: Resource::Time, share: None };
const BREACHED: Event = Event::Breached(Remedy::Relief(LESS_TIME));

pub(super) fn rules() -> Rules {
    let text = "schema = { classes = [\"a\", \"b\"], features = [{ name = \"x\", kind = \"numeric\" }] }";
    let mut config = Config::parse(text).expect("a small valid configuration").learn;
    config.search.memory_models = 0;
    let scheduler = SuccessiveHalving { rungs: config.search.rungs.clone(), eta: 3, least_gain: 0.0 };
    Rules { config, scheduler: AnyScheduler::SuccessiveHalving(scheduler) }
}

pub(super) fn facts(outcomes: u64) -> Facts {
    Facts { outcomes, windows: 20, stale: true, alpha: 0.05, ..Facts::default() }
}

pub(super) fn linear() -> Edit {
    Edit::add(1, 0, Architecture::linear(Hyper::default()))
}

/// A lifecycle whose cold start episode has put a challenger into the shadow slot.
pub(super) fn shadowing(rules: &Rules) -> Lifecycle {
    shadowed(Lifecycle::new(), rules)
}

fn shadowed(lifecycle: Lifecycle, rules: &Rules) -> Lifecycle {
    shadowed_at(lifecycle, 3_000, rules)
}

fn shadowed_at(mut lifecycle: Lifecycle, outcomes: u64, rules: &Rules) -> Lifecycle {
    lifecycle.step(Event::Learned(facts(outcomes)), rules);
    lifecycle.step(Event::Proposed(vec![linear(); 9]), rules);
    for gains in [9, 3, 1] {
        lifecycle.step(climbed(&vec![Some(0.1); gains]), rules);
    }
    assert!(lifecycle.shadow.is_some());
    lifecycle
}

/// The first candidates have climbed, and all of them have to gain.
fn climbed(gains: &[Option<f64>]) -> Event {
    let climber = |(place, gain): (usize, &Option<f64>)| Climber {
        place,
        gain: *gain,
        failed: gain.is_none(),
        rejected: false,
        may_cost_quality: false,
    };
    Event::Climbed(gains.iter().enumerate().map(climber).collect())
}

pub(super) fn quality(log_gain: f64, log_harm: f64) -> QualityEvidence {
    QualityEvidence {
        claim: Claim::Better,
        log_gain,
        log_harm,
        log_futile: 0.0,
        outcomes: 500,
        mean_gain: 0.01,
    }
}

fn judged(verdict: Verdict) -> Event {
    let judgement = Judgement::new(GateKind::Quality, verdict, 0.0, 0.0, "because".into());
    Event::Judged(vec![judgement])
}

#[test]
fn only_the_prior_is_served_until_enough_labels_came() {
    let (rules, mut lifecycle) = (rules(), Lifecycle::new());
    let enough = rules.config.cold_outcomes;
    assert!(lifecycle.step(Event::Learned(facts(enough - 1)), &rules).is_empty());
    assert!(!lifecycle.has_champion());
    let effects = lifecycle.step(Event::Learned(facts(enough)), &rules);
    assert_eq!(effects[0], Effect::Swap(Change::Refresh));
    assert!(lifecycle.has_champion());
}

#[test]
fn inconclusive_never_promotes() {
    let rules = rules();
    let mut lifecycle = shadowing(&rules);
    assert!(lifecycle.step(judged(Verdict::Inconclusive), &rules).is_empty());
    assert!(lifecycle.shadow.is_some());
    assert_eq!(lifecycle.step(judged(Verdict::Pass), &rules), [Effect::Swap(Change::Promotion)]);
}

#[test]
fn an_undecided_challenger_is_dropped_at_its_deadline() {
    let rules = rules();
    let mut lifecycle = shadowing(&rules);
    let late = Facts { quality: Some(quality(0.0, 0.0)), ..facts(50_000) };
    assert!(matches!(lifecycle.step(Event::Learned(late), &rules)[..], [Effect::Judge, Effect::Drop(_)]));
}

#[test]
fn without_outcomes_a_challenger_is_dropped_when_its_time_is_up_and_a_clock_that_goes_back_gives_none() {
    let rules = rules();
    let mut lifecycle = Lifecycle::new();
    lifecycle.step(Event::Passed(Timestamp(1_000)), &rules);
    let mut lifecycle = shadowed(lifecycle, &rules);
    let end = 1_000 + 1_000 * rules.config.gate.deadline_seconds.cast_signed();
    for now in [end - 1, -5, end - 1] {
        assert!(lifecycle.step(Event::Passed(Timestamp(now)), &rules).is_empty());
    }
    let effects = lifecycle.step(Event::Passed(Timestamp(end)), &rules);
    assert!(matches!(effects[..], [Effect::Judge, Effect::Drop(_)]), "{effects:?}");
    assert!(lifecycle.step(Event::Passed(Timestamp(end + 1)), &rules).is_empty());
}

#[test]
fn a_watch_without_outcomes_ends_when_its_time_is_up() {
    let rules = rules();
    let mut lifecycle = Lifecycle::new();
    lifecycle.step(Event::Passed(Timestamp(0)), &rules);
    let mut lifecycle = shadowed(lifecycle, &rules);
    lifecycle.step(judged(Verdict::Pass), &rules);
    let end = 1_000 * rules.config.watch.deadline_seconds.cast_signed();
    assert!(lifecycle.step(Event::Passed(Timestamp(end - 1)), &rules).is_empty());
    assert_eq!(lifecycle.step(Event::Passed(Timestamp(end)), &rules), [Effect::Release]);
}

#[test]
fn a_breach_under_a_watch_takes_the_new_champion_out_at_once() {
    let rules = rules();
    let mut lifecycle = shadowing(&rules);
    lifecycle.step(judged(Verdict::Pass), &rules);
    assert_eq!(lifecycle.step(BREACHED, &rules), [Effect::Swap(Change::Rollback)]);
    assert_eq!(lifecycle.step(BREACHED, &rules), [Effect::SeekRelief(LESS_TIME)], "the old one breaches too");
}

#[test]
fn a_relief_that_finds_nothing_is_sought_again_after_longer_and_longer_unless_the_budget_changes() {
    let rules = rules();
    let mut lifecycle = Lifecycle::new();
    lifecycle.step(Event::Learned(Facts { windows: 0, ..facts(200) }), &rules);
    let cooldown = rules.config.search.cooldown_outcomes;
    let mut outcomes = lifecycle.outcomes;
    for pause in [cooldown, 2 * cooldown, 4 * cooldown] {
        assert!(lifecycle.step(BREACHED, &rules).contains(&Effect::SeekRelief(LESS_TIME)));
        lifecycle.step(Event::ReliefMeasured(Vec::new()), &rules);
        outcomes += pause;
        lifecycle.step(Event::Learned(facts(outcomes - 1)), &rules);
        assert!(lifecycle.step(BREACHED, &rules).is_empty(), "{pause} outcomes have not gone by");
        lifecycle.step(Event::Learned(facts(outcomes)), &rules);
    }
    lifecycle.step(BREACHED, &rules);
    lifecycle.step(Event::ReliefMeasured(Vec::new()), &rules);
    lifecycle.step(Event::BudgetSet, &rules);
    assert!(lifecycle.step(BREACHED, &rules).contains(&Effect::SeekRelief(LESS_TIME)), "another budget");
}

#[test]
fn harm_that_needs_no_label_takes_the_new_champion_out_at_once_and_nobody_else() {
    let rules = rules();
    let mut lifecycle = shadowing(&rules);
    assert_eq!(lifecycle.step(Event::Harmed, &rules), [], "nothing is watched");
    lifecycle.step(judged(Verdict::Pass), &rules);
    assert_eq!(lifecycle.step(Event::Harmed, &rules), [Effect::Swap(Change::Rollback)]);
    assert_eq!(lifecycle.step(Event::Harmed, &rules), [], "once");
}

#[test]
fn a_challenger_that_gains_too_little_frees_the_slot_unless_it_has_passed() {
    let rules = rules();
    let futile = |log_gain| {
        let quality = QualityEvidence { log_futile: 3.1, ..quality(log_gain, 0.0) };
        Event::Learned(Facts { quality: Some(quality), ..facts(3_100) })
    };
    let gone = Effect::Drop("gains less than is worth waiting for".into());
    assert_eq!(shadowing(&rules).step(futile(0.1), &rules), [gone]);
    assert_eq!(shadowing(&rules).step(futile(9.0), &rules), [Effect::Judge]);
}

#[test]
fn rollbacks_in_a_row_pause_the_search_for_longer_and_longer_and_then_alarm() {
    let rules = rules();
    let mut lifecycle = Lifecycle::new();
    let (mut outcomes, mut pauses) = (3_000, Vec::new());
    for _ in 0..3 {
        lifecycle = shadowed_at(lifecycle, outcomes, &rules);
        lifecycle.step(judged(Verdict::Pass), &rules);
        let harmed = Facts { watch: Some(WatchVerdict::Rollback), ..facts(outcomes) };
        let effects = lifecycle.step(Event::Learned(harmed), &rules);
        pauses.push((lifecycle.paused_until - outcomes, effects.len()));
        assert_eq!(lifecycle.step(drifted(), &rules), [Effect::Reanchor], "not even for a drift");
        outcomes = lifecycle.paused_until + rules.config.search.plateau_outcomes;
    }
    let usual = rules.config.search.cooldown_outcomes;
    assert_eq!(pauses, [(2 * usual, 1), (4 * usual, 1), (8 * usual, 2)]);
    lifecycle = shadowed_at(lifecycle, outcomes, &rules);
    lifecycle.step(judged(Verdict::Pass), &rules);
    let kept = Facts { watch: Some(WatchVerdict::Keep), ..facts(outcomes) };
    assert_eq!(lifecycle.step(Event::Learned(kept), &rules), [Effect::Release]);
    assert_eq!(lifecycle.rollbacks, 0);
}

#[test]
fn a_promotion_that_cannot_be_made_is_asked_for_again_until_the_challengers_deadline() {
    let rules = rules();
    let mut lifecycle = shadowing(&rules);
    let until = 3_000 + rules.config.gate.quality.deadline_outcomes;
    let good = |outcomes| Event::Learned(Facts { quality: Some(quality(9.0, 0.0)), ..facts(outcomes) });
    for outcomes in [3_100, 3_200, 3_300] {
        assert_eq!(lifecycle.step(good(outcomes), &rules), [Effect::Judge], "after {outcomes}");
        assert_eq!(lifecycle.step(judged(Verdict::Pass), &rules), [Effect::Swap(Change::Promotion)]);
        let effects = lifecycle.step(Event::SwapFailed(Change::Promotion), &rules);
        assert!(matches!(effects[..], [Effect::Alarm(_)]), "{effects:?}");
        let soon = lifecycle.step(good(outcomes + 99), &rules);
        assert!(!soon.contains(&Effect::Judge), "not at once: {soon:?}");
    }
    lifecycle.step(good(until), &rules);
    let late = Facts { quality: Some(quality(0.0, 0.0)), ..facts(until) };
    assert!(matches!(lifecycle.step(Event::Learned(late), &rules)[..], [Effect::Judge, Effect::Drop(_)]));
}

/// The rules where a person has to agree.
fn with_a_person() -> Rules {
    let mut rules = rules();
    rules.config.gate.approval = Approval::Promotions;
    rules
}

#[test]
fn an_agreement_that_cannot_be_followed_at_once_is_followed_later() {
    let rules = with_a_person();
    let mut lifecycle = shadowing(&rules);
    assert!(lifecycle.step(Event::Approved, &rules).is_empty(), "it has not passed yet");
    assert!(matches!(lifecycle.step(judged(Verdict::Pass), &rules)[..], [Effect::AwaitApproval(_)]));
    assert!(lifecycle.step(judged(Verdict::Pass), &rules).is_empty(), "asked once");
    assert_eq!(lifecycle.step(BREACHED, &rules), [Effect::SeekRelief(LESS_TIME)]);
    assert!(lifecycle.step(Event::Approved, &rules).is_empty(), "a relief goes first");
    lifecycle.step(Event::ReliefMeasured(Vec::new()), &rules);
    let next = |outcomes| Event::Learned(Facts { quality: Some(quality(0.0, 0.0)), ..facts(outcomes) });
    assert_eq!(lifecycle.step(next(3_001), &rules), [Effect::Swap(Change::Promotion)]);
    lifecycle.step(Event::SwapFailed(Change::Promotion), &rules);
    assert!(!lifecycle.step(next(3_002), &rules).contains(&Effect::Swap(Change::Promotion)));
    assert_eq!(
        lifecycle.step(next(3_101), &rules),
        [Effect::Swap(Change::Promotion)],
        "nobody is asked twice"
    );
}

#[test]
fn who_waits_for_a_person_has_the_persons_time() {
    let rules = with_a_person();
    let mut lifecycle = Lifecycle::new();
    lifecycle.step(Event::Passed(Timestamp(0)), &rules);
    let mut lifecycle = shadowed(lifecycle, &rules);
    lifecycle.step(judged(Verdict::Pass), &rules);
    let late = Facts { quality: Some(quality(0.0, 0.0)), ..facts(1_000_000) };
    assert_eq!(lifecycle.step(Event::Learned(late), &rules), [Effect::Swap(Change::Refresh)]);
    let end = 1_000 * rules.config.gate.approval_seconds.cast_signed();
    assert_eq!(lifecycle.waits_for_approval(), Some(Timestamp(end)));
    assert!(lifecycle.step(Event::Passed(Timestamp(end - 1)), &rules).is_empty());
    assert!(matches!(lifecycle.step(Event::Passed(Timestamp(end)), &rules)[..], [Effect::Drop(_)]));
}

#[test]
fn a_harmful_challenger_is_dropped_even_if_it_also_gained() {
    let rules = rules();
    let mut lifecycle = shadowing(&rules);
    let both = Facts { quality: Some(quality(9.0, 9.0)), ..facts(3_100) };
    assert!(matches!(lifecycle.step(Event::Learned(both), &rules)[..], [Effect::Drop(_)]));
}

#[test]
fn rollback_goes_before_refresh() {
    let rules = rules();
    let mut lifecycle = shadowing(&rules);
    lifecycle.step(judged(Verdict::Pass), &rules);
    let harmed = Facts { watch: Some(WatchVerdict::Rollback), ..facts(4_000) };
    assert_eq!(lifecycle.step(Event::Learned(harmed), &rules), [Effect::Swap(Change::Rollback)]);
}

#[test]
fn relief_takes_the_best_that_fits_or_alarms() {
    let rules = rules();
    let mut lifecycle = Lifecycle::new();
    lifecycle.step(Event::Learned(Facts { windows: 0, ..facts(200) }), &rules);
    assert_eq!(lifecycle.step(BREACHED, &rules), [Effect::SeekRelief(LESS_TIME)]);
    assert!(lifecycle.step(BREACHED, &rules).is_empty(), "one relief at a time");
    let option = |fits, loss| {
        let verdict = if fits { Verdict::Pass } else { Verdict::Fail };
        let judgement = Judgement::new(GateKind::Latency, verdict, 2.0, 1.0, "because".into());
        ReliefOption {
            architecture: "half".into(),
            evidence: Some(Evidence::default()),
            judgements: vec![judgement],
            quality_loss: Some(loss),
        }
    };
    let options = vec![option(false, 0.0), option(true, 0.02), option(true, 0.01), option(true, 0.9)];
    let effects = lifecycle.step(Event::ReliefMeasured(options), &rules);
    assert_eq!(effects, [Effect::Swap(Change::Relief(2))]);
    lifecycle.step(BREACHED, &rules);
    let effects = lifecycle.step(Event::ReliefMeasured(vec![option(true, 0.9), option(false, 0.0)]), &rules);
    let [Effect::Alarm(text)] = &effects[..] else { panic!("{effects:?}") };
    let why = "half: it costs a loss of 0.9000, 0.05 are allowed; half: gate latency: because, 2 of 1";
    assert!(text.ends_with(why), "{text}");
}

/// Losses rose.
pub(super) fn drifted() -> Event {
    let drift = Drift {
        detector: DetectorKind::ESr,
        statistic: 17.0,
        threshold: 16.0,
        ago: 200,
        features: Vec::new(),
    };
    Event::Drifted(Box::new(Diagnosis {
        sense: Sense::Champion,
        drift,
        kind: DriftKind::Concept,
        tempo: None,
        loss: None,
        share: None,
        features: Vec::new(),
        slices: Vec::new(),
        estimate: None,
        feed: None,
        advice: Advice::Retrain,
    }))
}

#[test]
fn a_drift_waits_for_what_is_under_way_and_is_forgotten_when_it_is_old() {
    let rules = rules();
    for (later, opens) in [(100, true), (DRIFT_WAITS_OUTCOMES + 1, false)] {
        let mut lifecycle = shadowing(&rules);
        assert_eq!(lifecycle.step(drifted(), &rules), [Effect::Reanchor]);
        let noticed = lifecycle.outcomes;
        lifecycle.shadow = None;
        lifecycle.quiet_until = u64::MAX;
        let effects = lifecycle.step(Event::Learned(facts(noticed + later)), &rules);
        let opened = effects.iter().any(|effect| matches!(effect, Effect::Opened(Cause::Drift(_))));
        assert_eq!(opened, opens, "{later} outcomes later: {effects:?}");
    }
}

#[test]
fn an_episode_with_no_better_candidate_closes_and_stays_quiet() {
    let rules = rules();
    let mut lifecycle = Lifecycle::new();
    lifecycle.step(Event::Learned(facts(3_000)), &rules);
    lifecycle.step(Event::Proposed(vec![linear(); 9]), &rules);
    let effects = lifecycle.step(climbed(&[None; 9]), &rules);
    assert!(matches!(effects[..], [Effect::Closed(_)]));
    let effects = lifecycle.step(Event::Learned(facts(3_001)), &rules);
    assert_eq!(effects, [Effect::Swap(Change::Refresh)]);
}

#[test]
fn where_no_winner_fits_the_budgets_any_more_the_slot_is_free_at_once() {
    let rules = rules();
    let mut lifecycle = shadowing(&rules);
    assert!(matches!(lifecycle.step(Event::NobodyFits, &rules)[..], [Effect::Alarm(_)]));
    assert!(lifecycle.shadow.is_none() && lifecycle.may_search());
}

#[test]
fn who_costs_less_and_lost_little_goes_into_the_shadow_slot_if_nobody_won() {
    let rules = rules();
    let margin = rules.config.gate.non_inferiority_margin;
    for (cheap, lost, wins) in [(true, 0.5, true), (true, 2.0, false), (false, 0.5, false)] {
        let mut lifecycle = Lifecycle::new();
        lifecycle.step(Event::Learned(facts(3_000)), &rules);
        lifecycle.step(Event::Proposed(vec![linear(); 9]), &rules);
        let climber = |place| Climber {
            place,
            gain: Some(-lost * margin),
            failed: false,
            rejected: false,
            may_cost_quality: cheap,
        };
        for count in [9, 3, 1] {
            lifecycle.step(Event::Climbed((0..count).map(climber).collect()), &rules);
        }
        assert_eq!(lifecycle.shadow.is_some(), wins, "{cheap}, {lost} of the margin lost");
    }
}

#[test]
fn a_drift_waits_for_an_episode_to_cool_down_only_where_that_found_nothing_to_try() {
    let rules = rules();
    let cooldown = rules.config.search.cooldown_outcomes;
    for (found, waits) in [(Vec::new(), true), (vec![linear(); 9], false)] {
        let mut lifecycle = Lifecycle::new();
        lifecycle.step(Event::Learned(facts(3_000)), &rules);
        if lifecycle.step(Event::Proposed(found), &rules).len() == 1 && !waits {
            lifecycle.step(climbed(&[None; 9]), &rules);
        }
        assert!(lifecycle.episode.is_none());
        lifecycle.step(Event::Learned(facts(3_000 + cooldown - 1)), &rules);
        let opened = lifecycle.step(drifted(), &rules).len() > 1;
        assert_eq!(opened, !waits, "a drift in between");
        if waits {
            let effects = lifecycle.step(Event::Learned(facts(3_000 + cooldown)), &rules);
            assert!(
                effects.iter().any(|effect| matches!(effect, Effect::Opened(Cause::Drift(_)))),
                "{effects:?}"
            );
        }
    }
}

#[test]
fn a_breach_closes_the_episode_whose_trials_it_pushes_aside() {
    let rules = rules();
    let mut lifecycle = Lifecycle::new();
    lifecycle.step(Event::Learned(facts(3_000)), &rules);
    lifecycle.step(Event::Proposed(vec![linear(); 9]), &rules);
    let effects = lifecycle.step(BREACHED, &rules);
    assert!(matches!(effects[..], [Effect::Closed(_), Effect::SeekRelief(_)]));
    lifecycle.step(Event::ReliefMeasured(Vec::new()), &rules);
    let effects = lifecycle.step(drifted(), &rules);
    assert!(
        matches!(effects[..], [Effect::Reanchor, Effect::Opened(_), Effect::Ask(_)]),
        "it searches again"
    );
}

#[test]
fn failures_are_an_alarm_and_a_search_and_no_relief() {
    let rules = rules();
    let cooldown = rules.config.search.cooldown_outcomes;
    let failing = || Event::Breached(Remedy::Search);
    let mut lifecycle = Lifecycle::new();
    assert!(lifecycle.step(failing(), &rules).is_empty(), "there is only the prior");
    lifecycle.step(Event::Learned(facts(3_000)), &rules);
    lifecycle.step(climbed(&[None; 9]), &rules);
    lifecycle.step(Event::Learned(Facts { windows: 0, ..facts(3_000 + cooldown) }), &rules);
    let effects = lifecycle.step(failing(), &rules);
    assert!(
        matches!(effects[..], [Effect::Alarm(_), Effect::Opened(Cause::Breach), Effect::Ask(_)]),
        "{effects:?}"
    );
    assert!(lifecycle.step(failing(), &rules).is_empty(), "said once for a while");
    assert_eq!(
        lifecycle.step(BREACHED, &rules).last(),
        Some(&Effect::SeekRelief(LESS_TIME)),
        "another breach"
    );
    lifecycle.step(Event::ReliefMeasured(Vec::new()), &rules);
    lifecycle.step(Event::BudgetSet, &rules);
    assert!(matches!(lifecycle.step(failing(), &rules)[..], [Effect::Alarm(_), ..]), "another limit");
}
