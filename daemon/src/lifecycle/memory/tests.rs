//! Who is remembered goes first, and once.

use super::super::tests::{drifted, facts, linear, quality, rules, shadowing};
use super::super::{Event, Facts};
use super::*;

/// Something is remembered.
fn remembering() -> Rules {
    let mut rules = rules();
    rules.config.search.memory_models = 8;
    rules
}

/// A drift is noticed, and somebody is remembered who did better since, or nobody.
fn remembered(lifecycle: &mut Lifecycle, found: bool, rules: &Rules) -> Vec<Effect> {
    let mut effects = lifecycle.step(drifted(), rules);
    let Some(Effect::Remember(diagnosis)) = effects.pop() else {
        panic!("memory is asked first: {effects:?}")
    };
    lifecycle.step(Event::Remembered { diagnosis, found }, rules)
}

#[test]
fn a_drift_is_answered_from_memory_or_else_searched_for() {
    let rules = remembering();
    let mut lifecycle = Lifecycle { cold_search_done: true, ..Lifecycle::new() };
    lifecycle.step(Event::Learned(facts(3_000)), &rules);
    let mut other = lifecycle.clone();
    let effects = remembered(&mut lifecycle, true, &rules);
    assert!(matches!(
        effects[..],
        [Effect::Opened(Cause::Drift(_)), Effect::Closed(_), Effect::ShadowRemembered]
    ));
    assert!(lifecycle.shadow.is_some() && lifecycle.episode.is_none());
    let effects = remembered(&mut other, false, &rules);
    assert!(matches!(effects[..], [Effect::Opened(Cause::Drift(_)), Effect::Ask(_)]));
}

#[test]
fn what_is_under_way_gives_way_to_who_is_remembered() {
    let rules = remembering();
    let mut lifecycle = shadowing(&rules);
    lifecycle.step(Event::Learned(facts(4_000)), &rules);
    let mut later = lifecycle.clone();
    remembered(&mut later, false, &rules);
    assert!(later.drift_waits.is_some(), "for what is in the shadow slot");
    let looked = later.step(Event::Learned(facts(4_050)), &rules);
    let Some(Effect::Remember(diagnosis)) = looked.into_iter().last() else { panic!("it is looked again") };
    later.step(Event::Remembered { diagnosis, found: true }, &rules);
    assert!(later.drift_waits.is_none(), "it is answered");
    let effects = remembered(&mut lifecycle, true, &rules);
    assert!(matches!(effects[0], Effect::Drop(_)) && effects.last() == Some(&Effect::ShadowRemembered));

    let mut lifecycle = Lifecycle { cold_search_done: true, ..Lifecycle::new() };
    lifecycle.step(Event::Learned(facts(3_000)), &rules);
    lifecycle.open(Cause::Plateau, &rules);
    let effects = remembered(&mut lifecycle, true, &rules);
    assert!(matches!(effects[..], [Effect::Closed(_), Effect::Opened(_), Effect::Closed(_), _]));
    assert!(lifecycle.step(Event::Proposed(vec![linear()]), &rules).is_empty(), "its candidates are gone");
}

#[test]
fn a_drift_that_memory_does_not_answer_after_all_is_searched_for() {
    let rules = remembering();
    let mut lifecycle = Lifecycle { cold_search_done: true, ..Lifecycle::new() };
    lifecycle.step(Event::Learned(facts(3_000)), &rules);
    remembered(&mut lifecycle, true, &rules);
    assert!(
        lifecycle.step(drifted(), &rules).iter().all(|effect| *effect == Effect::Reanchor),
        "one drift, once"
    );
    let harm = Facts { quality: Some(quality(0.0, 9.0)), ..facts(3_100) };
    assert!(matches!(lifecycle.step(Event::Learned(harm), &rules)[..], [Effect::Drop(_)]));
    let effects = lifecycle.step(Event::Learned(facts(3_101)), &rules);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Opened(Cause::Drift(_)))), "{effects:?}");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Ask(_))), "memory is not asked again");
}

#[test]
fn where_nobody_is_found_it_is_looked_again_for_a_while() {
    let rules = remembering();
    let mut lifecycle = Lifecycle { cold_search_done: true, ..Lifecycle::new() };
    lifecycle.step(Event::Learned(facts(3_000)), &rules);
    remembered(&mut lifecycle, false, &rules);
    let mut looks = Vec::new();
    for outcomes in 3_001..6_000 {
        for effect in lifecycle.step(Event::Learned(facts(outcomes)), &rules) {
            if let Effect::Remember(diagnosis) = effect {
                looks.push((outcomes, diagnosis.drift.ago));
                let effects = lifecycle.step(Event::Remembered { diagnosis, found: false }, &rules);
                assert!(effects.is_empty(), "the search has begun: {effects:?}");
            }
        }
    }
    let expected: Vec<(u64, u64)> = (1..=20).map(|look| (3_000 + 50 * look, 200 + 50 * look)).collect();
    assert_eq!(looks, expected);
}
