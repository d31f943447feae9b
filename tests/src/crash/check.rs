//! What has to be true of a state whose daemon died and lived again.

use std::path::Path;

use adapters::audit::{Tip, entries, verify};
use anyhow::{Context as _, Result, ensure};
use daemon::learn::Snapshot;
use daemon::storage::{journal_folder, look_at_snapshot};
use serde_json::Value;

use super::run::Run;

/// Lines after which another architecture serves, for good.
const CHANGES: [&str; 3] = ["driftform.promoted", "driftform.relieved", "driftform.rolled_back"];

/// The run has lived to its end: nothing is lost, nothing was done twice, and all that was decided was sent.
pub fn check(run: &Run<'_>, reference: &Run<'_>) -> Result<()> {
    let lines = check_journal(&run.state)?;
    check_state(&snapshot(&run.state)?, &snapshot(&reference.state)?)?;
    let before = snapshot(&run.story.base)?.journal().number;
    let [decisions, dead_letters] = run.sent()?;
    check_sent(&lines, before, &decisions)?;
    for letter in run.story.buried() {
        ensure!(dead_letters.contains(letter), "{} is nowhere", String::from_utf8_lossy(letter));
    }
    Ok(())
}

/// The journal holds together, ends no earlier than the state knows, and every daemon that took up the state served
/// whom the journal named, or one that was made durable later. Returns its lines.
pub fn check_journal(state: &Path) -> Result<Vec<(Tip, String)>> {
    let folder = journal_folder(state);
    verify(&folder, Some(snapshot(state)?.journal()))?;
    let mut lines = Vec::new();
    let (mut champion, mut prepared): (Option<Value>, bool) = (None, false);
    for entry in entries(&folder)? {
        let entry = entry?;
        let kind = entry.event["type"].as_str().unwrap_or_default();
        let data = &entry.event["data"];
        if CHANGES.contains(&kind) {
            (champion, prepared) = (Some(data.clone()), false);
        }
        prepared |= data["step"] == "prepared";
        if let (Some(champion), "driftform.started") = (&champion, kind) {
            check_champion(champion, data, prepared)?;
        }
        lines.push((entry.tip, entry.text));
    }
    Ok(lines)
}

fn check_champion(named: &Value, started: &Value, prepared: bool) -> Result<()> {
    let same = named["architecture"] == started["architecture"];
    ensure!(same || prepared, "the journal names {named}, and then came {started}");
    if same && named["generation"] == started["generation"] {
        ensure!(named["digests"] == started["digests"], "other weights: {named} and {started}");
    }
    if same && !prepared {
        ensure!(
            started["generation"].as_u64() >= named["generation"].as_u64(),
            "{started} is older than {named}"
        );
    }
    Ok(())
}

/// Every line after a number is among what was sent, as it stands in the journal.
pub fn check_sent(lines: &[(Tip, String)], after: u64, sent: &[Vec<u8>]) -> Result<()> {
    for (tip, line) in lines.iter().filter(|(tip, _)| tip.number > after) {
        let found = sent.iter().any(|record| record == line.as_bytes());
        ensure!(found, "line {} of the journal was never sent: {line}", tip.number);
    }
    Ok(())
}

/// What every record has left its mark on is the same, whoever read it how often.
fn check_state(found: &Snapshot<'_>, expected: &Snapshot<'_>) -> Result<()> {
    let (found, expected) = (found.state(), expected.state());
    ensure!(found.outcomes == expected.outcomes, "{} outcomes of {}", found.outcomes, expected.outcomes);
    ensure!(found.positions == expected.positions, "{:?} is not {:?}", found.positions, expected.positions);
    let (counts, wanted) = (found.join.counts(), expected.join.counts());
    ensure!(counts == wanted, "{counts:?} is not {wanted:?}");
    ensure!(found.join.pending() == expected.join.pending(), "others wait for labels");
    ensure!(found.baselines == expected.baselines, "other labels were counted");
    ensure!(found.schema() == expected.schema(), "another schema");
    ensure!(found.encoder == expected.encoder, "other rows were seen");
    let (counts, wanted) = (found.counts, expected.counts);
    ensure!(
        (counts.promotions, counts.rollbacks, counts.records_lost)
            == (wanted.promotions, wanted.rollbacks, 0),
        "{counts:?} is not {wanted:?}"
    );
    Ok(())
}

fn snapshot(state: &Path) -> Result<Snapshot<'static>> {
    look_at_snapshot(state)?.context("no snapshot")
}
