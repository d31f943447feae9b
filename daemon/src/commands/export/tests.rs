//! What `driftform export` promises, on state directories of planes that have learned.

use std::fs;
use std::io::Write as _;

use adapters::kafka::Positions;
use adapters::onnx::{from_bytes, to_bytes};
use clap::Parser;
use model::onnx::{Graph, Op, Probe};
use model::{EventId, Label, Record, Row, Sample, Timestamp, Truth};

use super::*;
use crate::config::Config;
use crate::learn::{Learn, Outside};
use crate::parity;
use crate::repository::agreed;
use crate::storage::Storage;
use crate::trials::{Trials, WorkerCommand};

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    arguments: Arguments,
}

const WITHOUT_CONTEXT: &str = "search = { context_max = 0 }\nmixture = { members = [{ widths = [8] }, {}] }";

/// A state directory whose daemon has learned from some rows.
fn learned(folder: &Path, settings: &str) -> PathBuf {
    let state = folder.join("state");
    let text = format!(
        "{settings}
        state = {{ directory = \"{}\" }}
        [schema]
        classes = [\"a\", \"b\"]
        features = [{{ name = \"x\", kind = \"numeric\" }}, {{ name = \"colour\", kind = \"categorical\" }}]",
        state.display()
    );
    let config = Config::parse(&text).expect("a small valid configuration");
    let found = Storage::open(&config.state, &config.name, Device::cpu()).expect("nobody else has it");
    let worker = WorkerCommand { program: "/nowhere".into(), arguments: Vec::new(), seconds_max: 1 };
    let trials = Trials::start(worker).expect("a thread starts");
    let outside =
        Outside { records: found.records, storage: Some(found.storage), trials, waits_for_trials: false };
    let mut learn = Learn::cold(config.learn, outside).expect("a plane");
    for number in 0..50_u64 {
        let (class, time) = (number % 2, Timestamp(number.cast_signed()));
        let row = Row::new(vec![class as f32, model::category_value("red", 32)]).expect("finite");
        let id = EventId::new(&number.to_string()).expect("short");
        let label = Label { id: id.clone(), time, truth: Truth::Class(class as u32), revision: 0 };
        let records = vec![Record::Sample(Sample { id, time, row, external: None }), Record::Label(label)];
        let positions = Positions::from([(("model.events".to_owned(), 0), number.cast_signed() + 1)]);
        learn.turn(records, positions).expect("nothing fails");
    }
    learn.commit_state().expect("the disk takes it");
    let names = r#"{"colour": ["red", "blue"]}"#;
    fs::write(folder.join("names.json"), names).expect("the disk takes it");
    state
}

/// Runs the command with these words, in which `@` is the folder.
fn export(folder: &Path, words: &str) -> Result<(), String> {
    let line = words.replace('@', &folder.display().to_string());
    let words = std::iter::once("export").chain(line.split_whitespace());
    let arguments = Line::try_parse_from(words).map_err(|error| error.to_string())?.arguments;
    run(&arguments).map_err(|error| format!("{error:#}"))
}

#[track_caller]
fn assert_refused(folder: &Path, words: &str, expected: &str) {
    let refused = export(folder, words).expect_err("it is refused");
    assert!(refused.contains(expected), "{refused}");
}

#[test]
fn a_file_says_what_the_champion_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let state = learned(folder.path(), WITHOUT_CONTEXT);
    export(folder.path(), "--state @/state --to @/a.onnx --categories @/names.json --unchecked")
        .expect("it works");
    let bytes = fs::read(folder.path().join("a.onnx")).expect("it is there");
    let model = Model::from_graph(&from_bytes(&bytes).expect("it can be read"), &Device::cpu());
    let (champion, _) = champion(&state).expect("there is one");
    let probe = Probe::draw(&champion, &Categories::default(), 8, 1).map(|probe| probe.rows.len());
    assert!(probe.is_err(), "rows need the names, too");
    assert_eq!(model.expect("it was exported").mixture(), champion.mixture());
    assert!(folder.path().join("a.onnx.sha256").exists());
}

/// With the library that `ONNXRUNTIME` names; says so where there is none. A process can load it once, so this does
/// what the command does with it.
#[test]
fn a_real_onnx_runtime_agrees_with_the_champion_and_with_nothing_else() {
    let Some(library) = std::env::var_os("ONNXRUNTIME") else {
        writeln!(std::io::stderr(), "skipped: ONNXRUNTIME names no library").expect("standard error is open");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let (champion, _) = champion(&learned(folder.path(), WITHOUT_CONTEXT)).expect("there is one");
    let names = listed_categories(&folder.path().join("names.json")).expect("it is a list");
    let mut graph = champion.to_graph(&names).expect("it has one");
    let probe = Probe::draw(&champion, &names, PROBE_ROWS, 1).expect("the names are there");
    let runtime = Runtime::load(Path::new(&library)).expect("it can be loaded");
    let judge = |graph: &Graph| agreed(&champion, graph, &to_bytes(graph), &probe, &runtime);
    assert!(judge(&graph).is_ok_and(|largest| largest < parity::TOLERANCE));
    let cut = graph.nodes.iter_mut().find(|node| node.op == Op::Max).expect("numbers are cut");
    cut.op = Op::Min;
    let refused = judge(&graph).expect_err("it says something else").to_string();
    assert!(refused.contains("so it is not published"), "{refused}");
}

#[test]
fn a_repository_gets_a_version_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let state = learned(folder.path(), WITHOUT_CONTEXT);
    let (_, generation) = champion(&state).expect("there is one");
    let words = "--state @/state --repository @/models --name churn --categories @/names.json --unchecked";
    export(folder.path(), words).expect("it works");
    let version = folder.path().join("models/churn").join(generation.0.to_string());
    assert!(version.join("model.onnx").exists() && version.join("model.onnx.sha256").exists());
    let labels = fs::read_to_string(folder.path().join("models/churn/labels.txt"));
    assert_eq!(labels.expect("it is there"), "a\nb\n");
    assert_refused(folder.path(), words, "exists already");
}

#[test]
fn safetensors_read_back() {
    let folder = tempfile::tempdir().expect("a folder");
    // What sees recent labels, too: another driftform feeds it.
    let state = learned(folder.path(), "");
    export(folder.path(), "--state @/state --format safetensors --to @/model").expect("it works");
    let (champion, _) = champion(&state).expect("there is one");
    let read = Model::from_files(&folder.path().join("model"), &Device::cpu()).expect("it is whole");
    assert_eq!(read.parts().expect("plain"), champion.parts().expect("plain"));
    assert_refused(folder.path(), "--state @/state --format safetensors --to @/model", "exists already");
}

#[test]
fn what_cannot_be_exported_is_refused_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    learned(folder.path(), "");
    let words = "--state @/state --to @/a.onnx --categories @/names.json --unchecked";
    assert_refused(folder.path(), words, "labels that had arrived, which no file can");
    assert_refused(folder.path(), "--state @/nowhere --to @/a.onnx --unchecked", "there is no snapshot in");
    assert!(!folder.path().join("a.onnx").exists());
}

#[test]
fn nothing_is_written_that_nobody_has_read_unless_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    learned(folder.path(), WITHOUT_CONTEXT);
    let words = "--state @/state --to @/a.onnx --categories @/names.json";
    assert_refused(folder.path(), words, "nobody can say whether the file says what the model says");
    assert_refused(
        folder.path(),
        "--state @/state --to @/a.onnx --unchecked",
        "no names are listed for `colour`",
    );
    assert_refused(folder.path(), &format!("{words} --onnxruntime @/none.so"), "cannot be loaded from");
    assert_refused(folder.path(), "--state @/state --repository @/models --unchecked", "--name");
    assert!(!folder.path().join("a.onnx").exists());
}
