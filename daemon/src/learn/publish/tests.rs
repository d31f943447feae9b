//! A promotion is written down step by step before it happens; a disk that takes nothing leaves the champion.

use std::path::Path;

use adapters::audit::{entries, verify};
use adapters::kafka::Positions;
use model::{EventId, Label, Record, Row, Sample, Timestamp, Truth};
use serde_json::Value;

use super::*;
use crate::config::Config;
use crate::learn::tests::place_twin;
use crate::learn::{Outside, Snapshot};
use crate::storage::{Storage, journal_folder, look_at_snapshot};
use crate::trials::{Trials, WorkerCommand};

fn config(folder: &Path) -> Config {
    let text = format!(
        "model = {{ name = \"fraud\" }}
        state = {{ directory = \"{}\" }}
        search = {{ window_outcomes = 100000 }}
        [schema]
        classes = [\"a\", \"b\"]
        features = [{{ name = \"x\", kind = \"numeric\" }}]",
        folder.display()
    );
    Config::parse(&text).expect("a small valid configuration")
}

/// A plane on a state directory, as the daemon opens it.
fn opened(folder: &Path) -> Learn {
    let config = config(folder);
    let found = Storage::open(&config.state, &config.name, model::Device::cpu()).expect("nobody else has it");
    let worker = WorkerCommand { program: "/nowhere".into(), arguments: Vec::new(), seconds_max: 1 };
    let trials = Trials::start(worker).expect("a thread starts");
    let outside =
        Outside { records: found.records, storage: Some(found.storage), trials, waits_for_trials: false };
    let mut learn = match found.snapshot {
        Some(snapshot) => Learn::resume(config.learn, snapshot, outside),
        None => Learn::cold(config.learn, outside),
    }
    .expect("a plane");
    learn.tell_started(found.warnings);
    learn
}

/// Events of two kinds, each with its label at once.
fn feed(learn: &mut Learn, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let class = number % 2;
        let row = Row::new(vec![class as f32]).expect("finite");
        let id = EventId::new(&number.to_string()).expect("short");
        let time = Timestamp(number.cast_signed());
        let label = Label { id: id.clone(), time, truth: Truth::Class(class as u32), revision: 0 };
        let records = vec![Record::Sample(Sample { id, time, row, external: None }), Record::Label(label)];
        let positions = Positions::from([(("fraud.events".to_owned(), 0), number.cast_signed() + 1)]);
        learn.turn(records, positions).expect("nothing fails");
    }
}

fn promote(learn: &mut Learn) {
    place_twin(learn);
    learn.pending_swap = Some(Change::Promotion);
    learn.swap_pending().expect("a swap that fails is no error");
    learn.journal();
}

fn told(folder: &Path) -> Vec<Value> {
    let lines = entries(&journal_folder(folder)).expect("it can be read");
    lines.map(|entry| entry.expect("it is whole").event["data"].clone()).collect()
}

fn of<'a>(told: &'a [Value], event: &str) -> Vec<&'a Value> {
    told.iter().filter(|data| data["event"] == event).collect()
}

fn remembered(folder: &Path) -> Snapshot<'static> {
    look_at_snapshot(folder).expect("it can be read").expect("there is one")
}

#[test]
fn every_step_is_in_the_journal_in_its_order_and_the_digests_are_those_of_the_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut learn = opened(folder.path());
    feed(&mut learn, 0..300);
    promote(&mut learn);
    let told = told(folder.path());
    let steps: Vec<_> = of(&told, "swap_step").iter().map(|data| data["step"].clone()).collect();
    assert_eq!(steps, SWAP_STEPS);
    let timed: Vec<&str> = learn
        .took()
        .into_iter()
        .filter_map(|took| match took {
            Took::Step(step, _) => Some(step),
            Took::Label(_) | Took::Training(_) => None,
        })
        .collect();
    assert_eq!(timed, SWAP_STEPS);
    assert!(
        of(&told, "swap_step")[1]["detail"].as_str().is_some_and(|detail| detail.contains("of 64 recent"))
    );
    let promoted = of(&told, "promoted")[0];
    assert_eq!(told.last(), Some(promoted), "what was done is told last");
    let generation = learn.slot.load().generation;
    assert_eq!(promoted["generation"], generation.0);
    assert_eq!(promoted["offsets"]["fraud.events"]["0"], serde_json::json!([299, 300]));
    let loaded = learn.storage().expect("it has one").read_model(generation).expect("it is there");
    let digests = serde_json::to_value(Digests::of(&loaded).expect("it has some")).expect("plain");
    assert_eq!(promoted["digests"], digests);
    verify(&journal_folder(folder.path()), Some(remembered(folder.path()).journal())).expect("it is whole");
}

#[test]
fn after_a_crash_the_journaled_champion_serves_and_the_chain_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut learn = opened(folder.path());
    feed(&mut learn, 0..300);
    promote(&mut learn);
    feed(&mut learn, 300..310);
    let served = learn.slot.load().generation;
    drop(learn);
    let learn = opened(folder.path());
    let told = told(folder.path());
    let (started, promoted) = (of(&told, "started"), of(&told, "promoted"));
    assert_eq!((started.len(), promoted.len()), (2, 1));
    assert_eq!(started[1]["epoch"], 2);
    let champion = learn.slot.load().generation;
    assert_eq!(promoted[0]["generation"], champion.0);
    assert!(served > champion, "refreshes after the last snapshot are made again");
    verify(&journal_folder(folder.path()), None).expect("one chain across both");
}

