//! A schema that grows in the middle of a stream: nothing starts again, nothing is lost, and the same
//! records give the same state, however they are cut into units of work and whenever the process dies.

use std::path::Path;
use std::sync::Arc;

use adapters::codec::JsonCodec;
use adapters::kafka::{Polled, Positions, TopicRole};
use adapters::store::Records;
use model::{Device, LearnerState, Record, Timestamp, Truth, Widening};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;
use serde_json::{Value, json};

use crate::config::{Config, LearnConfig, StateConfig};
use crate::learn::{Learn, LearnError, Outside};
use crate::reader::Reader;
use crate::storage::Storage;
use crate::trials::{Trials, WorkerCommand};

/// Rows between an event and its label.
const DELAY: usize = 50;
/// The row that first has a colour; red ones are of a class nobody has declared.
const GROWS_AT: usize = 800;

fn config(evolve: &str) -> LearnConfig {
    let text = format!(
        "search = {{ window_outcomes = 200, rungs = [1000] }}
        budget = {{ compute_seconds = 60.0 }}
        [schema]
        evolve = \"{evolve}\"
        classes = [\"low\", \"high\"]
        features = [{{ name = \"x\", kind = \"numeric\" }}]"
    );
    Config::parse(&text).expect("a small valid configuration").learn
}

fn worker() -> WorkerCommand {
    WorkerCommand { program: "/nowhere".into(), arguments: Vec::new(), seconds_max: 1 }
}

/// A plane over the state in this folder, as the daemon opens it.
fn open(folder: &Path, config: LearnConfig) -> Result<Learn, LearnError> {
    let state = StateConfig::within(folder, 2);
    let found = Storage::open(&state, "adopt", Device::cpu())?;
    let outside = Outside {
        records: found.records,
        storage: Some(found.storage),
        trials: Trials::start(worker()).expect("a thread starts"),
        waits_for_trials: true,
    };
    match found.snapshot {
        Some(snapshot) => Learn::resume(config, snapshot, outside),
        None => Learn::cold(config, outside),
    }
}

fn reader(learn: &Learn, config: &LearnConfig) -> Reader {
    let codec = JsonCodec::new(config.schema.clone(), adapters::codec::CodecConfig::default());
    let codec = codec.expect("no paths are given").widened(Arc::new(learn.state().schema().clone()));
    Reader::new(codec, config.evolve)
}

fn polled(role: TopicRole, value: &Value) -> Polled {
    Polled {
        role,
        topic: "any".into(),
        partition: 0,
        offset: 0,
        timestamp: Timestamp(0),
        key: None,
        payload: value.to_string().into_bytes(),
        headers: Vec::new(),
    }
}

/// All messages of a stream of so many rows, in order.
fn stream(rows: usize) -> Vec<Polled> {
    let mut rng = Pcg64::seed_from_u64(7);
    let mut labels = Vec::new();
    let mut messages = Vec::new();
    for row in 0..rows {
        let x: f64 = rng.random_range(-1.0..1.0);
        let colour = ["red", "green", "blue"][rng.random_range(0..3)];
        let grown = row >= GROWS_AT;
        let features = if grown { json!({ "x": x, "colour": colour }) } else { json!({ "x": x }) };
        messages.push(polled(
            TopicRole::Events,
            &json!({ "id": row.to_string(), "time": row, "features": features }),
        ));
        labels.push(match (grown && colour == "red", x > 0.0) {
            (true, _) => "huge",
            (false, true) => "high",
            (false, false) => "low",
        });
        if let Some(of) = row.checked_sub(DELAY) {
            let label = json!({ "id": of.to_string(), "time": row, "label": labels[of] });
            messages.push(polled(TopicRole::Labels, &label));
        }
    }
    messages
}

/// Feeds messages, so many in one unit of work.
fn feed(learn: &mut Learn, reader: &mut Reader, messages: &[Polled], batch: usize) {
    for messages in messages.chunks(batch) {
        let mut records = Vec::new();
        for message in messages {
            reader.read(message, &mut records).expect("every message can be read");
        }
        learn.turn(records, Positions::default()).expect("nothing fails");
    }
}

fn bytes(learn: &Learn) -> Vec<u8> {
    let snapshot = learn.snapshot(&learn.slot().load()).expect("it can be saved");
    snapshot.without_journal().to_bytes().expect("plain data")
}

#[test]
fn a_feature_and_a_class_come_along_and_are_learned_without_starting_again() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = config("adopt");
    let mut learn = open(folder.path(), config.clone()).expect("a plane can be built");
    let mut reader = reader(&learn, &config);
    let messages = stream(5_000);
    let (before, after) = messages.split_at(2 * GROWS_AT);
    feed(&mut learn, &mut reader, before, 64);
    let (served, learned) = (learn.slot().load(), learn.arms().pool.learned());
    assert!(!served.prior_only);
    feed(&mut learn, &mut reader, after, 64);

    let state = learn.state();
    assert_eq!((state.counts.adopted.features, state.counts.adopted.classes), (1, 1));
    assert_eq!((state.schema().features().len(), state.schema().target().outputs()), (2, 3));
    assert_eq!(state.outcomes, 5_000 - DELAY as u64);
    assert_eq!(state.counts.records_lost, 0);
    assert!(learn.arms().pool.learned() > learned, "the learners went on");
    assert!(state.scores.champion.window_quality() > 0.9, "{}", state.scores.champion.window_quality());
    let told = learn.happened();
    let adopted = told.iter().filter(|event| event.story().contains("adopted")).count();
    assert_eq!(adopted, 2, "each adoption is told once");

    let served = learn.slot().load();
    let mut records = Vec::new();
    let red = json!({ "id": "new", "features": { "x": -0.5, "colour": "red" } });
    reader.read(&polled(TopicRole::Events, &red), &mut records).expect("it can be read");
    let Some(Record::Sample(sample)) = records.pop() else { panic!("an event is a sample") };
    let answer = served.model.predict(&[&sample.row]).expect("it answers").remove(0);
    assert_eq!(model::decide(served.model.schema(), &answer), Truth::Class(2), "{answer:?}");
}

#[test]
fn units_of_work_and_crashes_change_nothing() {
    let (one, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let config = config("adopt");
    let messages = stream(1_200);
    let mut steady = open(one.path(), config.clone()).expect("a plane can be built");
    let mut steady_reader = reader(&steady, &config);
    feed(&mut steady, &mut steady_reader, &messages, 1);

    // Ends right before the feature comes, between feature and class, and after both.
    let mut rest = messages.as_slice();
    for messages in [2 * GROWS_AT - DELAY, 40, 150, usize::MAX] {
        let (now, later) = rest.split_at(messages.min(rest.len()));
        let mut learn = open(other.path(), config.clone()).expect("it goes on");
        let mut reader = reader(&learn, &config);
        feed(&mut learn, &mut reader, now, 37);
        learn.commit_state().expect("it can be saved");
        if later.is_empty() {
            assert!(bytes(&learn) == bytes(&steady), "the state is another one");
        } else {
            // Not in the snapshot, so it must not be in what comes after.
            feed(&mut learn, &mut reader, &later[..30], 7);
        }
        rest = later;
    }
    assert_eq!(steady.state().schema().features().len(), 2);
}

#[test]
fn what_has_grown_goes_on_when_growth_is_forbidden_and_what_is_declared_later_is_taken_in() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let growing = config("adopt");
    let mut learn = open(folder.path(), growing.clone()).expect("a plane can be built");
    let mut reading = reader(&learn, &growing);
    feed(&mut learn, &mut reading, &stream(900), 64);
    learn.commit_state().expect("it can be saved");
    drop(learn);

    let learn = open(folder.path(), config("refuse")).expect("it goes on");
    assert_eq!(learn.state().schema().features().len(), 2, "nothing is forgotten");
    let grown = learn.state().schema().clone();
    drop(learn);

    let declared = grown.with(&model::Addition::Class("enormous".into())).expect("one more");
    let mut fixed = config("refuse");
    fixed.schema = Arc::new(declared.clone());
    let error = open(folder.path(), fixed).err().expect("the schema is another one").to_string();
    assert!(error.contains("another schema"), "{error}");
    let mut wider = config("adopt");
    wider.schema = Arc::new(declared.clone());
    let learn = open(folder.path(), wider).expect("the declared class is taken in");
    assert_eq!(*learn.state().schema(), declared);
    assert_eq!(*learn.slot().load().model.schema().as_ref(), declared);
}

#[test]
fn a_network_that_a_trial_ended_with_before_follows_too() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = config("adopt");
    let mut learn = open(folder.path(), config.clone()).expect("a plane can be built");
    let mut reader = reader(&learn, &config);
    let messages = stream(900);
    let (before, after) = messages.split_at(2 * GROWS_AT - 2 * DELAY);
    feed(&mut learn, &mut reader, before, 64);
    let then = learn.state().schema().clone();
    let arm = learn.arms.pool.arm_state(&learn.arms.control).expect("it can be saved");
    let ended: Vec<LearnerState> = arm.members;
    feed(&mut learn, &mut reader, after, 64);
    let count = ended.len();
    let caught_up = learn.caught_up(ended, 700, &then).expect("they follow");
    let widening = Widening::between(&then, learn.state().schema()).expect("it grew");
    assert_eq!(caught_up.len(), count);
    assert!(caught_up.iter().all(|learner| learner.shape() == widening.to()));
}

#[test]
fn crowded_categories_get_more_buckets_and_are_told_apart() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = "search = { window_outcomes = 100000 }
        budget = { compute_seconds = 60.0 }
        [schema]
        evolve = \"adopt\"
        buckets_max = 64
        classes = [\"low\", \"high\"]
        features = [{ name = \"city\", kind = \"categorical\", buckets = 8 }]";
    let config = Config::parse(text).expect("a small valid configuration").learn;
    let (records, _) = Records::resume(folder.path(), 0).expect("an empty folder");
    let outside = Outside {
        records,
        storage: None,
        trials: Trials::start(worker()).expect("a thread starts"),
        waits_for_trials: true,
    };
    let mut learn = Learn::cold(config.clone(), outside).expect("a plane can be built");
    let mut reader = reader(&learn, &config);
    let mut rng = Pcg64::seed_from_u64(3);
    for row in 0..3_000 {
        let city = rng.random_range(0..40_u32);
        let class = if city % 3 == 0 { "high" } else { "low" };
        let event =
            json!({ "id": row.to_string(), "time": row, "features": { "city": format!("city {city}") } });
        let label = json!({ "id": row.to_string(), "time": row, "label": class });
        let messages = [polled(TopicRole::Events, &event), polled(TopicRole::Labels, &label)];
        feed(&mut learn, &mut reader, &messages, 2);
    }
    assert_eq!(learn.state().counts.adopted.buckets, 3, "8, 16, 32, 64");
    let quality = learn.state().scores.champion.window_quality();
    assert!(quality > 0.75, "{quality} where the majority is two in three");
}
