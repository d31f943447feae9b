//! `driftform replay`: the learn plane over a recorded stream, as fast as it goes.
//!
//! Lives here: feeding rows and their late labels, and the report. May not: learn or score by itself; the
//! numbers are those of [`crate::learn`].

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::Instant;

use adapters::console::Status;
use adapters::files::{InferOptions, Rows, infer};
use adapters::store::Records;
use anyhow::{Context as _, Result};
use model::{EventId, Label, Record, Row, Sample, Timestamp, Truth};
use policies::gate::Stressed;
use policies::search::Promise;
use serde_json::{Value, json};

use crate::config::{Approval, Config, JoinConfig};
use crate::import;
use crate::join::{Absent, Lateness};
use crate::learn::{Learn, Outside, Prediction};
use crate::telemetry::{AuditEvent, Shown};
use crate::trials::Trials;

mod curve;

pub use curve::{Curve, Point};

/// The first champion is frozen after this share of the labels, if that is earlier.
const FIRST_SHARE: u64 = 10;
/// Rows between two lines of progress.
const PROGRESS_ROWS: u64 = 10_000;

/// Rows and labels come in their order.
const PUNCTUAL: Lateness = Lateness { allowed_ms: 0, idle_ms: i64::MAX, skew_ms: 0 };

/// What is replayed, and how.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Arguments {
    /// The stream: .csv with a header or .jsonl, each also .zst.
    #[arg(long)]
    pub data: PathBuf,
    /// A configuration; its schema is used if it has one, else it is inferred from the data.
    #[arg(long)]
    pub config: Option<PathBuf>,
    /// The column to predict; the last one if not given.
    #[arg(long)]
    pub target: Option<String>,
    /// classification or regression; a numeric target with more than 50 values is regression.
    #[arg(long)]
    pub task: Option<adapters::files::Task>,
    /// The label of a row arrives after this many further rows.
    #[arg(long, default_value_t = 0)]
    pub label_delay: usize,
    /// Overrides model.seed.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Stop after this many rows.
    #[arg(long)]
    pub limit: Option<u64>,
    /// Also write the JSON, the pictures (report.html) and the story into this folder.
    #[arg(long)]
    pub report: Option<PathBuf>,
}

/// One row, as it was answered when it came, and as it turned out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answered {
    /// What was true.
    pub truth: Truth,
    /// What the champion of that moment decided.
    pub champion: Truth,
    /// What the first champion, frozen, decided; until it is frozen, that is the champion.
    pub first: Truth,
}

/// What a replay ends with.
pub struct Replayed {
    /// The scores and counts, as one JSON object.
    pub report: Value,
    /// What happened, one line each.
    pub story: Vec<String>,
    /// Errors along the stream.
    pub curve: Curve,
    /// What a daemon's console would show at its end.
    pub status: Status,
}

pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let replayed = replay(arguments, &mut |_| ())?;
    if let Some(folder) = &arguments.report {
        write_report(folder, &replayed)?;
    }
    super::print(&format!("{:#}", replayed.report))
}

/// Replays a stream; whoever listens hears every row once its label has arrived, in the order of the rows.
pub fn replay(arguments: &Arguments, heard: &mut dyn FnMut(Answered)) -> Result<Replayed> {
    let (config, target, rows) = configure(arguments)?;
    let started = Instant::now();
    let scratch = tempfile::tempdir().context("no temporary folder for the rows")?;
    let learn = build(&config, scratch.path(), rows, arguments.label_delay)?;
    let (story, curve, shown) = (Vec::new(), Curve::default(), Shown::default());
    let mut stage = Stage { learn, story, curve, shown, heard };
    let replayed = feed(&mut stage, arguments, &config, (&target, rows))?;
    let Stage { mut learn, story, curve, mut shown, .. } = stage;
    learn.close();
    let name = arguments.data.file_name().unwrap_or_default().to_string_lossy();
    let status = shown.status(&format!("replay of {name}"), &learn, None);
    let mut report = report(&learn, replayed, started.elapsed().as_secs_f64())?;
    report["stressed"] = stressed(&mut learn)?;
    report["slice_tau"] = json!(learn.state().faithfulness.tau());
    Ok(Replayed { report, story, curve, status })
}

