//! Recurring: a world that comes back is answered by what is remembered of it, and much sooner than the first time.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// The second time, the served error is back where it was in this share of the events of the first, or sooner.
const SHARE_MAX: f64 = 0.5;

#[test]
fn a_world_that_comes_back_is_answered_from_memory_in_a_fraction_of_the_events() -> Result<()> {
    let output = Command::new(env!("CARGO_BIN_EXE_recurrence")).args(["--seeds", "1", "--json"]).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout)?;
    let [with, without]: [Value; 2] = lines
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<Vec<_>, _>>()?
        .try_into()
        .map_err(|_| anyhow::anyhow!("two replays: {lines}"))?;
    let events = |of: &Value, time: usize| of["events"][time].as_f64().context("it did not get back");
    let (first, second) = (events(&with, 0)?, events(&with, 1)?);
    let promoted = with["promoted"].as_u64().context("nobody was remembered")?;
    let alone = events(&without, 1)?;
    eprintln!(
        "events until the served error is back: {first} the first time, {second} the second ({alone} without memory); \
         what is remembered serves after {promoted}"
    );
    ensure!(without["promoted"].is_null(), "without memory nobody is remembered: {without}");
    ensure!(second <= SHARE_MAX * first && second < alone, "{with} {without}");
    Ok(())
}
