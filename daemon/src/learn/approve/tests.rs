//! Who has passed waits for a person, goes on being compared, and is promoted once they agree.

use adapters::kafka::Positions;

use super::*;
use crate::learn::tests::{event, feed, place_twin, plane_with};
use crate::lifecycle::Effect;

const SETTINGS: &str = "search = { window_outcomes = 100000 }
    gate = { approval = \"promotions\", approval_seconds = 60, stresses = [] }
    budget = { compute_seconds = 10.0 }";
const NOW: Timestamp = Timestamp(1_000_000);

/// A challenger that has shown more than enough.
fn passed(folder: &tempfile::TempDir) -> Learn {
    let mut learn = plane_with(folder, SETTINGS);
    feed(&mut learn, 0..1_000);
    learn.passed(NOW).expect("nothing fails");
    place_twin(&mut learn);
    let Learn { state, rules, arms, .. } = &mut learn;
    state.lifecycle.shadow_from_now(rules);
    let challenger = arms.challenger.as_mut().expect("it was placed");
    (0..300).for_each(|_| challenger.test.observe(0.5, 0.2));
    learn.happened();
    learn.perform(Effect::Judge).expect("nothing fails");
    learn.settle().expect("nothing fails");
    learn
}

fn turn(learn: &mut Learn) {
    learn.turn(vec![event(1_000_000, 0.5)], Positions::default()).expect("nothing fails");
}

fn told(learn: &mut Learn) -> String {
    learn.happened().iter().map(AuditEvent::story).collect::<Vec<_>>().join("\n")
}

#[test]
fn who_has_passed_waits_and_serves_once_somebody_agrees() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = passed(&folder);
    let (number, _) = learn.awaits_approval().expect("it has passed");
    turn(&mut learn);
    assert_eq!(learn.state.counts.promotions, 0);
    let story = told(&mut learn);
    assert!(story.contains("waits for a person until 1970-01-01T00:17:40Z"), "{story}");
    feed(&mut learn, 1_000..1_200);
    let (refreshes, waits) = (learn.state.counts.refreshes, learn.awaits_approval().is_some());
    assert!(refreshes > 1_000 && waits, "the champion goes on being refreshed");

    let other = learn.approve(Some(number + 1), "ada").expect("nothing fails").expect_err("it is another");
    assert!(other.contains(&format!("challenger {number} does")), "{other}");
    let said = learn.approve(Some(number), "ada").expect("nothing fails").expect("it waits");
    assert!(said.contains("is approved"), "{said}");
    learn.turn(vec![event(1_000_001, 0.5)], Positions::default()).expect("nothing fails");
    assert_eq!(learn.state.counts.promotions, 1);
    let story = told(&mut learn);
    let (approved, promoted) = (story.find("ada approves challenger"), story.find("PROMOTION"));
    assert!(approved.is_some() && approved < promoted, "{story}");
    let gone = learn.approve(Some(number), "ada").expect("nothing fails").expect_err("it serves");
    assert!(gone.contains("does not wait for approval now"), "{gone}");
}

#[test]
fn who_waits_in_vain_is_dropped_when_the_time_is_over_and_not_before() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = passed(&folder);
    learn.passed(Timestamp(NOW.0 + 59_999)).expect("nothing fails");
    assert!(learn.awaits_approval().is_some());
    learn.passed(Timestamp(NOW.0 + 60_000)).expect("nothing fails");
    assert!(learn.awaits_approval().is_none() && learn.arms.challenger.is_none());
    assert!(told(&mut learn).contains("nobody approved it within 60 seconds"));
    assert!(learn.approve(None, "ada").expect("nothing fails").is_err());
}

#[test]
fn who_does_harm_while_it_waits_is_dropped() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = passed(&folder);
    let challenger = learn.arms.challenger.as_mut().expect("it waits");
    (0..3_000).for_each(|_| challenger.test.observe(0.0, 1.0));
    feed(&mut learn, 1_000..1_001);
    assert!(learn.awaits_approval().is_none() && learn.arms.challenger.is_none());
    assert!(told(&mut learn).contains("worse than the control"));
}

#[test]
fn where_nobody_has_to_agree_nobody_is_asked() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = passed(&folder);
    learn.rules.config.gate.approval = crate::config::Approval::None;
    feed(&mut learn, 1_000..1_001);
    assert_eq!(learn.state.counts.promotions, 1, "it passes once more");
}
