//! Recurring: a world that comes back is answered by what is remembered of it, and much sooner than the first time.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use tests::process::binary;
use tests::recurrence::worlds::World;

/// Rows each time that a world begins: A, B, A, B.
const ROWS: u64 = 10_000;
const LABEL_DELAY: &str = "100";
/// The second answer comes in this share of the outcomes of the first, or sooner.
const SHARE_MAX: f64 = 0.25;

/// The story of a replay.
fn story(data: &Path, folder: &Path) -> Result<Vec<String>> {
    let output = Command::new(binary()?)
        .args(["replay", "--label-delay", LABEL_DELAY, "--data"])
        .arg(data)
        .arg("--report")
        .arg(folder)
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(std::fs::read_to_string(folder.join("story.txt"))?.lines().map(String::from).collect())
}

/// Outcomes of the first line in this world that says this, from its beginning.
fn told(story: &[String], world: u64, what: &str) -> Result<Option<u64>> {
    let begin = world * ROWS;
    for line in story.iter().filter(|line| line.contains(what)) {
        let at: u64 = line.split(':').next().context("no number")?.parse()?;
        if (begin..begin + ROWS).contains(&at) {
            return Ok(Some(at - begin));
        }
    }
    Ok(None)
}

#[test]
fn a_world_that_comes_back_is_answered_from_memory_in_a_fraction_of_the_events() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("worlds.csv");
    World::Network.write(&data, 1, ROWS as usize, 4)?;
    let [one, again] = ["one", "again"].map(|name| story(&data, &folder.path().join(name)));
    let (one, again) = (one?, again?);
    ensure!(one == again, "two replays differ");
    // Where the search finds nothing that is promoted, a world is not answered before it ends.
    let first = told(&one, 1, "PROMOTION")?.unwrap_or(ROWS);
    let promotion = told(&one, 3, "PROMOTION")?.context("nobody was promoted the second time")?;
    let second = told(&one, 3, "from memory")?.context("nobody was remembered")?;
    eprintln!(
        "outcomes from a drift to the promotion that answers it: {first} the first time, {second} from memory"
    );
    ensure!(second == promotion, "somebody else came first, after {promotion} outcomes");
    ensure!((second as f64) <= SHARE_MAX * first as f64, "{second} of {first}");
    Ok(())
}
