//! The ablation: what each way is worth, by the same replay with and without it.
//!
//! In reading order: what is asked for (here), which ways there are and what switches them ([`ways`]), and how two replays
//! are compared ([`worth`]).
//!
//! Both replays meet the same rows in the same order with the same seed, label delay and limits of the search; each runs in a
//! process of its own. What differs is counted in blocks of rows, for neighbouring rows are alike.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use daemon::commands::replay::{self, replay};
use serde::{Deserialize, Serialize};

use crate::exit::exit;

mod ways;
mod worth;

use ways::Way;
use worth::Entry;

/// Rows in a block: more than the errors of any stream here are correlated over.
const BLOCK_ROWS: u64 = 1_000;
/// Seeds at most.
const SEEDS_MAX: u64 = 100;

/// Replays streams with each way of searching switched in turn, and tells what that changes.
#[derive(Clone, Debug, Parser)]
#[command(name = "ablation")]
struct Arguments {
    /// Streams for classification: .csv with a header or .jsonl, each also .zst; the last column is the class.
    #[arg(long, num_args = 1.., required = true)]
    data: Vec<PathBuf>,
    /// Stop after this many rows of each.
    #[arg(long, default_value_t = 20_000)]
    limit: u64,
    /// Seeds 0 to one below this number.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=SEEDS_MAX))]
    seeds: u64,
    /// The label of a row arrives after this many further rows.
    #[arg(long, default_value_t = 1_000)]
    label_delay: usize,
    /// Only these ways; all if not given.
    #[arg(long, value_delimiter = ',')]
    ways: Option<Vec<Way>>,
    /// One JSON array instead of a table.
    #[arg(long)]
    json: bool,
    /// Replay this one alone, in this process, on the first stream.
    #[arg(long, hide = true)]
    way: Option<Way>,
    /// With this seed.
    #[arg(long, hide = true, default_value_t = 0)]
    seed: u64,
}

/// What one replay came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Replayed {
    /// Rows, and right answers among them, block by block.
    blocks: Vec<(u64, u64)>,
    /// Processor time, that of child processes included.
    cpu_seconds: f64,
    /// Candidates that were trained.
    trials: u64,
    /// Candidates that served.
    promotions: u64,
    /// What the champion loses at the end, as rows are (`none`) and under each stress of the gates.
    stressed: BTreeMap<String, f64>,
}

/// Runs the table, or the one replay that this process was started for.
pub fn main() -> ExitCode {
    let done = match Arguments::parse() {
        arguments @ Arguments { way: Some(way), .. } => alone(&arguments, way),
        arguments => table(&arguments),
    };
    exit("ablation", done)
}

/// One replay in this process; what it came to goes to standard output.
fn alone(arguments: &Arguments, way: Way) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("way.toml");
    std::fs::write(&config, way.settings())?;
    let replayed = replay::Arguments {
        data: arguments.data.first().context("a stream is required")?.clone(),
        config: Some(config),
        label_delay: arguments.label_delay,
        seed: Some(arguments.seed),
        limit: Some(arguments.limit),
        ..replay::Arguments::default()
    };
    let mut blocks: Vec<(u64, u64)> = Vec::new();
    let told = replay(&replayed, &mut |row| {
        if blocks.last().is_none_or(|(rows, _)| *rows == BLOCK_ROWS) {
            blocks.push((0, 0));
        }
        if let Some((rows, right)) = blocks.last_mut() {
            *rows += 1;
            *right += u64::from(row.champion == row.truth);
        }
    })?;
    let count = |key: &str| told.report[key].as_u64().with_context(|| format!("no `{key}` in the report"));
    let cpu_seconds = told.report["cpu_seconds"].as_f64().context("no `cpu_seconds` in the report")?;
    let (trials, promotions) = (count("trials")?, count("promotions")?);
    let stressed = told.report["stressed"].clone();
    let stressed = serde_json::from_value(stressed).context("no `stressed` in the report")?;
    let replayed = Replayed { blocks, cpu_seconds, trials, promotions, stressed };
    writeln!(std::io::stdout(), "{}", serde_json::to_string(&replayed)?)?;
    Ok(())
}

/// Every way on every stream, one process after the other.
fn table(arguments: &Arguments) -> Result<()> {
    let ways = arguments.ways.clone().unwrap_or_else(|| Way::ALL.to_vec());
    let mut entries = Vec::new();
    for data in &arguments.data {
        let usual = replays(arguments, data, Way::Default)?;
        for way in ways.iter().copied().filter(|way| *way != Way::Default) {
            let other = replays(arguments, data, way)?;
            let entry = worth::entry(way, &data.display().to_string(), &usual, &other);
            // A table of many streams takes long.
            writeln!(std::io::stderr(), "{}: {} is worth {:+.2}", entry.data, entry.way, entry.worth)?;
            entries.push(entry);
        }
    }
    let all: Vec<Entry> = ways.iter().filter_map(|way| worth::over_all(*way, &entries)).collect();
    entries.extend(all);
    let text =
        if arguments.json { serde_json::to_string_pretty(&entries)? + "\n" } else { worth::table(&entries) };
    write!(std::io::stdout(), "{text}")?;
    Ok(())
}

/// One replay a seed.
fn replays(arguments: &Arguments, data: &Path, way: Way) -> Result<Vec<Replayed>> {
    (0..arguments.seeds).map(|seed| started(arguments, data, way, seed)).collect()
}

/// What a child process of this program says of one replay.
fn started(arguments: &Arguments, data: &Path, way: Way, seed: u64) -> Result<Replayed> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--data").arg(data).args(["--way", way.name(), "--seed", &seed.to_string()]);
    command.args(["--limit", &arguments.limit.to_string()]);
    command.args(["--label-delay", &arguments.label_delay.to_string()]);
    command.envs(daemon::commands::ENVIRONMENT).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output()?;
    ensure!(output.status.success(), "{} on {}: {}", way.name(), data.display(), output.status);
    Ok(serde_json::from_slice(&output.stdout)?)
}

#[cfg(test)]
mod tests;
