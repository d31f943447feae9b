//! A rollback is one pointer store at the decision; a swap without room is put off, and nobody who is served notices.

use adapters::kafka::Positions;
use model::{Context, Edit, Timestamp};
use policies::gate::{GateKind, Judgement, Verdict};

use super::*;
use crate::learn::tests::{event, feed, place_twin, plane_with};
use crate::lifecycle::Effect;
use crate::slot::Loaded;
use crate::trials::protocol::TrialResult;

const SETTINGS: &str = "search = { window_outcomes = 100000 }
    refresh = { every_outcomes = 100 }";

/// A champion serves, and its twin has been in the shadow slot for a while.
fn shadowing(folder: &tempfile::TempDir) -> Learn {
    let mut learn = plane_with(folder, SETTINGS);
    feed(&mut learn, 0..1_000);
    place_twin(&mut learn);
    feed(&mut learn, 1_000..1_300);
    learn.happened();
    learn
}

fn promote(learn: &mut Learn) {
    learn.pending_swap = Some(Change::Promotion);
    learn.swap_pending().expect("a swap that fails is no error");
}

fn decide(learn: &mut Learn, change: Change) {
    learn.perform(Effect::Swap(change)).expect("nothing fails");
}

/// What the champion says of a row.
fn says(learn: &Learn) -> model::Output {
    let row = model::Row::new(vec![0.5]).expect("finite");
    let mut said = learn.slot().load().model.predict(&[&row]).expect("it answers");
    said.pop().expect("one row, one answer")
}

#[test]
fn a_rollback_serves_the_displaced_model_itself_at_the_decision_and_its_newer_weights_next() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = shadowing(&folder);
    let before = learn.slot().load();
    promote(&mut learn);
    let displaced = learn.arms.displaced.as_ref().expect("it is watched").arm.clone();
    feed(&mut learn, 1_300..1_750);
    let (harmful, given) = (learn.slot().load().generation, learn.state.generation);
    assert!(harmful > before.generation && harmful.0 == given);
    learn.happened();

    decide(&mut learn, Change::Rollback);
    let now = learn.slot().load();
    assert!(
        std::ptr::eq(&raw const *before, &raw const *now),
        "the very model, in the middle of a unit of work"
    );
    assert_eq!(learn.state.generation, given, "nothing was built");
    assert_eq!(learn.arms.control.members(), displaced.members());
    assert!(learn.arms.displaced.is_none() && learn.slot().displaced().is_none());
    let waits = &learn.rolled_back;
    assert!(
        matches!(waits, Some(AuditEvent::RolledBack { generation, replaces, .. })
            if (*generation, *replaces) == (before.generation, harmful)),
        "{waits:#?}"
    );

    let old = says(&learn);
    learn.refresh().expect("nothing fails");
    assert_eq!(learn.slot().load().generation, Generation(given + 1), "no generation is given twice");
    assert_ne!(says(&learn), old, "it went on learning");
    feed(&mut learn, 1_750..1_751);
    assert!(learn.rolled_back.is_none(), "it is as durable as it gets");
}

/// A champion that the lifecycle watches, and the generation before it.
fn watching(folder: &tempfile::TempDir) -> (Learn, Generation) {
    let mut learn = shadowing(folder);
    let before = learn.slot().load().generation;
    // Deadlines count from here.
    learn.passed(Timestamp(0)).expect("nothing fails");
    learn.state.lifecycle.shadow_from_now(&learn.rules);
    let passed = Judgement::new(GateKind::Quality, Verdict::Pass, 9.0, 3.0, "because".into());
    learn.events.push_back(Event::Judged(vec![passed]));
    learn.settle().expect("nothing fails");
    learn.swap_pending().expect("nothing fails");
    assert!(learn.arms.displaced.is_some() && learn.slot().load().generation > before);
    (learn, before)
}

#[test]
fn a_new_champion_that_is_over_its_time_goes_before_a_label_comes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (mut learn, before) = watching(&folder);
    let outcomes = learn.state.outcomes;
    let tick = |learn: &mut Learn, second: i64| {
        for _ in 0..10 {
            learn.slot().overruns().took(Duration::from_secs(1), 1);
        }
        learn.passed(Timestamp(1_000 * second)).expect("nothing fails");
        learn.slot().load().generation
    };
    assert!((1..10).all(|second| tick(&mut learn, second) > before), "a few bad seconds are no evidence");
    assert!((10..60).any(|second| tick(&mut learn, second) == before));
    assert_eq!(learn.state.outcomes, outcomes);
}

#[test]
fn a_new_champion_that_does_not_answer_goes_before_a_label_comes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (mut learn, before) = watching(&folder);
    let model::Record::Sample(sample) = event(8_999, 0.5) else { unreachable!("it is an event") };
    let served = learn.slot().load();
    let encoded = learn.encode(&sample.row, &Context::default());
    let mut answers = learn.arms.answer(&served, &sample, &encoded, &learn.state).expect("they answer");
    answers.champion = model::Output([f32::NAN, f32::NAN].into());
    (0..40).for_each(|_| learn.arms.answered(&answers));
    learn.turn(vec![event(9_000, 0.5)], Positions::default()).expect("nothing fails");
    assert_eq!(learn.slot().load().generation, before);
}

#[test]
fn where_no_displaced_model_is_warm_a_rollback_makes_one_of_its_learners() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = shadowing(&folder);
    promote(&mut learn);
    learn.slot().release();
    let given = learn.state.generation;
    decide(&mut learn, Change::Rollback);
    assert_eq!(learn.slot().load().generation, Generation(given + 1));
    assert_eq!(learn.state.counts.rollbacks, 1);
    feed(&mut learn, 1_300..1_400);
}

