//! `driftform status`: what a running daemon does now, and why, as its console shows it.
//!
//! Lives here: asking the running daemon, and its answer as lines. May not: decide, or change anything.

use adapters::console::{Arm, Budget, Challenger, Choice, Curves, Status};
use anyhow::{Context as _, Result};

use super::Output;
use super::ask::{answer, key_in};
use super::state::StateArguments;

/// Where it is told.
const PATH: &str = "/status.json";
/// Entries of the timeline that are printed.
const HAPPENED_MAX: usize = 5;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    state: StateArguments,
    /// How it is printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let state = arguments.state.directory()?;
    let key = key_in(&state)?;
    let told = answer(&key, key.look(PATH))?;
    match arguments.output {
        Output::Json => super::print(&told),
        Output::Text => {
            let status: Status =
                serde_json::from_str(&told).context("the daemon tells of another release")?;
            super::print(&lines(&status, &arguments.state.words()).join("\n"))
        }
    }
}

/// One line a thing that is known; `which` are the words that say which daemon is meant.
fn lines(status: &Status, which: &str) -> Vec<String> {
    let mut lines = vec![status.title.clone()];
    if let Some(serving) = &status.serving {
        lines.push(format!("generation {}: {}", serving.generation, serving.architecture));
        lines.push(format!("why: {}", serving.why));
    }
    lines.extend(status.curves.as_ref().and_then(arms));
    lines.extend(status.challenger.as_ref().map(challenger));
    lines.extend(status.watch.as_ref().map(|watch| {
        format!(
            "watch: {} of {} outcomes; {} serves again at evidence of harm",
            watch.outcomes, watch.lasts, watch.displaced
        )
    }));
    lines.extend(status.search.as_ref().map(|search| format!("search: {}", search.now)));
    lines.extend(status.budgets.iter().map(budget));
    lines.extend(status.facts.iter().map(|(name, value)| format!("{}: {value}", name.to_lowercase())));
    let happened = status.timeline.iter().take(HAPPENED_MAX);
    lines.extend(happened.map(|one| format!("{}: {}", one.at, one.what)));
    if let Some(waits) = status.choices.iter().find_map(waits) {
        lines.push(format!("challenger {waits} waits for a person: driftform promote {which} {waits}"));
    }
    lines
}

fn waits(choice: &Choice) -> Option<u64> {
    match choice {
        Choice::Promote { challenger } => *challenger,
        Choice::Steer { .. } => None,
    }
}

fn arms(curves: &Curves) -> Option<String> {
    let last = curves.stretches.last()?;
    let arm = |name: &str, arm: &Arm| {
        format!("{name} {:.3} ({:.3} to {:.3})", arm.since_swap, arm.lower, arm.upper)
    };
    Some(format!(
        "{} since the last swap: {}, {}, {}",
        curves.measure,
        arm("champion", &last.champion),
        arm("control", &last.control),
        arm("first champion, frozen", &last.frozen)
    ))
}

fn challenger(challenger: &Challenger) -> String {
    let evidence = challenger.evidence.iter().map(|one| {
        let value = one.log_value.map_or("?".into(), |value| format!("{value:.2}"));
        format!("{} {value} of {:.2}", one.of, one.threshold)
    });
    let gates = challenger.gates.iter().map(|gate| format!("{} {}", gate.name, gate.verdict));
    format!(
        "challenger {}: {}; it has to be {} than the control; after {} outcomes, ln e of {}; gates: {}",
        challenger.number,
        challenger.architecture,
        challenger.claim,
        challenger.outcomes,
        evidence.collect::<Vec<_>>().join(", "),
        gates.collect::<Vec<_>>().join(", ")
    )
}

fn budget(budget: &Budget) -> String {
    let reading = budget.reading.map_or("not read".into(), |reading| reading.to_string());
    format!("budget {} ({}): {reading} of {}", budget.name, budget.kind, budget.limit)
}

#[cfg(test)]
mod tests {
    use adapters::console::Serving;

    use super::*;

    #[test]
    fn what_is_known_has_a_line_and_what_is_not_has_none() {
        let title = || "Driftform: shop".to_owned();
        assert_eq!(lines(&Status { title: title(), ..Status::default() }, ""), [title()]);
        let serving =
            Serving { generation: 7, architecture: "linear".into(), why: "so".into(), ..Serving::default() };
        let choices = vec![Choice::Promote { challenger: Some(3) }];
        let budgets = vec![Budget { name: "memory_bytes".into(), limit: 9.0, ..Budget::default() }];
        let status = Status { title: title(), serving: Some(serving), choices, budgets, ..Status::default() };
        assert_eq!(
            lines(&status, "--config shop.toml")[1..],
            [
                "generation 7: linear",
                "why: so",
                "budget memory_bytes (): not read of 9",
                "challenger 3 waits for a person: driftform promote --config shop.toml 3"
            ]
        );
    }
}
