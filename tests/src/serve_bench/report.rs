//! Report: what came out, as objects and as a table.
//!
//! Lives here: the middle of several turns, and how it is written. May not: time anything.

use anyhow::Result;
use serde::Serialize;

use super::tally::{Tally, median};

/// Of the table.
const HEAD: &str = "| load | phase | server | answers/s | answers/core s | p50 ms | p99 ms | p99.9 ms | errors | refused | \
                    p99 of refusals, ms | swaps | trials | MiB |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n";

/// One turn of one server.
#[derive(Clone, Debug, Default)]
pub(super) struct Turn {
    pub(super) tally: Tally,
    /// Seconds of a processor's time that the server took.
    pub(super) processor: f64,
    /// Changes of what serves, and trials begun.
    pub(super) changes: Option<[f64; 2]>,
    /// Resident memory after it.
    pub(super) resident: Option<f64>,
}

/// The turns of one server at one load in one phase. Numbers are those of the middle turn, each by itself; counts of
/// requests that failed or were refused are of all turns.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// Who answered.
    pub server: String,
    /// What was asked, over which road.
    pub load: String,
    /// What went on: `capacity`, where each of 32 connections asks again as soon as it is answered; `idle`, `training`, `swapping`;
    /// `overload`, and `recovered` right after it.
    pub phase: String,
    /// Answers.
    pub requests_per_second: f64,
    /// Requests, those that were refused or not asked included.
    pub offered_per_second: f64,
    /// Answers to a second of a processor's time: what one core would give that it has to itself.
    pub answers_per_core_second: f64,
    /// What half of the answers took at most, from when they were due.
    pub p50_ms: Option<f64>,
    /// 99 % of them.
    pub p99_ms: Option<f64>,
    /// 99.9 % of them.
    pub p999_ms: Option<f64>,
    /// Neither answered nor refused for load.
    pub errors: u64,
    /// Refused for load (429, `RESOURCE_EXHAUSTED`).
    pub refused: u64,
    /// What 99 % of the refusals took at most.
    pub p99_refused_ms: Option<f64>,
    /// Not asked, because no connection was free within a millisecond; overload only.
    pub unasked: u64,
    /// Changes of what serves in all turns.
    pub swaps: Option<f64>,
    /// Trials begun in all turns.
    pub trials: Option<f64>,
    /// Resident memory after a turn.
    pub rss_bytes: Option<f64>,
}

impl Line {
    pub(super) fn of(server: &str, load: &str, phase: &str, turns: &[Turn]) -> Self {
        let middle = |of: &dyn Fn(&Turn) -> Option<f64>| median(turns.iter().filter_map(of).collect());
        let sum = |of: fn(&Tally) -> u64| turns.iter().map(|turn| of(&turn.tally)).sum();
        let answered = |share: f64| middle(&move |turn| turn.tally.answered_ms([share])[0]);
        let changes = |at: usize| {
            let all: Vec<f64> = turns.iter().filter_map(|turn| Some(turn.changes?[at])).collect();
            (!all.is_empty()).then(|| all.iter().sum())
        };
        Self {
            server: server.into(),
            load: load.into(),
            phase: phase.into(),
            requests_per_second: middle(&|turn| Some(turn.tally.rate())).unwrap_or_default(),
            offered_per_second: middle(&|turn| Some(turn.tally.offered())).unwrap_or_default(),
            answers_per_core_second: middle(&|turn| {
                let answers = turn.tally.rate() * turn.tally.took.as_secs_f64();
                (turn.processor > 0.0).then_some(answers / turn.processor)
            })
            .unwrap_or_default(),
            p50_ms: answered(0.5),
            p99_ms: answered(0.99),
            p999_ms: answered(0.999),
            errors: sum(|tally| tally.failed),
            refused: sum(Tally::refused),
            p99_refused_ms: middle(&|turn| turn.tally.refused_p99_ms()),
            unasked: sum(|tally| tally.unasked),
            swaps: changes(0),
            trials: changes(1),
            rss_bytes: middle(&|turn| turn.resident),
        }
    }
}

/// What came out.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Every server, load and phase.
    pub lines: Vec<Line>,
}

impl Report {
    /// Requests that failed, in all phases.
    pub fn errors(&self) -> u64 {
        self.lines.iter().map(|line| line.errors).sum()
    }

    /// Lines of a phase.
    pub fn of_phase<'a>(&'a self, phase: &'a str) -> impl Iterator<Item = &'a Line> {
        self.lines.iter().filter(move |line| line.phase == phase)
    }

    /// An object a line.
    pub fn as_json(&self) -> Result<String> {
        let lines: Vec<String> = self.lines.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
        Ok(lines.join("\n") + "\n")
    }

    /// As the documentation has it.
    pub fn as_table(&self) -> String {
        let number = |number: Option<f64>, digits: usize| {
            number.map_or_else(|| "-".to_owned(), |number| format!("{number:.digits$}"))
        };
        let row = |line: &Line| {
            let Line { server, load, phase, errors, refused, .. } = line;
            let times = [line.p50_ms, line.p99_ms, line.p999_ms].map(|time| number(time, 2)).join(" | ");
            let rest = [
                number(line.p99_refused_ms, 2),
                number(line.swaps, 0),
                number(line.trials, 0),
                number(line.rss_bytes.map(|bytes| bytes / f64::from(1 << 20)), 0),
            ];
            let (answers, a_core) = (line.requests_per_second, line.answers_per_core_second);
            let rest = rest.join(" | ");
            format!(
                "| {load} | {phase} | {server} | {answers:.0} | {a_core:.0} | {times} | {errors} | {refused} | {rest} |\n"
            )
        };
        let rows: String = self.lines.iter().map(row).collect();
        format!("{HEAD}{rows}")
    }
}
