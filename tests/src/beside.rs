//! Beside: the same stream replayed by several ways, each beside the first.
//!
//! Lives here: a replay, what it came to, and a line for it. May not: say which ways there are, or make a stream.
//!
//! Each way meets the same rows in the same order with the same seed and label delay. Blocks of rows are compared, for
//! neighbouring rows are alike.

use std::io::Write as _;
use std::path::Path;

use adapters::hardware::usage;
use anyhow::{Context as _, Result};
use daemon::commands::replay::{self, replay};
use serde::Serialize;

/// Rows in a block.
const BLOCK_ROWS: usize = 1_000;

/// What every way is replayed with.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Rows.
    pub rows: u64,
    /// The label of a row arrives after this many further rows.
    pub label_delay: usize,
    /// Only ways of which the name contains this.
    pub way: &'a str,
    /// One JSON object a line instead of a table.
    pub json: bool,
}

/// What one way came to.
#[derive(Clone, Debug, Serialize)]
struct Entry {
    way: &'static str,
    seed: u64,
    accuracy: f64,
    /// Above the first way, in points, with its standard error over blocks; none for itself.
    gain: Option<(f64, f64)>,
    trials: u64,
    promotions: u64,
    cpu_seconds: f64,
}

/// Replays a stream by each way, the first of which is always there, and prints what they came to. A way is a name and what is set
/// otherwise than by default.
pub fn side_by_side(
    asked: Asked<'_>,
    data: &Path,
    folder: &Path,
    ways: &[(&'static str, String)],
    seed: u64,
) -> Result<()> {
    let mut out = std::io::stdout();
    let mut usual: Option<Vec<f64>> = None;
    for (way, settings) in ways {
        if usual.is_some() && !way.contains(asked.way) {
            continue;
        }
        let (mut entry, blocks) = replayed(asked, data, folder, (way, settings), seed)?;
        entry.gain = usual.as_ref().map(|usual| gained(&blocks, usual));
        usual.get_or_insert(blocks);
        if asked.json {
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
    Ok(())
}

fn replayed(
    Asked { rows, label_delay, .. }: Asked<'_>,
    data: &Path,
    folder: &Path,
    (way, settings): (&'static str, &str),
    seed: u64,
) -> Result<(Entry, Vec<f64>)> {
    let config = folder.join("way.toml");
    std::fs::write(&config, settings)?;
    let asked = replay::Arguments {
        data: data.to_owned(),
        config: Some(config),
        label_delay,
        seed: Some(seed),
        limit: Some(rows),
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