#[test]
fn a_disk_that_takes_nothing_leaves_the_champion_and_the_state_and_recovers() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut learn = opened(folder.path());
    feed(&mut learn, 0..300);
    learn.commit_state().expect("the disk takes it");
    let champion = learn.slot.load().generation;
    // Nothing can be written into a folder that is a file, whoever tries.
    let away = ["models", "snapshots"].map(|store| {
        let (store, kept) = (folder.path().join(store), folder.path().join(format!("{store}-kept")));
        std::fs::rename(&store, &kept).and_then(|()| std::fs::write(&store, "")).expect("it is ours");
        (store, kept)
    });
    promote(&mut learn);
    assert_eq!(learn.slot.load().generation, champion, "it still serves");
    assert_eq!((learn.state.counts.promotions, learn.arms.displaced.is_none()), (0, true));
    feed(&mut learn, 300..400);
    assert!(learn.commit_state().is_err());
    assert_eq!(learn.state.outcomes, 400, "learning goes on");
    let told_then = told(folder.path());
    assert!(!of(&told_then, "alarm").is_empty() && of(&told_then, "promoted").is_empty());

    for (store, kept) in away {
        std::fs::remove_file(&store).and_then(|()| std::fs::rename(kept, store)).expect("it is ours");
    }
    learn.commit_state().expect("the disk takes it again");
    promote(&mut learn);
    assert_eq!(learn.state.counts.promotions, 1);
    drop(learn);
    assert_eq!(opened(folder.path()).state.outcomes, 400);
    verify(&journal_folder(folder.path()), None).expect("it is whole");
}

#[test]
fn a_journal_that_cannot_be_written_stops_a_promotion_but_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut learn = opened(folder.path());
    feed(&mut learn, 0..300);
    let champion = learn.slot.load().generation;
    let lock = folder.path().join("lock");
    let holder = std::fs::read(&lock).expect("it says who holds it");
    std::fs::write(&lock, "somebody else").expect("it can be written");
    promote(&mut learn);
    assert_eq!(learn.slot.load().generation, champion);
    let error = learn.commit_state().expect_err("it is fenced off").to_string();
    assert!(error.contains("no longer this process's"), "{error}");
    feed(&mut learn, 300..310);
    std::fs::write(&lock, holder).expect("it can be written");
    learn.commit_state().expect("it is its own again");
    let told = told(folder.path());
    assert!(of(&told, "alarm").len() >= 2, "what waited is written");
}

