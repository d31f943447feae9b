//! `driftform history`: what was decided, when and why; whether the journal is whole; a verdict judged again.
//!
//! Lives here: reading a state directory from outside, whether its daemon runs or is dead. May not: change anything
//! in it.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use adapters::audit::{Entry, entries, verify};
use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::Value;

use super::Output;
use super::state::StateArguments;
use crate::learn::{Judged, Snapshot};
use crate::storage::{journal_folder, look_at_snapshot};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    state: StateArguments,
    /// How they are printed; as JSON, the lines are as they are in the journal: an object each.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
    /// The same as `--output json`.
    #[arg(long, hide = true)]
    json: bool,
    /// Only the last lines.
    #[arg(long, value_name = "LINES")]
    last: Option<usize>,
    /// Checks that no line was altered, taken out or cut off; names the first that is wrong.
    #[arg(long, conflicts_with_all = ["json", "output", "last", "replay"])]
    verify: bool,
    /// Judges the verdict in this line again, by its number or its id, and compares.
    #[arg(long, value_name = "ID", conflicts_with_all = ["last"])]
    replay: Option<String>,
}

impl Arguments {
    fn is_json(&self) -> bool {
        self.json || self.output == Output::Json
    }
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let state = directory(arguments)?;
    if arguments.verify {
        return check(&state);
    }
    if let Some(id) = &arguments.replay {
        return replay(&state, id, arguments.is_json());
    }
    show(&state, arguments)
}

fn directory(arguments: &Arguments) -> Result<PathBuf> {
    let state = arguments.state.directory()?;
    let folder = journal_folder(&state);
    if !folder.is_dir() {
        bail!("there is no journal in {}: no daemon has run on it", state.display());
    }
    Ok(state)
}

/// Every line, or the last ones; a damaged one does not hide the others, but is told in the end.
fn show(state: &Path, arguments: &Arguments) -> Result<()> {
    let mut broken = None;
    let mut shown = VecDeque::new();
    let told = |entry: &Entry| if arguments.is_json() { Ok(entry.text.clone()) } else { row(entry) };
    if !arguments.is_json() {
        super::print(&format!("{:>8}  {:<24}  {:<20} {:>10}  why", "number", "time", "what", "generation"))?;
    }
    for entry in entries(&journal_folder(state))? {
        match (entry.map_err(anyhow::Error::from).and_then(|entry| told(&entry)), arguments.last) {
            (Ok(line), None) => super::print(&line)?,
            (Ok(line), Some(last)) => {
                shown.push_back(line);
                if shown.len() > last {
                    shown.pop_front();
                }
            }
            (Err(error), _) => broken = broken.or(Some(error)),
        }
    }
    shown.iter().try_for_each(|line| super::print(line))?;
    broken.map_or(Ok(()), Err)
}

fn row(entry: &Entry) -> Result<String> {
    let event = &entry.event;
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let what = text(&event["data"]["event"]).replace('_', " ");
    let generation = event["data"]["generation"].as_u64().context("a line has no generation")?;
    let (time, why) = (text(&event["time"]), text(&event["data"]["story"]));
    Ok(format!("{:>8}  {time:<24}  {what:<20} {generation:>10}  {why}", entry.tip.number))
}

/// The snapshot first: what it remembers has to be there, while the journal may have grown since.
fn check(state: &Path) -> Result<()> {
    let snapshot = match look_at_snapshot(state) {
        Ok(snapshot) => snapshot,
        Err(error) => {
            super::print(&format!("the end cannot be checked: {error}"))?;
            None
        }
    };
    let known = snapshot.as_ref().map(Snapshot::journal);
    let verified = verify(&journal_folder(state), known)?;
    let lines = match verified.first {
        None => "the journal has no line".to_owned(),
        Some(first) => {
            let last = verified.tip.number;
            format!(
                "lines {first} to {last} are as they were written; the last has hash {}",
                verified.tip.hash
            )
        }
    };
    super::print(&lines)?;
    if let Some(known) = known.filter(|known| known.number > 0) {
        super::print(&format!("line {} is the one that the state remembers", known.number))?;
    }
    if verified.unfinished {
        super::print("a line without an end follows: it is being written, or its writer died")?;
    }
    Ok(())
}

fn replay(state: &Path, id: &str, json: bool) -> Result<()> {
    let mut before: Option<u64> = None;
    for entry in entries(&journal_folder(state))? {
        // One that is damaged is not the one that is asked for, or cannot be judged again.
        let Ok(entry) = entry else { continue };
        let is_verdict = entry.event["data"]["event"] == "judged";
        if entry.event["id"] == *id || id.parse() == Ok(entry.tip.number) {
            if !is_verdict {
                let nearest =
                    before.map_or(String::new(), |number| format!("; the last one before it is {number}"));
                bail!("line {id} is no verdict{nearest}");
            }
            return judge_again(&entry, json);
        }
        before = if is_verdict { Some(entry.tip.number) } else { before };
    }
    bail!("no whole line has the number or id {id}; `driftform history` shows those that are kept")
}

fn judge_again(entry: &Entry, json: bool) -> Result<()> {
    let number = entry.tip.number;
    let told = &entry.event["data"]["judged"];
    let cannot = |what: String| anyhow!("the verdict in line {number} {what}");
    let first = Judged::from_json(told)
        .map_err(|error| cannot(format!("cannot be read by this release: {error}")))?;
    let again = first.again().to_json().map_err(|error| cannot(format!("cannot be told again: {error}")))?;
    if json {
        super::print(&again.to_string())?;
    } else {
        super::print(&format!("line {number}: {}", entry.event["data"]["story"].as_str().unwrap_or("?")))?;
        first.again().told().iter().try_for_each(|line| super::print(&format!("  {line}")))?;
    }
    if again != *told {
        let again = first.again();
        bail!(
            "line {number} is not reproduced: judged again, it is {} ({})",
            again.verdict(),
            again.reason()
        );
    }
    if json { Ok(()) } else { super::print("the same evidence and limits give the same verdict, bit by bit") }
}

#[cfg(test)]
mod tests;
