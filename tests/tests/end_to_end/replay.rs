//! Replay: the same seed and data say the same, and a learnable stream is learned.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;
use serde_json::Value;
use tests::process::binary;

/// What may differ between two runs.
const TIMINGS: [&str; 4] = ["rows_per_second", "cpu_seconds", "peak_rss_bytes", "seconds"];

fn replay(data: &Path, more: &[&str]) -> Result<Value> {
    let data = data.to_str().context("plain text")?;
    let output = Command::new(binary()?).args(["replay", "--data", data]).args(more).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut report: Value = serde_json::from_slice(&output.stdout)?;
    for timing in TIMINGS {
        ensure!(report[timing].is_number(), "{timing} is missing");
        report[timing] = Value::Null;
    }
    Ok(report)
}

/// A noisy line in two numbers and a category, turned over in the middle.
fn stream(path: &Path, rows: usize, target: impl Fn(f64) -> String) -> Result<()> {
    let mut rng = Pcg64::seed_from_u64(5);
    let mut text = String::from("x,y,kind,target\n");
    for row in 0..rows {
        let (x, y) = (rng.random_range(-1.0..1.0), rng.random_range(-1.0..1.0));
        let kind = if rng.random::<bool>() { "red" } else { "blue" };
        let sign = if row < rows / 2 { 1.0 } else { -1.0 };
        let value: f64 = sign * (x + 0.5 * y) + rng.random_range(-0.2..0.2);
        writeln!(text, "{x:.4},{y:.4},{kind},{}", target(value))?;
    }
    std::fs::write(path, text)?;
    Ok(())
}

#[test]
fn the_same_seed_says_the_same_and_beats_the_baselines() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("stream.csv");
    stream(&path, 8_000, |value| if value > 0.0 { "up".into() } else { "down".into() })?;
    let report = replay(&path, &["--label-delay", "100"])?;
    let drawn = folder.path().join("report");
    let again = ["--label-delay", "100", "--report", drawn.to_str().context("plain text")?];
    ensure!(report == replay(&path, &again)?, "two runs differ");
    let page = std::fs::read_to_string(drawn.join("report.html"))?;
    for part in ["replay of stream.csv", "svg class=\"chart\"", "svg class=\"network\"", "static accuracy"] {
        ensure!(page.contains(part), "{part} is not in the page");
    }
    ensure!(!page.contains("<script"), "a file of pictures runs nothing");
    let number = |key: &str| report[key].as_f64().with_context(|| format!("{key} is no number in {report}"));
    let accuracy = number("accuracy")?;
    for baseline in ["majority_accuracy", "no_change_accuracy", "static_accuracy"] {
        ensure!(accuracy > number(baseline)? + 0.1, "{accuracy} is not above {baseline}: {report}");
    }
    ensure!(number("drifts")? >= 1.0 && report["rows"] == 8_000, "{report}");
    Ok(())
}

/// Everything that is off by default, on; each line with another scheduler and predictor.
const WAYS: [&str; 6] = [
    "scheduler = \"asha\", proposer = \"controller\", predictor = \"rgpe\", prefer = \"fastest within 1 %\", rejection_alpha = 0.1",
    "scheduler = \"pasha\", predictor = \"ensemble\", prefer = \"smallest within 1 %\", proxies = true",
    "scheduler = \"full_budget\", rungs = [2], robust = true, hardening = true, prefer = \"most robust within 5 %\"",
    "scheduler = \"extrapolated\", proposer = \"bayesian\", predictor = \"graph\", recall_by = \"graph\", rejection_alpha = 0.1",
    "proposer = \"relaxed\"",
    "elastic = true",
];

#[test]
fn every_way_of_searching_ends_its_episodes_and_says_the_same_again() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (path, config) = (folder.path().join("stream.csv"), folder.path().join("way.toml"));
    stream(&path, 5_000, |value| if value > 0.0 { "up".into() } else { "down".into() })?;
    for way in WAYS {
        let common = "promise = true, refinement = true, cooldown_outcomes = 200, plateau_outcomes = 200, window_outcomes = 100";
        std::fs::write(
            &config,
            format!("search = {{ {common}, {way} }}\ngate = {{ deadline_outcomes = 300 }}"),
        )?;
        let asked = ["--label-delay", "100", "--config", config.to_str().context("plain text")?];
        let report = replay(&path, &asked)?;
        ensure!(report == replay(&path, &asked)?, "two runs differ: {way}");
        let count = |key: &str| report[key].as_u64().with_context(|| format!("no {key} in {report}"));
        ensure!(count("episodes")? > 3 && count("trials")? > 3 * count("episodes")?, "{way}: {report}");
        let accuracy = report["accuracy"].as_f64().context("an accuracy")?;
        ensure!(accuracy > 0.8, "{way}: {report}");
    }
    Ok(())
}