/// The configuration, the target column and the number of rows.
fn configure(arguments: &Arguments) -> Result<(Config, String, u64)> {
    let options = InferOptions { target: arguments.target.clone(), task: arguments.task };
    let inferred = infer(&arguments.data, &options)?;
    let environment = super::environment();
    let file = arguments.config.as_deref();
    let mut config = Config::for_data(inferred.schema, file, &environment)?;
    if let Some(seed) = arguments.seed {
        config.learn.seed = seed;
    }
    let rows = arguments.limit.map_or(inferred.rows, |limit| limit.min(inferred.rows));
    Ok((config, inferred.target, rows))
}

fn build(config: &Config, folder: &Path, rows: u64, label_delay: usize) -> Result<Learn> {
    let mut learn_config = config.learn.clone();
    learn_config.first_outcomes = learn_config.first_outcomes.min(rows / FIRST_SHARE).max(1);
    // Event time here is the row number, in milliseconds. All labels come, and none is dropped for memory.
    let window_ms = i64::try_from(label_delay)?.saturating_add(1);
    learn_config.join =
        JoinConfig { window_ms, memory_bytes: usize::MAX, absent: Absent::Censored, lateness: PUNCTUAL };
    // There is nobody to ask: a replay shows what the gates let through.
    learn_config.gate.approval = Approval::None;
    let (records, _) = Records::resume(folder, 0)?;
    let trials = Trials::start(super::worker_command(&learn_config)?)?;
    let outside = Outside { records, storage: None, trials, waits_for_trials: true };
    let mut learn = Learn::cold(learn_config, outside)?;
    import::begin(config, &mut learn)?;
    Ok(learn)
}

fn feed(
    stage: &mut Stage<'_>,
    arguments: &Arguments,
    config: &Config,
    (target, total): (&str, u64),
) -> Result<u64> {
    let mut waiting: VecDeque<(u64, Truth)> = VecDeque::new();
    let mut rows = 0;
    let started = Instant::now();
    for read in Rows::open(&arguments.data, &config.learn.schema, target)? {
        if arguments.limit.is_some_and(|limit| rows >= limit) {
            break;
        }
        let (row, truth) = read?;
        stage.turn(event(rows, row)?)?;
        waiting.push_back((rows, truth));
        if waiting.len() > arguments.label_delay
            && let Some((of, truth)) = waiting.pop_front()
        {
            stage.label(of, rows, truth)?;
        }
        rows += 1;
        if rows.is_multiple_of(PROGRESS_ROWS) {
            super::progress(rows, total, started.elapsed());
        }
    }
    // The labels of the last rows come when no more rows do: every row is tested and scored.
    for (of, truth) in waiting {
        stage.label(of, rows, truth)?;
    }
    Ok(rows)
}

/// The learn plane, with those who watch it.
struct Stage<'a> {
    learn: Learn,
    story: Vec<String>,
    curve: Curve,
    shown: Shown,
    heard: &'a mut dyn FnMut(Answered),
}

impl Stage<'_> {
    fn label(&mut self, of: u64, now: u64, truth: Truth) -> Result<()> {
        let id = EventId::new(&of.to_string())?;
        if let Some(Prediction { answers, .. }) = self.learn.waiting(&id) {
            let decided = |output| model::decide(self.learn.state().schema(), output);
            let (champion, first) = (decided(&answers.champion), decided(&answers.first));
            let answered = Answered { truth, champion, first };
            self.curve.push(&answered);
            (self.heard)(answered);
        }
        self.turn(Record::Label(Label { id, time: Timestamp(now.try_into()?), truth, revision: 0 }))
    }

    fn turn(&mut self, record: Record) -> Result<()> {
        self.learn.turn(vec![record], adapters::kafka::Positions::default())?;
        for event in self.learn.happened() {
            self.shown.hear(&event, &self.learn);
            if event.is_detail() {
                continue;
            }
            let line = format!("{}: {}", self.learn.state().outcomes, event.story());
            if let AuditEvent::Alarm { .. } = event {
                tracing::warn!("{line}");
            } else {
                tracing::info!("{line}");
            }
            self.story.push(line);
        }
        Ok(())
    }
}

