//! Recurrence: how soon a world that comes back is answered as well as before, with memory and without.
//!
//! In reading order: what is asked for (here), the worlds ([`worlds`]), and what is counted.
//!
//! A stream is world A, B, A, B, so many rows each. The *level* of B is the served error over the end of its first time. After
//! each time that B begins, recovery is the first event from which on the served error of a stretch is back at that level, within
//! a margin. The first time nobody can remember it; the second time somebody may. An adapting mixture gets back by itself
//! too: the same replay without memory says how soon.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;
use daemon::commands::replay::{self, Replayed, replay};
use serde::Serialize;

use crate::exit::exit;

pub mod worlds;

use worlds::World;

/// Rows of a stretch whose error is looked at.
const STRETCH: usize = 200;
/// Rows at the end of a world from which its level is taken.
const LEVEL_ROWS: usize = 2_000;
/// A stretch is back at the level within this, about one standard error of 200 rows.
const MARGIN: f64 = 0.02;
/// Mixtures that are kept where there is memory: the default.
const MODELS: usize = 8;
/// How often A and B take turns.
const TURNS: usize = 4;

/// Replays generated streams in which two worlds take turns.
#[derive(Clone, Debug, Parser)]
#[command(name = "recurrence")]
struct Arguments {
    /// What the worlds are.
    #[arg(long, value_enum, default_value_t = World::Network)]
    world: World,
    /// Rows each time.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(2_500..=1_000_000))]
    rows: u64,
    /// The label of a row arrives after this many further rows.
    #[arg(long, default_value_t = 100)]
    label_delay: usize,
    /// Streams 1 to this number, and as many seeds.
    #[arg(long, default_value_t = 3)]
    seeds: u64,
    /// Also the story of each replay.
    #[arg(long)]
    story: bool,
    /// One JSON object a line instead of a table.
    #[arg(long, conflicts_with = "story")]
    json: bool,
}

/// What one replay showed of B.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Recovery {
    seed: u64,
    memory_models: usize,
    /// Served error over the end of the first time.
    level: f64,
    /// Events from the first and from the second beginning of B to recovery; none if it did not get back.
    events: [Option<u64>; 2],
    /// Outcomes from the second beginning of B to a promotion from memory.
    promoted: Option<u64>,
    /// Served error over the whole second time.
    error: f64,
}

/// Runs the table.
pub fn main() -> ExitCode {
    exit("recurrence", table(&Arguments::parse()))
}

fn table(arguments: &Arguments) -> Result<()> {
    let mut out = std::io::stdout();
    if !arguments.json {
        writeln!(out, "seed  memory  level   first  second  promoted  error of the second time")?;
    }
    for seed in 1..=arguments.seeds {
        for models in [MODELS, 0] {
            let (recovery, story) = measured(arguments, seed, models)?;
            if arguments.json {
                writeln!(out, "{}", serde_json::to_string(&recovery)?)?;
                continue;
            }
            writeln!(out, "{}", line(&recovery))?;
            if arguments.story {
                story.iter().try_for_each(|line| writeln!(out, "    {line}"))?;
            }
        }
    }
    Ok(())
}

fn line(recovery: &Recovery) -> String {
    let Recovery { seed, memory_models, level, events: [first, second], promoted, error } = *recovery;
    let [first, second, promoted] =
        [first, second, promoted].map(|events| events.map_or("-".to_owned(), |events| events.to_string()));
    format!("{seed:>4}  {memory_models:>6}  {level:.4}  {first:>5}  {second:>6}  {promoted:>8}  {error:.4}")
}

fn measured(arguments: &Arguments, seed: u64, models: usize) -> Result<(Recovery, Vec<String>)> {
    let folder = tempfile::tempdir()?;
    let (data, config) = (folder.path().join("worlds.csv"), folder.path().join("driftform.toml"));
    arguments.world.write(&data, seed, arguments.rows as usize, TURNS)?;
    std::fs::write(&config, format!("[search]\nmemory_models = {models}\n"))?;
    let (wrong, story) = replayed(&data, &config, arguments.label_delay, seed)?;
    let rows = arguments.rows as usize;
    let of = |turn: usize| wrong.get(turn * rows..(turn + 1) * rows).context("the replay is too short");
    let [first, second] = [of(1)?, of(3)?];
    let level = mean(&first[rows - LEVEL_ROWS..]);
    let recovery = Recovery {
        seed,
        memory_models: models,
        level,
        events: [first, second].map(|wrong| back_at(wrong, level + MARGIN)),
        promoted: promoted(&story, 3 * arguments.rows),
        error: mean(second),
    };
    Ok((recovery, story))
}

/// Whether each row was answered wrong, and the story.
fn replayed(data: &Path, config: &Path, label_delay: usize, seed: u64) -> Result<(Vec<f64>, Vec<String>)> {
    let arguments = replay::Arguments {
        data: data.to_owned(),
        config: Some(config.to_owned()),
        label_delay,
        seed: Some(seed),
        ..replay::Arguments::default()
    };
    let mut wrong = Vec::new();
    let Replayed { story, .. } =
        replay(&arguments, &mut |row| wrong.push(f64::from(u8::from(row.truth != row.champion))))?;
    Ok((wrong, story))
}

fn mean(wrong: &[f64]) -> f64 {
    wrong.iter().sum::<f64>() / wrong.len().max(1) as f64
}

/// The first event from which on a stretch is no worse.
fn back_at(wrong: &[f64], error: f64) -> Option<u64> {
    wrong.windows(STRETCH).position(|stretch| mean(stretch) <= error).map(|at| at as u64)
}

/// Outcomes from `begin` to the first promotion from memory after it.
fn promoted(story: &[String], begin: u64) -> Option<u64> {
    let mut told = story.iter().filter(|line| line.contains("PROMOTION") && line.contains("from memory"));
    told.find_map(|line| line.split(':').next()?.parse::<u64>().ok()?.checked_sub(begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recovery_is_where_a_stretch_as_good_as_before_begins() {
        let wrong: Vec<f64> = (0..1_000).map(|at| f64::from(u8::from(at < 300 || at % 10 == 0))).collect();
        let at = back_at(&wrong, 0.12).expect("it gets back");
        assert!((290..=300).contains(&at), "{at}");
        assert_eq!(back_at(&wrong, 0.05), None);
    }

    #[test]
    fn a_promotion_counts_from_the_beginning_of_its_world() {
        let story = [
            "90: PROMOTION: 2 (a, from memory (as",
            "150: PROMOTION: 3 (a)",
            "180: PROMOTION: 4 (a, from memory",
        ];
        let story = story.map(String::from);
        assert_eq!((promoted(&story, 100), promoted(&story, 181)), (Some(80), None));
    }
}