#[test]
fn without_room_a_promotion_is_put_off_and_the_challenger_stays() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = shadowing(&folder);
    learn.room_patience = Duration::ZERO;
    // Readers that never let go.
    let mut kept: Vec<Loaded> = Vec::new();
    for _ in 0..3 {
        kept.push(learn.slot().load());
        learn.refresh().expect("nothing fails");
    }
    let (champion, evidence) = (learn.slot().load().generation, learn.arms.quality());
    promote(&mut learn);
    assert_eq!(learn.slot().load().generation, champion);
    assert_eq!((learn.arms.quality(), learn.arms.displaced.is_none()), (evidence, true));
    let told: Vec<String> = learn.happened().iter().map(AuditEvent::story).collect();
    assert!(
        told.iter().any(|text| text.contains("there is no room for another model: 4 are in use")),
        "{told:?}"
    );

    drop(kept);
    learn.room_patience = ROOM_PATIENCE;
    promote(&mut learn);
    assert!(learn.slot().load().generation > champion && learn.state.counts.promotions == 1);
}

#[test]
fn a_rollback_needs_no_room() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = shadowing(&folder);
    let before = learn.slot().load().generation;
    promote(&mut learn);
    learn.room_patience = Duration::ZERO;
    let mut kept: Vec<Loaded> = Vec::new();
    for _ in 0..3 {
        kept.push(learn.slot().load());
        learn.refresh().expect("nothing fails");
    }
    decide(&mut learn, Change::Rollback);
    learn.swap_pending().expect("nothing fails");
    assert_eq!((learn.slot().load().generation, learn.state.counts.rollbacks), (before, 1));
}

#[test]
fn a_breach_before_a_promotion_is_made_calls_it_off() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = shadowing(&folder);
    let champion = learn.slot().load().generation;
    decide(&mut learn, Change::Promotion);
    decide(&mut learn, Change::Rollback);
    learn.turn(vec![event(9_000, 0.5)], Positions::default()).expect("nothing fails");
    assert_eq!(learn.slot().load().generation, champion);
    assert!(learn.arms.challenger.is_none() && learn.state.counts.promotions == 0);
    assert!(learn.happened().iter().any(|event| matches!(event, AuditEvent::ChallengerDropped { .. })));
}

/// Half of the control's networks go into the shadow slot, as the winner of an episode.
fn place(learn: &mut Learn) -> f64 {
    let result = TrialResult {
        number: 1,
        losses: vec![0.25; 100],
        rejected: false,
        children: Vec::new(),
        compute_seconds: Vec::new(),
        bytes: 0,
        robust_loss: None,
        strengths: None,
    };
    let trained = Trained {
        edit: Edit::keep(&[0, 1]),
        result,
        gain: Some(0.1),
        robust_gain: None,
        learned: learn.state.history.pushed(),
        schema: learn.rules.config.schema.clone(),
    };
    learn.trained.insert(0, trained);
    learn.perform(Effect::Shadow(vec![0])).expect("nothing fails");
    let alpha = learn.arms.challenger.as_ref().expect("it is placed").alpha;
    assert!(
        (learn.facts().alpha - alpha).abs() < 1e-12
            && (learn.thresholds().quality.alpha - alpha).abs() < 1e-12
    );
    alpha
}

fn drop_it(learn: &mut Learn) {
    learn.perform(Effect::Drop("because".into())).expect("nothing fails");
}

#[test]
fn each_challenger_is_tested_at_its_own_alpha_and_only_a_promotion_that_was_made_is_worth_more() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let settings = format!("{SETTINGS}\n gate = {{ alpha = 0.06, alpha_rule = \"e_lond\" }}");
    let mut learn = plane_with(&folder, &settings);
    feed(&mut learn, 0..1_000);
    let mut alphas = vec![place(&mut learn)];
    drop_it(&mut learn);
    alphas.push(place(&mut learn));
    learn.room_patience = Duration::ZERO;
    let kept: Vec<Loaded> = (0..3)
        .map(|_| {
            let kept = learn.slot().load();
            learn.refresh().expect("nothing fails");
            kept
        })
        .collect();
    promote(&mut learn);
    assert_eq!((learn.state.tests.begun(), learn.state.tests.discoveries()), (2, 0), "it could not be made");
    drop(kept);
    learn.room_patience = ROOM_PATIENCE;
    promote(&mut learn);
    assert_eq!(learn.state.tests.discoveries(), 1);
    alphas.push(place(&mut learn));
    for (alpha, expected) in alphas.iter().zip([0.06 / 2.0, 0.06 / 6.0, 0.06 / 12.0 * 2.0]) {
        assert!((alpha - expected).abs() < 1e-12, "{alphas:?}");
    }
    let spent: f64 = alphas.iter().sum();
    assert!((learn.state.tests.false_discoveries_expected() - spent).abs() < 1e-12);
    let told = learn.happened();
    let said = |event: &&AuditEvent| {
        matches!(event, AuditEvent::ChallengerPlaced { .. } | AuditEvent::Promoted { .. })
    };
    let told: Vec<String> = told.iter().filter(said).map(AuditEvent::story).collect();
    assert!(
        told[0].ends_with("(test 1, alpha 0.0300)") && told[2].ends_with("(100 was needed)"),
        "{told:#?}"
    );
}
