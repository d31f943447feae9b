//! What people have it do is done or refused with the reason, is in the journal, and survives a restart.

use adapters::kafka::Positions;
use model::Timestamp;

use super::*;
use crate::learn::tests::{event, feed, place_twin, plane_with};
use crate::lifecycle::Effect;

const SETTINGS: &str = "search = { window_outcomes = 100000 }
    gate = { stresses = [] }
    budget = { compute_seconds = 10.0 }";

fn steer(learn: &mut Learn, steer: Steer) -> Result<String, String> {
    learn.steer(steer, "ada").expect("nothing fails")
}

fn turn(learn: &mut Learn) {
    learn.turn(vec![event(1_000_000, 0.5)], Positions::default()).expect("nothing fails");
}

fn told(learn: &mut Learn) -> String {
    learn.happened().iter().map(AuditEvent::story).collect::<Vec<_>>().join("\n")
}

/// A challenger that has shown more than enough.
fn with_winner(folder: &tempfile::TempDir) -> Learn {
    let mut learn = plane_with(folder, SETTINGS);
    feed(&mut learn, 0..1_000);
    learn.passed(Timestamp(1_000_000)).expect("nothing fails");
    place_twin(&mut learn);
    let Learn { state, rules, arms, .. } = &mut learn;
    state.lifecycle.shadow_from_now(rules);
    let challenger = arms.challenger.as_mut().expect("it was placed");
    (0..300).for_each(|_| challenger.test.observe(0.5, 0.2));
    learn
}

#[test]
fn what_is_paused_promotes_nobody_until_it_is_resumed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = with_winner(&folder);
    assert!(steer(&mut learn, Steer::Resume).is_err_and(|why| why.contains("not paused")));
    assert!(steer(&mut learn, Steer::Pause).is_ok_and(|done| done.contains("until it is resumed")));
    assert!(steer(&mut learn, Steer::Pause).is_err() && learn.state().lifecycle.paused().is_some());
    learn.perform(Effect::Judge).expect("nothing fails");
    learn.settle().expect("nothing fails");
    turn(&mut learn);
    assert_eq!(learn.state.counts.promotions, 0);
    assert!(steer(&mut learn, Steer::Search).is_err_and(|why| why.contains("resume it first")));
    assert!(steer(&mut learn, Steer::Resume).is_ok());
    learn.perform(Effect::Judge).expect("nothing fails");
    learn.settle().expect("nothing fails");
    turn(&mut learn);
    assert_eq!(learn.state.counts.promotions, 1);
    let story = told(&mut learn);
    assert!(story.contains("ada has it pause") && story.contains("ada has it resume"), "{story}");
}

#[test]
fn a_promotion_is_taken_back_while_it_is_watched_and_not_after() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = with_winner(&folder);
    assert!(steer(&mut learn, Steer::RollBack).is_err_and(|why| why.contains("nothing to go back to")));
    let before = learn.slot().load().generation;
    learn.perform(Effect::Judge).expect("nothing fails");
    learn.settle().expect("nothing fails");
    turn(&mut learn);
    assert!(learn.slot().load().generation > before);
    assert!(steer(&mut learn, Steer::Search).is_err_and(|why| why.contains("is watched")));
    assert!(steer(&mut learn, Steer::RollBack).is_ok());
    turn(&mut learn);
    let story = told(&mut learn);
    assert!(story.contains("ROLLBACK") && story.contains(": ada ordered it"), "{story}");
    assert!(steer(&mut learn, Steer::RollBack).is_err());
}

#[test]
fn an_episode_opens_when_somebody_wants_one() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = plane_with(&folder, "search = { window_outcomes = 100, plateau_outcomes = 0 }");
    assert!(steer(&mut learn, Steer::Search).is_err_and(|why| why.contains("no champion yet")));
    feed(&mut learn, 0..200);
    assert!(steer(&mut learn, Steer::Search).is_err_and(|why| why.contains("too few outcomes")));
    feed(&mut learn, 200..500);
    learn.happened();
    assert!(steer(&mut learn, Steer::Search).is_ok());
    assert!(told(&mut learn).contains("opened (by hand)"));
}
