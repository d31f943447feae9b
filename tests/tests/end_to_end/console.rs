//! The console in a browser: `driftform demo` with promotions that wait for a person, looked at and clicked through in
//! Chromium, where `CONSOLE_TOOLS` names what `.ci/console` prints.
//!
//! The gates here let most in, so that there is somebody to approve, and watches last long, so that there is somebody to bring
//! back: this is about the page, and says nothing about how well the gates judge.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use tests::process::{Process, binary, wait_until};
use tests::scene::{DEADLINE, Scene};

/// Where the packages are by which Node drives a browser.
const TOOLS: &str = "CONSOLE_TOOLS";
/// Where pictures go, if anybody wants them.
const REPORT: &str = "DRIFTFORM_REPORT";
const LENIENT: [(&str, &str); 8] = [
    ("DRIFTFORM__GATE__APPROVAL", "promotions"),
    ("DRIFTFORM__GATE__ALPHA", "0.999999"),
    ("DRIFTFORM__GATE__ALPHA_HARM", "1e-300"),
    // Some never gain, and make room for others.
    ("DRIFTFORM__GATE__DEADLINE_OUTCOMES", "10000"),
    ("DRIFTFORM__WATCH__OUTCOMES", "1000000"),
    // A challenger that these gates let in may be worse, and is for the person here to take back.
    ("DRIFTFORM__WATCH__ALPHA", "1e-300"),
    ("DRIFTFORM__SEARCH__SHRINK_ABOVE", "1.0"),
    ("DRIFTFORM__GATE__ROBUSTNESS_EXCESS_MAX", "1.0"),
];

fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// The key that the demo has left in its state directory, the only folder in its temporary one.
fn key_in(folder: &Path) -> Option<PathBuf> {
    let states = std::fs::read_dir(folder).ok()?;
    states.flatten().map(|state| state.path().join("admin.json")).find(|key| key.exists())
}

#[test]
fn the_console_is_seen_and_clicked_through_in_a_browser() -> Result<()> {
    let Some(tools) = std::env::var_os(TOOLS).filter(|tools| !tools.is_empty()) else {
        eprintln!("skipped: {TOOLS} names no packages that drive a browser");
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    let address = format!("127.0.0.1:{}", free_port()?);
    let mut demo = Command::new(binary()?);
    demo.args(["demo", "--keep", "--listen", &address]).env("TMPDIR", folder.path()).envs(LENIENT);
    let demo = Process::start(demo)?;
    let key = wait_until("the demo's key", DEADLINE, || key_in(folder.path()))?;
    let pictures = std::env::var_os(REPORT)
        .map_or_else(|| folder.path().join("pictures"), |to| Path::new(&to).join("console"));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("console/drive.mjs");
    let driven = Command::new("node").arg(script).arg(tools).arg(key).arg(&pictures).output()?;
    eprint!("{}", String::from_utf8_lossy(&driven.stdout));
    ensure!(driven.status.success(), "{}\n{}", String::from_utf8_lossy(&driven.stderr), demo.tail());
    demo.terminate()
}

#[test]
fn the_command_line_tells_what_the_console_shows() -> Result<()> {
    let scene = Scene::set(
        "status",
        "[schema]\nclasses = [\"a\", \"b\"]\nfeatures = [{ name = \"<x>\", kind = \"numeric\" }]",
    )?;
    let status = |more: &[&str]| {
        let mut command = Command::new(binary()?);
        command.arg("status").arg("--config").arg(scene.config()).args(more).output().context("it runs")
    };
    let none = status(&[])?;
    ensure!(
        none.status.code() == Some(1) && String::from_utf8_lossy(&none.stderr).contains("no daemon runs on"),
        "{none:?}"
    );
    let (daemon, address) = scene.start()?;
    let told = status(&[])?;
    let text = String::from_utf8_lossy(&told.stdout);
    ensure!(
        told.status.success() && text.contains("generation 0: ") && text.contains("budget compute_seconds"),
        "{text}"
    );
    let json: serde_json::Value = serde_json::from_slice(&status(&["--output", "json"])?.stdout)?;
    ensure!(json["serving"]["generation"] == 0 && json["budgets"][0]["name"] == "compute_seconds", "{json}");
    let (code, page) = tests::http::get(&address, "/")?;
    ensure!(code == 200 && page.contains("id=\"serving\"") && page.contains("Only the prior"), "{page}");
    daemon.terminate()
}
