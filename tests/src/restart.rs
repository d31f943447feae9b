//! Restart: how long a daemon that died takes to answer again, with many predictions waiting for their labels.
//!
//! Lives here: filling a state with predictions, and timing the way back from it in a process of its own. May not:
//! judge what it measured. Kafka is not in it: what counts is the state.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use adapters::kafka::Positions;
use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use daemon::config::Config;
use daemon::learn::{Learn, Outside};
use daemon::storage::Storage;
use daemon::trials::{Trials, WorkerCommand};
use model::{EventId, Label, Record, Row, Sample, Timestamp, Truth};
use serde::{Deserialize, Serialize};

use crate::exit::exit;

/// Features of an event.
const FEATURES: usize = 8;
/// Events whose labels come, before those that wait.
const LABELLED: u64 = 2_000;
/// Events in a unit of work.
const BATCH: u64 = 500;

/// Fills a state with waiting predictions and restarts from it.
#[derive(Clone, Debug, Parser)]
#[command(name = "restart")]
pub struct Arguments {
    /// Predictions that wait.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub waiting: u64,
    /// Restarts measured.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub restarts: u32,
    /// A filled state to restart from: how this program starts itself.
    #[arg(long, hide = true)]
    pub from: Option<PathBuf>,
}

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Predictions that waited.
    pub waiting: usize,
    /// Bytes of the state directory.
    pub state_bytes: u64,
    /// Making that state durable, in seconds.
    pub commit_seconds: f64,
    /// Of each restart, from the start of the process to the first answer.
    pub restart_seconds: Vec<f64>,
    /// Most memory of such a process.
    pub peak_rss_bytes: u64,
}

/// What a restarted process tells.
#[derive(Debug, Deserialize, Serialize)]
struct Restarted {
    waiting: usize,
    peak_rss_bytes: u64,
}

/// Entry point of the binary.
pub fn main() -> ExitCode {
    exit("restart", tell(&Arguments::parse()))
}

fn tell(arguments: &Arguments) -> Result<()> {
    let mut out = std::io::stdout();
    if let Some(state) = &arguments.from {
        serde_json::to_writer(&mut out, &restarted(state)?)?;
    } else {
        serde_json::to_writer_pretty(&mut out, &measured(arguments)?)?;
    }
    Ok(writeln!(out)?)
}

/// Fills a state and restarts from it.
pub fn measured(arguments: &Arguments) -> Result<Report> {
    let folder = tempfile::tempdir()?;
    let commit_seconds = fill(folder.path(), arguments.waiting)?;
    let mut report = Report {
        waiting: 0,
        state_bytes: bytes_of(folder.path())?,
        commit_seconds,
        restart_seconds: Vec::new(),
        peak_rss_bytes: 0,
    };
    for _ in 0..arguments.restarts {
        let begun = Instant::now();
        let told = Command::new(std::env::current_exe()?).arg("--from").arg(folder.path()).output()?;
        report.restart_seconds.push(begun.elapsed().as_secs_f64());
        ensure!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
        let restarted: Restarted = serde_json::from_slice(&told.stdout)?;
        report.waiting = restarted.waiting;
        report.peak_rss_bytes = report.peak_rss_bytes.max(restarted.peak_rss_bytes);
    }
    Ok(report)
}

/// Predictions wait, and the state is durable; how long the last commit took.
fn fill(directory: &Path, waiting: u64) -> Result<f64> {
    let mut learn = open(directory)?;
    let labelled = (0..LABELLED).map(|number| [event(number), label(number)]).collect::<Vec<_>>();
    for both in labelled {
        learn.turn(both.into_iter().collect::<Result<_>>()?, Positions::default())?;
        learn.happened();
    }
    let last = LABELLED + waiting;
    for first in (LABELLED..last).step_by(BATCH as usize) {
        let records = (first..last.min(first + BATCH)).map(event).collect::<Result<_>>()?;
        learn.turn(records, Positions::default())?;
        learn.happened();
    }
    let begun = Instant::now();
    learn.commit_state()?;
    Ok(begun.elapsed().as_secs_f64())
}

/// What a process does between its start and its first answer.
fn restarted(directory: &Path) -> Result<Restarted> {
    let learn = open(directory)?;
    let row = sample(LABELLED)?.row;
    let answers = learn.slot().load().model.predict(&[&row])?;
    ensure!(answers.len() == 1, "no answer");
    let told = Restarted {
        waiting: learn.state().join.pending(),
        peak_rss_bytes: adapters::hardware::usage()?.peak_rss_bytes,
    };
    // As a daemon that is killed: nothing is given back piece by piece.
    std::mem::forget(learn);
    Ok(told)
}

fn open(directory: &Path) -> Result<Learn> {
    let config = config(directory)?;
    let device = config.learn.device.open()?;
    let found = Storage::open(&config.state, &config.name, device)?;
    // Nothing is searched, so nothing is ever started.
    let worker = WorkerCommand { program: "/nowhere".into(), arguments: Vec::new(), seconds_max: 1 };
    let trials = Trials::start(worker).expect("a thread starts");
    let outside =
        Outside { records: found.records, storage: Some(found.storage), trials, waits_for_trials: true };
    match found.snapshot {
        Some(snapshot) => Ok(Learn::resume(config.learn, snapshot, outside)?),
        None => Ok(Learn::cold(config.learn, outside)?),
    }
}

fn config(directory: &Path) -> Result<Config> {
    let features: Vec<String> =
        (0..FEATURES).map(|at| format!("{{ name = \"f{at}\", kind = \"numeric\" }}")).collect();
    let directory = directory.to_str().context("a folder with an odd name")?;
    let text = format!(
        "[state]\ndirectory = \"{directory}\"\n[join]\nmemory_bytes = 10000000000\n\
         [search]\nwindow_outcomes = 1000000000\n\
         [schema]\nclasses = [\"no\", \"yes\"]\nfeatures = [{}]",
        features.join(", ")
    );
    Ok(Config::parse(&text)?)
}

fn bytes_of(directory: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let about = entry.metadata()?;
        bytes += if about.is_dir() { bytes_of(&entry.path())? } else { about.len() };
    }
    Ok(bytes)
}

/// A number between -1 and 1 that looks like noise.
fn wave(number: u64, feature: usize) -> f32 {
    ((number % 10_007) as f32 * (0.37 + feature as f32)).sin()
}

fn sample(number: u64) -> Result<Sample> {
    let row = Row::new((0..FEATURES).map(|at| wave(number, at)).collect::<Vec<_>>())?;
    Ok(Sample {
        id: EventId::new(&number.to_string())?,
        time: Timestamp(number.cast_signed()),
        row,
        external: None,
    })
}

fn event(number: u64) -> Result<Record> {
    Ok(Record::Sample(sample(number)?))
}

fn label(number: u64) -> Result<Record> {
    let truth = Truth::Class(u32::from(wave(number, 0) > 0.0));
    let id = EventId::new(&number.to_string())?;
    Ok(Record::Label(Label { id, time: Timestamp(number.cast_signed()), truth, revision: 0 }))
}
