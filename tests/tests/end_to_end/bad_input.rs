//! What a stranger does wrong: each time an exit code, and a message that says what to do.

use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context as _, Result, ensure};
use tests::broker::{Broker, unique_model};
use tests::process::{Process, binary};

const SCHEMA: &str =
    "[schema]\nclasses = [\"a\", \"b\"]\nfeatures = [{ name = \"x\", kind = \"numeric\" }]\n";
const DEADLINE: std::time::Duration = std::time::Duration::from_mins(1);

fn driftform(arguments: &[&str]) -> Result<Output> {
    Ok(Command::new(binary()?).args(arguments).output()?)
}

/// Runs `driftform run` with this text, and checks how it ends.
fn refused(folder: &Path, text: &str, code: i32, expected: &str) -> Result<()> {
    let config = folder.join("driftform.toml");
    std::fs::write(&config, text)?;
    let output = driftform(&["run", "--config", config.to_str().context("plain text")?])?;
    let told = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(code), "{:?} instead of {code}: {told}", output.status);
    ensure!(told.contains(expected), "`{expected}` is not in {told}");
    Ok(())
}

fn settings(broker: &str, model: &str, state: &Path, create_topics: bool) -> String {
    format!(
        "model = {{ name = \"{model}\" }}\nhttp = {{ listen = \"127.0.0.1:0\" }}\n\
         kafka = {{ brokers = \"{broker}\", create_topics = {create_topics} }}\n\
         state = {{ directory = \"{}\" }}\n{SCHEMA}",
        state.display()
    )
}

#[test]
fn a_mistyped_key_is_refused_with_the_nearest_one() -> Result<()> {
    let folder = tempfile::tempdir()?;
    refused(
        folder.path(),
        &format!("[kafka]\nbroker = \"a:1\"\n{SCHEMA}"),
        2,
        "did you mean `kafka.brokers`?",
    )
}

#[test]
fn a_device_that_is_not_there_is_refused_before_anything_is_opened() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let state = folder.path().join("state");
    let with = |device| settings("127.0.0.1:1", &format!("x\", device = \"{device}"), &state, false);
    refused(folder.path(), &with("cuda"), 2, "give `cpu` or `cuda:0`")?;
    // No machine has so many cards, whatever this was built with.
    refused(folder.path(), &with("cuda:999"), 2, "device cuda:999: ")?;
    ensure!(!state.exists());
    Ok(())
}

#[test]
fn an_unreachable_broker_is_named() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let text = settings("127.0.0.1:1", "x", &folder.path().join("state"), false);
    refused(folder.path(), &text, 1, "no broker answered at 127.0.0.1:1")
}

#[test]
fn a_missing_topic_is_named() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let broker = Broker::start(&["other.events"])?;
    if !broker.is_embedded() {
        // A broker that creates topics when they are first used misses none.
        return Ok(());
    }
    let text = settings(broker.bootstrap(), "none", &folder.path().join("state"), false);
    refused(folder.path(), &text, 1, "none.events")
}

#[test]
fn a_state_without_a_whole_snapshot_is_refused_and_left_alone() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let state = folder.path().join("state");
    let model = unique_model("damaged");
    let topics: Vec<String> =
        ["events", "labels", "metrics"].iter().map(|role| format!("{model}.{role}")).collect();
    let broker = Broker::start(&topics.iter().map(String::as_str).collect::<Vec<_>>())?;
    let text = settings(broker.bootstrap(), &model, &state, !broker.is_embedded());
    let config = folder.path().join("first.toml");
    std::fs::write(&config, &text)?;
    let mut daemon = Process::driftform(&["run", "--config", config.to_str().context("plain text")?])?;
    daemon.wait_for_line(DEADLINE, |line| line.contains("status page on"))?;
    daemon.terminate()?;
    ensure!(daemon.wait_exit(DEADLINE)?.success(), "{}", daemon.tail());

    let mut damaged = 0;
    for entry in std::fs::read_dir(state.join("snapshots"))? {
        let path = entry?.path();
        let mut bytes = std::fs::read(&path)?;
        bytes.truncate(bytes.len() / 2);
        std::fs::write(&path, bytes)?;
        damaged += 1;
    }
    ensure!(damaged > 0, "SIGTERM wrote no snapshot");
    refused(folder.path(), &text, 3, "snapshots")?;
    ensure!(std::fs::read_dir(state.join("snapshots"))?.count() == damaged, "something was removed");
    Ok(())
}

#[test]
fn check_prints_what_is_in_effect() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("driftform.toml");
    std::fs::write(&config, SCHEMA)?;
    let output = driftform(&["check", "--config", config.to_str().context("plain text")?])?;
    let told = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success() && told.contains("brokers = \"localhost:9092\""), "{told}");
    Ok(())
}