fn event(number: u64, row: Row) -> Result<Record> {
    let id = EventId::new(&number.to_string())?;
    Ok(Record::Sample(Sample { id, time: Timestamp(number.try_into()?), row, external: None }))
}

fn report(learn: &Learn, rows: u64, seconds: f64) -> Result<Value> {
    let state = learn.state();
    let (scores, counts) = (&state.scores, state.counts);
    let served = learn.slot().load();
    let usage = adapters::hardware::usage()?;
    let mut report = json!({ "rows": rows, "features": state.schema().features().len() });
    let quality = if state.schema().target().is_classification() {
        json!({
            "classes": state.schema().target().outputs(),
            "accuracy": scores.champion.accuracy(),
            "kappa": scores.champion.kappa(),
            "log_loss": scores.champion.log_loss(),
            "window_accuracy": scores.champion.window_quality(),
            "majority_accuracy": scores.majority.accuracy(),
            "no_change_accuracy": scores.no_change.accuracy(),
            "static_accuracy": scores.first.accuracy(),
        })
    } else {
        let numbers = |tally: &policies::stats::Tally| json!({ "mae": tally.mae(), "rmse": tally.rmse(), "r2": tally.quality() });
        let champion = numbers(&scores.champion);
        json!({
            "mae": champion["mae"],
            "rmse": champion["rmse"],
            "r2": champion["r2"],
            "mean": numbers(&scores.majority),
            "last_value": numbers(&scores.no_change),
            "static": numbers(&scores.first),
        })
    };
    let rest = json!({
        "drifts": counts.drifts,
        "episodes": counts.episodes,
        "trials": counts.trials,
        "refreshes": counts.refreshes,
        "promotions": counts.promotions,
        "reliefs": counts.reliefs,
        "rollbacks": counts.rollbacks,
        "rejected_by_cost": counts.rejected.cost,
        "rejected_by_proxies": counts.rejected.proxies,
        "rejected_by_promise": learn.state().proposer.inner().promise().map_or(0, Promise::skipped),
        "promise_recall": learn.state().proposer.inner().promise().and_then(Promise::recall),
        "rejected_as_worse": counts.rejected.worse,
        "costs": learn.cost_source().name(),
        "compute_upper_seconds": learn.measured().map(|measured| measured.batches[1].upper),
        "architecture": served.model.mixture().to_string(),
        "parameters": served.model.cost().parameters,
        "rows_per_second": rows as f64 / seconds,
        "cpu_seconds": usage.cpu_seconds,
        "peak_rss_bytes": usage.peak_rss_bytes,
        "seconds": seconds,
    });
    let object = report.as_object_mut().context("a report is an object")?;
    for part in [quality, rest] {
        object.extend(part.as_object().cloned().context("a part is an object")?);
    }
    Ok(report)
}

/// What the champion loses at the end, as rows are and on bad days of them.
fn stressed(learn: &mut Learn) -> Result<Value> {
    let Some(under) = learn.champion_under_stress()? else { return Ok(Value::Null) };
    let mut told = json!({ "none": under.plain });
    for Stressed { stress, loss, .. } in under.stressed {
        let name = serde_json::to_value(stress)?;
        told[name.as_str().context("a stress has a name")?] = json!(loss);
    }
    Ok(told)
}

/// The report has the curve besides, which is for plots rather than for eyes.
fn write_report(folder: &Path, Replayed { report, story, curve, status }: &Replayed) -> Result<()> {
    let page = adapters::console::report(status, &results(report));
    let mut report = report.clone();
    report["curve"] = json!(curve.points());
    let write = |name: &str, text: String| {
        let path = folder.join(name);
        std::fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))
    };
    std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be created", folder.display()))?;
    write("report.json", format!("{report:#}\n"))?;
    write("report.html", page)?;
    write("story.txt", format!("{}\n", story.join("\n")))
}

/// Names and values, for the page.
fn results(report: &Value) -> Vec<(String, String)> {
    let told = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let results = report.as_object().into_iter().flatten();
    results.map(|(name, value)| (name.replace('_', " "), told(value))).collect()
}