#[test]
fn a_snapshot_that_is_missing_or_older_than_the_journal_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut learn = opened(folder.path());
    feed(&mut learn, 0..300);
    learn.commit_state().expect("the disk takes it");
    promote(&mut learn);
    drop(learn);
    let snapshots = folder.path().join("snapshots");
    let mut files: Vec<_> = std::fs::read_dir(&snapshots)
        .expect("a folder")
        .map(|entry| entry.expect("readable").path())
        .collect();
    files.sort();
    std::fs::write(files.pop().expect("the promotion's"), "damaged").expect("it can be written");
    let learn = opened(folder.path());
    assert_eq!(
        learn.state.counts.promotions, 0,
        "the snapshot before it counts: the topics are read on from there"
    );
    drop(learn);
    let started = |told: &[Value]| of(told, "started").last().map(|data| data["story"].to_string());
    assert!(started(&told(folder.path())).is_some_and(|story| story.contains("an older snapshot is used")));

    std::fs::remove_dir_all(&snapshots).expect("it is ours");
    assert_eq!(opened(folder.path()).state.outcomes, 0);
    assert!(started(&told(folder.path())).is_some_and(|story| story.contains("learning begins anew")));
}

#[test]
fn a_snapshot_newer_than_the_journal_goes_on_after_it_and_the_hole_shows() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut learn = opened(folder.path());
    feed(&mut learn, 0..300);
    promote(&mut learn);
    drop(learn);
    let remembered = remembered(folder.path()).journal().clone();
    std::fs::remove_dir_all(journal_folder(folder.path())).expect("it is ours");
    let learn = opened(folder.path());
    assert_eq!(learn.state.counts.promotions, 1, "the state does not need the journal");
    let verified = verify(&journal_folder(folder.path()), None).expect("what is there is whole");
    assert_eq!(verified.first, Some(remembered.number + 1));
    let told = told(folder.path());
    assert!(told[0]["story"].as_str().is_some_and(|story| story.contains("lacks its end")));
}

#[test]
fn after_a_rollback_and_a_crash_the_displaced_serves_with_its_generation_and_none_is_given_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut learn = opened(folder.path());
    feed(&mut learn, 0..300);
    let champion = learn.slot.load().generation;
    promote(&mut learn);
    feed(&mut learn, 300..310);
    let given = learn.state.generation;
    learn.perform(crate::lifecycle::Effect::Swap(Change::Rollback)).expect("nothing fails");
    learn.swap_pending().expect("nothing fails");
    learn.journal();
    drop(learn);
    let mut learn = opened(folder.path());
    assert_eq!((learn.slot.load().generation, learn.state.counts.rollbacks), (champion, 1));
    let told = told(folder.path());
    let back = of(&told, "rolled_back")[0];
    assert_eq!((&back["generation"], &back["replaces"]), (&champion.0.into(), &given.into()));
    feed(&mut learn, 310..311);
    assert_eq!(learn.slot.load().generation.0, given + 1);
}

#[test]
fn a_model_that_reads_back_otherwise_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut learn = opened(folder.path());
    feed(&mut learn, 0..300);
    let served = learn.slot.load();
    let digests = Digests::of(&served.model).expect("it has some");
    assert!(learn.verify(&served.model, &served, Change::Promotion, &digests).is_ok());
    let prior = Model::prior(served.model.schema().clone(), &[], &learn.device).expect("a prior");
    let error = learn.verify(&prior, &served, Change::Promotion, &digests).expect_err("it is another");
    assert!(error.to_string().contains("another digest"), "{error}");
    let of_prior = Digests::of(&prior).expect("it has some");
    let error = learn.verify(&prior, &served, Change::Promotion, &of_prior).expect_err("it is another");
    assert!(error.to_string().contains("says something else"), "{error}");
}
