//! The stream table: every learner judged on the same rows by the same protocol, each in a process of its own.
//!
//! In reading order: what is asked for (here); who is judged ([`learners`]): the daemon, the fixed networks
//! ([`leader`]) and the baselines; what is counted ([`measures`]); how seeds are compared ([`paired`]) and
//! shown ([`print`]).
//!
//! The protocol: row t is predicted by everybody with the weights of that moment, and the answer is kept; with a
//! delay of N its label arrives after row t + N was predicted, and only then does anybody learn it or know how
//! good the answer was. Every row of the file counts, those too whose label comes when no more rows do.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, Result, ensure};
use clap::Parser;

use crate::exit::exit;

mod leader;
mod learners;
mod measures;
pub(crate) mod paired;
mod print;

use learners::Learner;
use measures::Entry;

/// Seeds at most: more would take days and change no interval.
const SEEDS_MAX: u64 = 100;
/// Where generated streams, named after the kind of their drifts, change.
const GENERATED_DRIFTS: [u64; 3] = [25_000, 50_000, 75_000];
/// How such names end: abrupt and gradual.
const GENERATED_ENDINGS: [&str; 2] = ["_a", "_g"];

/// Judges driftform's default configuration and its baselines on recorded streams.
#[derive(Clone, Debug, Parser)]
#[command(name = "stream-table")]
struct Arguments {
    /// Streams for classification: .csv with a header or .jsonl, each also .zst; the last column is the class.
    #[arg(long, num_args = 1.., required = true)]
    data: Vec<PathBuf>,
    /// The label of a row arrives after this many further rows.
    #[arg(long, default_value_t = 0)]
    label_delay: usize,
    /// Seeds 0 to one below this number.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=SEEDS_MAX))]
    seeds: u64,
    /// Stop after this many rows.
    #[arg(long)]
    limit: Option<u64>,
    /// Rows at which the data drifts, after which recovery is measured; without it 25,000, 50,000 and 75,000 for
    /// generated streams (names that end in `_a` or `_g`), and none for others.
    #[arg(long, value_delimiter = ',')]
    drifts: Option<Vec<u64>>,
    /// One JSON array instead of tables.
    #[arg(long)]
    json: bool,
    /// Judge this one alone, in this process, on the first stream.
    #[arg(long, hide = true)]
    learner: Option<Learner>,
    /// With this seed.
    #[arg(long, hide = true, default_value_t = 0)]
    seed: u64,
}

/// One stream under one seed, as a learner meets it.
#[derive(Clone, Debug)]
struct Task {
    data: PathBuf,
    label_delay: usize,
    seed: u64,
    limit: Option<u64>,
    drifts: Vec<u64>,
}

/// Runs the table, or the one learner that this process was started for.
pub fn main() -> ExitCode {
    let done = match Arguments::parse() {
        arguments @ Arguments { learner: Some(learner), .. } => alone(&arguments, learner),
        arguments => table(&arguments),
    };
    exit("stream-table", done)
}

/// One learner in this process; its entries go to standard output, a line each.
fn alone(arguments: &Arguments, learner: Learner) -> Result<()> {
    let data = arguments.data.first().context("a stream is required")?.clone();
    let drifts = arguments.drifts.clone().unwrap_or_else(|| known_drifts(&data));
    let task = Task {
        data,
        drifts,
        label_delay: arguments.label_delay,
        seed: arguments.seed,
        limit: arguments.limit,
    };
    let mut out = std::io::stdout();
    for entry in learner.judge(&task)? {
        writeln!(out, "{}", serde_json::to_string(&entry)?)?;
    }
    Ok(())
}

/// Every learner of every stream and seed, one process after the other: nobody's time is another's.
fn table(arguments: &Arguments) -> Result<()> {
    let mut out = std::io::stdout();
    let mut written = false;
    for data in &arguments.data {
        // A file that cannot be judged is refused before anybody spends time on it.
        learners::classes(data)?;
        let mut entries = Vec::new();
        for seed in 0..arguments.seeds {
            for learner in Learner::ALL {
                entries.extend(started(arguments, data, seed, learner)?);
            }
        }
        if !arguments.json {
            write!(out, "{}", print::stream(&entries))?;
            continue;
        }
        // As they come: a long run that is stopped has not been for nothing.
        for entry in &entries {
            write!(out, "{}\n  {}", if written { "," } else { "[" }, serde_json::to_string(entry)?)?;
            written = true;
        }
        out.flush()?;
    }
    if arguments.json {
        writeln!(out, "\n]")?;
    }
    Ok(())
}

/// What a child process of this program says of one learner.
fn started(arguments: &Arguments, data: &Path, seed: u64, learner: Learner) -> Result<Vec<Entry>> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--data").arg(data);
    command.args(["--learner", learner.name(), "--seed", &seed.to_string()]);
    command.args(["--label-delay", &arguments.label_delay.to_string()]);
    if let Some(limit) = arguments.limit {
        command.args(["--limit", &limit.to_string()]);
    }
    if let Some(drifts) = &arguments.drifts {
        let drifts: Vec<String> = drifts.iter().map(u64::to_string).collect();
        command.args(["--drifts", &drifts.join(",")]);
    }
    // As the daemon runs: sums, time and memory are then what they are there.
    command.envs(daemon::commands::ENVIRONMENT).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output()?;
    ensure!(output.status.success(), "{} on {}: {}", learner.name(), data.display(), output.status);
    let lines = String::from_utf8(output.stdout)?;
    lines.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

/// Drifts that the name of a generated stream tells.
fn known_drifts(data: &Path) -> Vec<u64> {
    let name = data.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.split('.').next().unwrap_or_default();
    let generated = GENERATED_ENDINGS.iter().any(|ending| stem.ends_with(ending));
    if generated { GENERATED_DRIFTS.to_vec() } else { Vec::new() }
}

#[cfg(test)]
mod tests;