#[test]
fn slices_are_tried_and_their_order_is_told_the_same_again() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (path, config) = (folder.path().join("stream.csv"), folder.path().join("slices.toml"));
    stream(&path, 4_000, |value| if value > 0.0 { "up".into() } else { "down".into() })?;
    // A share of any budget presses, so slices are tried in each episode.
    std::fs::write(
        &config,
        "search = { elastic = true, shrink_above = 0.0, cooldown_outcomes = 200, plateau_outcomes = 200, window_outcomes = 100 }
         gate = { deadline_outcomes = 300 }
         mixture = { members = [{ widths = [32, 32], elastic = true }, { widths = [16], elastic = true }] }",
    )?;
    let asked = ["--label-delay", "100", "--config", config.to_str().context("plain text")?];
    let report = replay(&path, &asked)?;
    ensure!(report == replay(&path, &asked)?, "two runs differ");
    ensure!(report["slice_tau"].is_number(), "{report}");
    ensure!(report["accuracy"].as_f64() > Some(0.8), "{report}");
    Ok(())
}

#[test]
fn a_relaxed_network_is_asked_and_heard() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (path, config) = (folder.path().join("stream.csv"), folder.path().join("way.toml"));
    stream(&path, 1_400, |value| if value > 0.0 { "up".into() } else { "down".into() })?;
    std::fs::write(&config, "search = { proposer = \"relaxed\", window_outcomes = 100 }")?;
    let output = Command::new(binary()?)
        .env("RUST_LOG", "info")
        .args(["replay", "--label-delay", "100", "--data"])
        .arg(&path)
        .arg("--config")
        .arg(&config)
        .output()?;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success() && told.contains(", relaxed, asks for "), "{told}");
    ensure!(told.contains("candidates proposed") && !told.contains("failed"), "{told}");
    Ok(())
}

#[test]
fn a_regression_beats_the_mean_and_the_last_value() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("stream.csv");
    stream(&path, 4_000, |value| format!("{value:.4}"))?;
    let report = replay(&path, &["--task", "regression"])?;
    let mae = report["mae"].as_f64().context("an error")?;
    for baseline in ["mean", "last_value", "static"] {
        ensure!(mae < report[baseline]["mae"].as_f64().context("a baseline")?, "{report}");
    }
    Ok(())
}

#[test]
fn a_file_that_is_no_stream_is_refused_by_name() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("stream.txt");
    std::fs::write(&path, "hello")?;
    let output = Command::new(binary()?).args(["replay", "--data"]).arg(&path).output()?;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.code() == Some(1) && told.contains("stream.txt"), "{told}");
    Ok(())
}

#[test]
fn where_order_is_the_signal_who_sees_it_wins_and_says_the_same_again() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (data, config) = (folder.path().join("order.csv"), folder.path().join("order.toml"));
    tests::order::stream::write(&data, 6_000, 1)?;
    std::fs::write(&config, "sequence = { entity = \"sensor\", length = 4 }\n")?;
    let reading = ["--label-delay", "100", "--config", config.to_str().context("plain text")?];
    let report = replay(&data, &reading)?;
    ensure!(report == replay(&data, &reading)?, "two runs differ");
    let accuracy = |report: &Value| report["accuracy"].as_f64().context("no accuracy");
    let (reads, rows) = (accuracy(&report)?, accuracy(&replay(&data, &["--label-delay", "100"])?)?);
    ensure!(reads > rows + 0.05, "{reads} is not above {rows}");
    Ok(())
}

#[test]
fn where_what_lies_beside_what_is_the_signal_who_looks_wins_and_says_the_same_again() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (data, config) = (folder.path().join("shapes.csv"), folder.path().join("shapes.toml"));
    tests::digits::shapes::write(&data, 5_000, 1)?;
    std::fs::write(&config, tests::digits::picture(""))?;
    let looking = ["--label-delay", "100", "--config", config.to_str().context("plain text")?];
    let report = replay(&data, &looking)?;
    ensure!(report == replay(&data, &looking)?, "two runs differ");
    let accuracy = |report: &Value| report["accuracy"].as_f64().context("no accuracy");
    let (looks, rows) = (accuracy(&report)?, accuracy(&replay(&data, &["--label-delay", "100"])?)?);
    ensure!(looks > rows + 0.05, "{looks} is not above {rows}");
    Ok(())
}
