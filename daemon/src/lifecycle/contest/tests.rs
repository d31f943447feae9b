//! The laws of a contest, on events alone.

use policies::watch::WatchVerdict;

use super::*;
use crate::lifecycle::tests::{facts, quality, rules, shadowing};
use crate::lifecycle::{Cause, Event, Steer};

fn beside(mut lifecycle: Lifecycle) -> Lifecycle {
    lifecycle.beside(Some(true));
    lifecycle
}

fn contested(outcomes: u64, log_gain: f64, log_harm: f64) -> Event {
    let contest = Some((quality(log_gain, log_harm), 0.05));
    Event::Learned(Facts { contest, windows: 0, ..facts(outcomes) })
}

fn judged(verdict: Verdict) -> Event {
    let judgement = Judgement::new(gate::GateKind::Quality, verdict, 1.0, 1.0, "because".into());
    Event::ContestJudged(vec![judgement])
}

/// A lifecycle in a contest that began with this outcome.
fn running(rules: &Rules, outcomes: u64) -> Lifecycle {
    let mut lifecycle = beside(Lifecycle::new());
    lifecycle.step(Event::Learned(Facts { windows: 0, ..facts(outcomes) }), rules);
    let effects = lifecycle.step(Event::Learned(Facts { windows: 0, ..facts(outcomes) }), rules);
    assert_eq!(effects, [Effect::BeginContest]);
    lifecycle
}

#[test]
fn a_contest_begins_once_there_is_something_of_ours_and_never_where_ours_serves() {
    let rules = rules();
    let mut cold = beside(Lifecycle::new());
    assert!(cold.step(Event::Learned(facts(1)), &rules).is_empty(), "there is only the prior");
    let mut alone = Lifecycle::new();
    for outcomes in [200, 201] {
        let effects = alone.step(Event::Learned(Facts { windows: 0, ..facts(outcomes) }), &rules);
        assert!(!effects.contains(&Effect::BeginContest));
    }
    running(&rules, 200);
}

#[test]
fn evidence_of_gain_is_judged_and_what_passes_takes_over() {
    let rules = rules();
    let mut lifecycle = running(&rules, 200);
    assert_eq!(lifecycle.step(contested(201, 3.0, 0.0), &rules), [Effect::JudgeContest]);
    assert!(
        !lifecycle.step(contested(202, 3.0, 0.0), &rules).contains(&Effect::JudgeContest),
        "not at once again"
    );
    assert!(lifecycle.step(judged(Verdict::Inconclusive), &rules).is_empty());
    assert_eq!(lifecycle.step(judged(Verdict::Pass), &rules), [Effect::Swap(Change::Takeover)]);
    assert!(lifecycle.step(judged(Verdict::Pass), &rules).is_empty(), "once");
}

#[test]
fn harm_futility_a_gate_and_the_deadlines_end_it_and_another_begins_later() {
    let rules = rules();
    let cooldown = rules.config.search.cooldown_outcomes;
    let end = 200 + rules.config.gate.quality.deadline_outcomes;
    for (event, judges) in
        [(contested(300, 0.0, 9.0), false), (judged(Verdict::Fail), false), (contested(end, 0.0, 0.0), true)]
    {
        let mut lifecycle = running(&rules, 200);
        let effects = lifecycle.step(event, &rules);
        assert!(matches!(effects.last(), Some(Effect::EndContest(_))), "{effects:?}");
        assert_eq!(effects.contains(&Effect::JudgeContest), judges);
        let ended = lifecycle.outcomes;
        let begins = |lifecycle: &mut Lifecycle, outcomes| {
            let event = Event::Learned(Facts { windows: 0, ..facts(outcomes) });
            lifecycle.step(event, &rules).contains(&Effect::BeginContest)
        };
        assert!(!begins(&mut lifecycle, ended + cooldown - 1));
        assert!(begins(&mut lifecycle, ended + cooldown));
    }
    let mut lifecycle = running(&rules, 200);
    lifecycle.now = Timestamp(0);
    let late = Timestamp(1_000 * rules.config.gate.deadline_seconds.cast_signed());
    assert!(matches!(
        lifecycle.step(Event::Passed(late), &rules)[..],
        [Effect::JudgeContest, Effect::EndContest(_)]
    ));
}

