//! A budget that is halved is answered by a smaller network that passes its gates, or by an alarm that says why none did.

use adapters::kafka::Positions;
use policies::detect::{Remedy, Resource, Saving};
use policies::gate::Stress;

use super::*;
use crate::learn::flight::Purpose;
use crate::learn::state::COMPUTE;
use crate::learn::tests::{event, feed, plane_with};
use crate::lifecycle::{Effect, Event};

const LESS_TIME: Saving = Saving { resource: Resource::Time, share: None };

/// A champion whose compute budget has just been halved, from what it needs.
fn halved(folder: &tempfile::TempDir) -> Learn {
    let mut learn = plane_with(folder, "search = { window_outcomes = 100000 }");
    feed(&mut learn, 0..1_000);
    let needs = learn.estimated(&learn.arms.mixture().expect("it has all members"));
    learn.set_budget(COMPUTE, needs / 2.0);
    answered(&mut learn);
    learn
}

/// The breach sends for trials, which nobody can run here.
fn answered(learn: &mut Learn) {
    learn.settle().expect("nothing fails");
    learn.happened();
}

/// The trials of these have ended: so much loss each on every row over the control's, or not at all.
fn lands(learn: &mut Learn, options: &[(&[usize], Option<f32>)]) {
    let result = |loss: f32| TrialResult {
        number: 1,
        losses: vec![loss; 250],
        rejected: false,
        children: Vec::new(),
        compute_seconds: Vec::new(),
        bytes: 0,
        robust_loss: None,
        strengths: None,
    };
    let landed = Landed {
        candidates: options.iter().map(|(kept, _)| Edit::keep(kept)).enumerate().collect(),
        control: Some(result(0.2)),
        learned: learn.state.history.pushed(),
        schema: learn.rules.config.schema.clone(),
        results: options.iter().map(|(_, loss)| loss.map(|loss| result(0.2 + loss))).collect(),
    };
    learn.report(&Purpose::Relief(LESS_TIME), landed);
    learn.turn(vec![event(1_000_000, 0.5)], Positions::default()).expect("nothing fails");
}

fn told(learn: &mut Learn) -> String {
    learn.happened().iter().map(AuditEvent::story).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_best_that_passes_its_gates_takes_over_within_the_loss_that_is_allowed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = halved(&folder);
    let before = learn.slot().load().generation;
    let all: Vec<usize> = (0..8).collect();
    // All of them lose least and cost too much; two lose too much; of the others, the first member alone is best.
    lands(
        &mut learn,
        &[(&all, Some(-0.1)), (&[0, 1], Some(0.06)), (&[0], Some(0.01)), (&[1], Some(0.02)), (&[2], None)],
    );
    let served = learn.slot().load();
    let mixture = served.model.mixture();
    assert!(served.generation > before && mixture.members.len() == 1);
    assert!(learn.estimated(&mixture) <= learn.state.limit(COMPUTE));
    assert_eq!((learn.state.counts.reliefs, learn.arms.displaced.is_none()), (1, true));
    let told = learn.happened();
    let said = |event: &&AuditEvent| matches!(event, AuditEvent::Judged { .. } | AuditEvent::Relieved { .. });
    let told: Vec<String> = told.iter().filter(said).map(AuditEvent::story).collect();
    assert!(told[0].contains("judged: chosen (1 of 5 smaller mixtures pass"), "{told:?}");
    assert!(told[1].starts_with("RELIEF"), "{told:?}");
    assert_eq!(learn.arms.pool.freeze(&learn.arms.control).expect("whole").mixture(), mixture);
}

/// Something that keeps everybody out, and what has to be said of it.
struct Case {
    name: &'static str,
    spoil: fn(&mut Learn),
    loss: Option<f32>,
    why: &'static str,
}

const CASES: [Case; 5] = [
    Case {
        name: "nothing is fast enough",
        spoil: |learn| learn.set_budget(COMPUTE, 1e-12),
        loss: Some(0.0),
        why: "gate latency: estimated bound of the latency quantile is over the limit",
    },
    Case {
        name: "nothing is small enough",
        spoil: |learn| learn.set_budget("memory_bytes", 1.0),
        loss: Some(0.0),
        why: "gate memory: memory of the network is over the limit",
    },
    Case {
        name: "everything loses under stress",
        spoil: |learn| {
            learn.rules.config.gate.robustness.excess_max = -2.0;
            learn.rules.config.gate.robustness.wanted = vec![Stress::Noise];
        },
        loss: Some(0.0),
        why: "gate robustness: loss under noise, over the champion's, is over the limit",
    },
    Case {
        name: "too much is lost",
        spoil: |_| {},
        loss: Some(0.5),
        why: "it costs a loss of 0.5000, 0.05 are allowed",
    },
    Case { name: "no trial ends", spoil: |_| {}, loss: None, why: "it could not be trained" },
];

#[test]
fn where_none_passes_the_champion_stays_and_an_alarm_says_why_of_each() {
    for Case { name, spoil, loss, why } in CASES {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut learn = halved(&folder);
        spoil(&mut learn);
        answered(&mut learn);
        let champion = learn.slot().load().generation;
        lands(&mut learn, &[(&[0, 1, 2], loss), (&[0], loss)]);
        assert_eq!(learn.slot().load().generation, champion, "{name}");
        assert_eq!(learn.state.counts.reliefs, 0, "{name}");
        let story = told(&mut learn);
        let alarm =
            story.lines().find(|line| line.starts_with("ALARM: no smaller network answers the breach"));
        let said = alarm.map_or(0, |alarm| alarm.matches(why).count());
        assert_eq!(said, 2, "{name}: {story}");
    }
}

#[test]
fn a_relief_that_nothing_is_known_of_is_asked_for_again_where_the_budget_is_another() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = halved(&folder);
    lands(&mut learn, &[]);
    assert!(told(&mut learn).contains("nothing is smaller"));
    learn.state.lifecycle.step(Event::BudgetSet, &learn.rules);
    let effects = learn.state.lifecycle.step(Event::Breached(Remedy::Relief(LESS_TIME)), &learn.rules);
    assert_eq!(effects, [Effect::SeekRelief(LESS_TIME)]);
}

#[test]
fn a_service_that_is_to_take_half_asks_for_a_model_that_takes_half() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = plane_with(&folder, "search = { window_outcomes = 100000 }");
    feed(&mut learn, 0..1_000);
    let usual = learn.thresholds();
    let measured = learn.measured().expect("a champion is measured").clone();
    let of = |resource| learn.relief_thresholds(Saving { resource, share: Some(0.5) });
    let time = of(Resource::Time);
    assert!((time.latency.limit_seconds - measured.batches[1].upper / 2.0).abs() < 1e-12);
    assert_eq!(time.memory, usual.memory);
    assert_eq!(of(Resource::Bytes).memory.bytes_max, measured.bytes / 2);
    assert_eq!(learn.relief_thresholds(LESS_TIME), usual);
}
