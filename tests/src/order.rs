//! Order: what it is worth that networks see the events before each one, by the same replay with and without.
//!
//! In reading order: what is asked for (here), the stream in which order is the signal ([`stream`]), and what is counted.
//!
//! Each way meets the same rows in the same order with the same seed and label delay. Blocks of rows are compared, for
//! neighbouring rows are alike.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use adapters::hardware::usage;
use anyhow::{Context as _, Result};
use clap::Parser;
use daemon::commands::replay::{self, replay};
use serde::Serialize;

use crate::exit::exit;

pub mod stream;

/// Rows in a block.
const BLOCK_ROWS: usize = 1_000;
/// The ways: their names, and what is set in `sequence` beside length and entity; none carries nothing.
const WAYS: [(&str, Option<&str>); 6] = [
    ("tabular", None),
    ("begin with none, search", Some("begin_with = [], ")),
    ("begin with gru", Some("begin_with = [\"gru\"], kinds = [], ")),
    ("begin with conv1d", Some("begin_with = [\"conv1d\"], kinds = [], ")),
    ("begin with attention", Some("begin_with = [\"attention\"], kinds = [], ")),
    ("default", Some("")),
];

/// Replays a stream with and without sequences.
#[derive(Clone, Debug, Parser)]
#[command(name = "order-table")]
struct Arguments {
    /// A stream as a file; without one, the stream in which order is the signal.
    #[arg(long)]
    data: Option<PathBuf>,
    /// The feature that says whose events they are; empty for one past of all.
    #[arg(long, default_value = "sensor")]
    entity: String,
    /// Events that each one carries.
    #[arg(long, default_value_t = 8)]
    length: u8,
    /// Rows.
    #[arg(long, default_value_t = 20_000)]
    rows: u64,
    /// The label of a row arrives after this many further rows.
    #[arg(long, default_value_t = 1_000)]
    label_delay: usize,
    /// Seeds 0 to one below this number.
    #[arg(long, default_value_t = 3)]
    seeds: u64,
    /// Only ways of which the name contains this.
    #[arg(long, default_value = "")]
    way: String,
    /// One JSON object a line instead of a table.
    #[arg(long)]
    json: bool,
}

/// What one way came to.
#[derive(Clone, Debug, Serialize)]
struct Entry {
    way: &'static str,
    seed: u64,
    accuracy: f64,
    /// Above the tabular way, in points, with its standard error over blocks; none for itself.
    gain: Option<(f64, f64)>,
    trials: u64,
    promotions: u64,
    cpu_seconds: f64,
}

/// Runs the table.
pub fn main() -> ExitCode {
    exit("order-table", table(&Arguments::parse()))
}

fn table(arguments: &Arguments) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut out = std::io::stdout();
    for seed in 0..arguments.seeds {
        let generated = folder.path().join(format!("order_{seed}.csv"));
        if arguments.data.is_none() {
            stream::write(&generated, arguments.rows, seed)?;
        }
        let data = arguments.data.as_ref().unwrap_or(&generated);
        let mut usual: Option<Vec<f64>> = None;
        for (way, settings) in WAYS {
            if usual.is_some() && !way.contains(&arguments.way) {
                continue;
            }
            let (mut entry, blocks) = replayed(arguments, data, folder.path(), (way, settings), seed)?;
            entry.gain = usual.as_ref().map(|usual| gained(&blocks, usual));
            usual.get_or_insert(blocks);
            if arguments.json {
                writeln!(out, "{}", serde_json::to_string(&entry)?)?;
            } else {
                let (gain, error) = entry.gain.unwrap_or_default();
                let Entry { way, seed, accuracy, trials, promotions, cpu_seconds, .. } = entry;
                writeln!(
                    out,
                    "{seed}  {way:24} {:.2}  {:+.2} ± {:.2}  {trials:3} trials {promotions:2} promotions {cpu_seconds:6.1} s",
                    100.0 * accuracy,
                    gain,
                    error
                )?;
            }
        }
    }
    Ok(())
}

fn replayed(
    arguments: &Arguments,
    data: &Path,
    folder: &Path,
    (way, settings): (&'static str, Option<&str>),
    seed: u64,
) -> Result<(Entry, Vec<f64>)> {
    let config = folder.join("way.toml");
    let Arguments { length, entity, .. } = arguments;
    let carries =
        settings.map(|more| format!("sequence = {{ {more}length = {length}, entity = \"{entity}\" }}\n"));
    std::fs::write(&config, carries.unwrap_or_default())?;
    let asked = replay::Arguments {
        data: data.to_owned(),
        config: Some(config),
        label_delay: arguments.label_delay,
        seed: Some(seed),
        limit: Some(arguments.rows),
        ..replay::Arguments::default()
    };
    let mut right = Vec::new();
    let before = usage()?.cpu_seconds;
    let told = replay(&asked, &mut |row| right.push(f64::from(u8::from(row.champion == row.truth))))?;
    let number = |key: &str| told.report[key].as_f64().with_context(|| format!("no `{key}` in the report"));
    let entry = Entry {
        way,
        seed,
        accuracy: number("accuracy")?,
        gain: None,
        trials: number("trials")? as u64,
        promotions: number("promotions")? as u64,
        // Of this process and those it has waited for: other ways were replayed in it before.
        cpu_seconds: number("cpu_seconds")? - before,
    };
    let blocks = right.chunks_exact(BLOCK_ROWS).map(|rows| rows.iter().sum::<f64>() / BLOCK_ROWS as f64);
    Ok((entry, blocks.collect()))
}

/// Points of accuracy above the usual, and their standard error over blocks.
fn gained(blocks: &[f64], usual: &[f64]) -> (f64, f64) {
    let gains: Vec<f64> = blocks.iter().zip(usual).map(|(block, usual)| 100.0 * (block - usual)).collect();
    let count = gains.len().max(2) as f64;
    let mean = gains.iter().sum::<f64>() / count;
    let variance = gains.iter().map(|gain| (gain - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean, (variance / count).sqrt())
}