#[test]
fn a_takeover_waits_for_a_watch_and_ends_an_episode_and_a_challenger() {
    let rules = rules();
    let mut lifecycle = beside(shadowing(&rules));
    lifecycle.begin_contest(&rules);
    lifecycle.watch = Some(Timestamp(i64::MAX));
    assert!(lifecycle.step(judged(Verdict::Pass), &rules).is_empty());
    lifecycle.watch = None;
    lifecycle.open(Cause::Plateau, &rules);
    let effects = lifecycle.step(judged(Verdict::Pass), &rules);
    assert!(
        matches!(effects[..], [Effect::Closed(_), Effect::Drop(_), Effect::Swap(Change::Takeover)]),
        "{effects:?}"
    );
    assert!(!lifecycle.may_search(), "it is watched");
}

#[test]
fn while_the_other_one_serves_promotions_ask_nobody() {
    let mut rules = rules();
    rules.config.gate.approval = crate::config::Approval::Promotions;
    let mut lifecycle = beside(shadowing(&rules));
    let judgement = Judgement::new(gate::GateKind::Quality, Verdict::Pass, 1.0, 1.0, "because".into());
    let promoted = lifecycle.step(Event::Judged(vec![judgement]), &rules);
    assert_eq!(promoted, [Effect::Swap(Change::Promotion)]);

    let mut lifecycle = running(&rules, 200);
    let asked = lifecycle.step(judged(Verdict::Pass), &rules);
    assert!(matches!(asked[..], [Effect::AwaitApproval(_)]), "{asked:?}");
    assert!(lifecycle.waits_for_approval().is_some() && lifecycle.waits_to_take_over());
    assert_eq!(lifecycle.step(Event::Approved, &rules), [Effect::Swap(Change::Takeover)]);
}

#[test]
fn nobody_who_comes_ends_it() {
    let mut rules = rules();
    rules.config.gate.approval = crate::config::Approval::Promotions;
    let mut lifecycle = running(&rules, 200);
    lifecycle.now = Timestamp(0);
    lifecycle.step(judged(Verdict::Pass), &rules);
    let late = Timestamp(1_000 * rules.config.gate.approval_seconds.cast_signed());
    let effects = lifecycle.step(Event::Passed(late), &rules);
    assert!(
        matches!(&effects[..], [Effect::EndContest(why)] if why.contains("nobody approved")),
        "{effects:?}"
    );
}

#[test]
fn a_takeover_that_cannot_be_made_stays_in_its_contest() {
    let rules = rules();
    let mut lifecycle = running(&rules, 200);
    lifecycle.step(judged(Verdict::Pass), &rules);
    let effects = lifecycle.step(Event::SwapFailed(Change::Takeover), &rules);
    assert!(matches!(effects[..], [Effect::Alarm(_)]));
    assert!(!lifecycle.step(contested(201, 3.0, 0.0), &rules).contains(&Effect::JudgeContest));
    let later = 200 + JUDGE_AGAIN_OUTCOMES;
    assert_eq!(lifecycle.step(contested(later, 3.0, 0.0), &rules), [Effect::JudgeContest]);
}

#[test]
fn harm_hands_back_and_another_contest_waits_for_the_pause() {
    let rules = rules();
    let mut lifecycle = running(&rules, 200);
    lifecycle.step(judged(Verdict::Pass), &rules);
    let harmed = Facts { watch: Some(WatchVerdict::Rollback), windows: 0, ..facts(300) };
    assert_eq!(lifecycle.step(Event::Learned(harmed), &rules), [Effect::Swap(Change::Rollback)]);
    let Contest::From(from) = lifecycle.contest else { panic!("{:?}", lifecycle.contest) };
    assert!(from >= 300 + 2 * rules.config.search.cooldown_outcomes);

    let mut lifecycle = running(&rules, 200);
    lifecycle.step(judged(Verdict::Pass), &rules);
    let kept = Facts { watch: Some(WatchVerdict::Keep), windows: 0, ..facts(300) };
    assert_eq!(lifecycle.step(Event::Learned(kept), &rules), [Effect::Release]);
    assert_eq!((&lifecycle.contest, &lifecycle.took_over), (&Contest::Over, &None));
}

#[test]
fn what_is_paused_takes_nothing_over_until_it_is_resumed() {
    let rules = rules();
    let mut lifecycle = running(&rules, 200);
    assert_eq!(lifecycle.step(contested(201, 3.0, 0.0), &rules), [Effect::JudgeContest]);
    lifecycle.step(Event::Steered(Steer::Pause), &rules);
    assert!(lifecycle.step(judged(Verdict::Pass), &rules).is_empty());
    lifecycle.step(Event::Steered(Steer::Resume), &rules);
    assert_eq!(lifecycle.step(judged(Verdict::Pass), &rules), [Effect::Swap(Change::Takeover)]);
}
