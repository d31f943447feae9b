//! Who knew the world that comes back is found, and nobody else.

use adapters::kafka::Positions;
use model::Record;
use policies::detect::{Advice, DetectorKind, Drift, DriftKind, Sense};

use super::*;
use crate::learn::tests::{event, label, plane_with};

const SETTINGS: &str = "mixture = { members = [{ widths = [8] }] }
    search = { window_outcomes = 50, rungs = [100], cooldown_outcomes = 100000, plateau_outcomes = 0 }";

/// Rows at the sign of which the class is, or is not, at once.
fn feed(learn: &mut Learn, numbers: std::ops::Range<u64>, turned: bool) {
    for number in numbers {
        let value = if (number * 7_919) % 13 < 6 { -1.0 } else { 1.0 } * ((number % 5) as f32 + 1.0);
        let class = u32::from((value > 0.0) != turned);
        let records: Vec<Record> = vec![event(number, value), label(number, class)];
        learn.turn(records, Positions::default()).expect("nothing fails");
    }
}

/// A world that was put aside after 2,000 outcomes, another one, and 60 outcomes of the first again.
fn come_back(folder: &tempfile::TempDir) -> Learn {
    let mut learn = plane_with(folder, SETTINGS);
    feed(&mut learn, 0..2_000, false);
    learn.archive(&drift(0)).expect("nothing fails");
    feed(&mut learn, 2_000..4_000, true);
    feed(&mut learn, 4_000..4_060, false);
    learn
}

fn drift(ago: u64) -> Diagnosis {
    Diagnosis {
        sense: Sense::Champion,
        drift: Drift {
            detector: DetectorKind::ESr,
            statistic: 9.0,
            threshold: 1.0,
            ago,
            features: Vec::new(),
        },
        kind: DriftKind::Concept,
        tempo: None,
        loss: None,
        share: None,
        features: Vec::new(),
        slices: Vec::new(),
        estimate: None,
        feed: None,
        advice: Advice::Retrain,
    }
}

#[test]
fn who_knew_the_world_that_comes_back_is_found_and_nobody_else() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = plane_with(&folder, SETTINGS);
    feed(&mut learn, 0..2_000, false);
    learn.archive(&drift(10)).expect("nothing fails");
    let learned: Vec<u64> = learn.state.archive.kept().map(|known| known.learned).collect();
    assert_eq!(learned, [1_950], "as it was before the drift began");
    assert!(
        learn.best_remembered(100).expect("nothing fails").is_none(),
        "it knows no more than the control"
    );

    feed(&mut learn, 2_000..4_000, true);
    learn.archive(&drift(0)).expect("nothing fails");
    assert_eq!(learn.state.archive.kept().len(), 2, "another world");
    feed(&mut learn, 4_000..4_060, false);
    let found = learn.best_remembered(60).expect("nothing fails").expect("the first knew it");
    assert_eq!(found.archived.learned, 1_950);
    assert!(found.gain.mean > 0.1, "{found:?}");
}

#[test]
fn a_world_known_for_a_moment_is_not_remembered_and_one_world_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = plane_with(&folder, SETTINGS);
    feed(&mut learn, 0..2_000, false);
    learn.archive(&drift(0)).expect("nothing fails");
    feed(&mut learn, 2_000..2_500, false);
    learn.archive(&drift(0)).expect("nothing fails");
    assert_eq!(learn.state.archive.kept().len(), 1);
    feed(&mut learn, 2_500..4_000, false);
    learn.archive(&drift(0)).expect("nothing fails");
    let learned: Vec<u64> = learn.state.archive.kept().map(|known| known.learned).collect();
    assert_eq!(learned, [4_000], "the newer one stands for both");
}

#[test]
fn it_goes_into_the_shadow_slot_with_the_weights_of_then_and_learns() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = come_back(&folder);
    learn.seek_memory(Box::new(drift(60))).expect("nothing fails");
    learn.shadow_remembered().expect("nothing fails");
    let challenger = learn.arms.challenger.as_ref().expect("it was found");
    assert_eq!(challenger.remembered, Some(2_000));
    let frozen = learn.arms.pool.freeze(&challenger.arm).expect("it has its members");
    let known = learn.state.archive.kept().next().expect("one").clone();
    let shape = learn.arms.pool.shape();
    let then = known.network(shape, &learn.device).expect("the weights fit");
    assert_eq!(frozen.weights().expect("plain"), then.weights().expect("plain"));
    learn.events.clear();
    feed(&mut learn, 4_060..4_100, false);
    let challenger = learn.arms.challenger.as_ref().expect("nothing speaks against it");
    assert!(challenger.test.evidence().mean_gain > 0.0 && challenger.test.evidence().outcomes > 0);
}

#[test]
fn events_whose_label_nobody_knew_when_it_was_found_count_from_the_first_label_on() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = come_back(&folder);
    let (mut events, mut labels) = (Vec::new(), Vec::new());
    for number in 4_060..4_090_u64 {
        let value = if number.is_multiple_of(2) { 1.0 } else { -1.0 };
        events.push(event(number, value));
        labels.push(label(number, u32::from(value > 0.0)));
    }
    learn.turn(events, Positions::default()).expect("nothing fails");
    learn.seek_memory(Box::new(drift(60))).expect("nothing fails");
    learn.shadow_remembered().expect("nothing fails");
    learn.events.clear();
    learn.turn(labels, Positions::default()).expect("nothing fails");
    let evidence = learn.arms.challenger.as_ref().expect("nothing speaks against it").test.evidence();
    assert_eq!(evidence.outcomes, 30);
    assert!(evidence.mean_gain > 0.0, "{evidence:?}");
}
