//! Every record has one end, in whatever order it comes.

use model::{Context, EventId, Generation, Label, Mixer, MixingRule, Output, Said, Shape, Timestamp, Truth};

use super::{AGREEING_RECORDS, Answers, ArmAnswer, Join, Prediction};
use crate::config::JoinConfig;

fn join(pending_max: usize) -> Join {
    Join::new(&JoinConfig { window_ms: 100, pending_max, early_max: 2, joined_max: 10 })
}

fn id(name: &str) -> EventId {
    EventId::new(name).expect("a short id")
}

fn prediction(time: i64) -> Prediction {
    let output = Output(vec![0.5, 0.5].into());
    let said = Said { members: [].into(), outputs: [].into() };
    let shape = Shape { inputs: 1, outputs: 2, classification: true, context: 0 };
    let mixed = Mixer::new(MixingRule::Mean, 1).mix(&output.0, shape);
    let control = ArmAnswer { output: output.clone(), mixed };
    let answers = Answers {
        said,
        champion: output.clone(),
        control,
        reference: output.clone(),
        first: output,
        challenger: None,
        displaced: None,
        majority: Truth::Class(0),
        last: Truth::Class(0),
    };
    Prediction {
        time: Timestamp(time),
        generation: Generation(1),
        row: 7,
        outcomes_before: 0,
        group: None,
        holdback: false,
        context: Context::default(),
        answers,
    }
}

fn label(name: &str, time: i64) -> Label {
    Label { id: id(name), time: Timestamp(time), truth: Truth::Class(1) }
}

#[test]
fn a_label_meets_its_prediction_once() {
    let mut join = join(10);
    assert!(join.predicted(id("a"), prediction(0)).is_none());
    assert!(join.labelled(label("a", 50)).is_some());
    assert!(join.labelled(label("a", 51)).is_none());
    assert_eq!((join.counts().joined, join.counts().duplicate), (1, 1));
}

#[test]
fn an_early_label_waits_for_its_event() {
    let mut join = join(10);
    assert!(join.labelled(label("a", 0)).is_none());
    assert!(join.predicted(id("a"), prediction(1)).is_some());
}

#[test]
fn what_waits_too_long_is_given_up_and_counted() {
    let mut join = join(10);
    join.predicted(id("a"), prediction(0));
    join.labelled(label("x", 0));
    for number in 0..AGREEING_RECORDS {
        join.labelled(label("a later one", 101 + i64::try_from(number).expect("a small number")));
    }
    assert_eq!((join.counts().expired, join.counts().orphan, join.pending()), (1, 1, 0));
}

#[test]
fn one_wrong_clock_expires_nothing() {
    let mut join = join(10);
    join.predicted(id("a"), prediction(0));
    join.predicted(id("from the future"), prediction(i64::MAX));
    for _ in 0..3 * AGREEING_RECORDS {
        join.labelled(label("x", 1));
    }
    assert!(join.labelled(label("a", 2)).is_some());
    assert_eq!(join.counts().expired, 0);
}

#[test]
fn memory_is_bounded_on_both_sides() {
    let mut join = join(2);
    for name in ["a", "b", "c"] {
        join.predicted(id(name), prediction(0));
        join.labelled(label(&format!("orphan {name}"), 0));
    }
    assert_eq!((join.pending(), join.counts().evicted, join.counts().orphan), (2, 1, 1));
}

#[test]
fn a_clock_that_jumps_backwards_and_comes_back_costs_no_outcome() {
    let each = i64::try_from(3 * AGREEING_RECORDS).expect("a small number");
    let mut join = join(1_000);
    let mut joined = 0;
    for (part, clock) in [(0, 1_000_000_i64), (1, 5), (2, 1_000_000 + 2 * each)] {
        for number in 0..each {
            let (name, now) = (format!("{part}-{number}"), clock + number);
            assert!(join.predicted(id(&name), prediction(now)).is_none());
            let label = Label { id: id(&name), time: Timestamp(now + 1), truth: Truth::Class(1) };
            joined += i64::from(join.labelled(label).is_some());
        }
    }
    let counts = join.counts();
    assert_eq!((joined, counts.expired + counts.evicted + counts.late + counts.orphan), (3 * each, 0));
}
