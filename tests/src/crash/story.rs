//! The story: told once to a daemon that lives through it, so that others can be made to die in it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use daemon::storage::look_at_snapshot;

use super::run::Run;
use super::stream::{SCHEMA, Stream};
use crate::http::metric;
use crate::process::{Process, wait_until};
use crate::scene::{DEADLINE, Scene};

/// Outcomes so far.
const OUTCOMES: &str = "driftform_learn_outcomes_total";
/// Events sent before the daemon has to catch up.
const SLICE: usize = 200;
/// Slices within which each turn of the story has to come.
const SLICES_MAX: usize = 60;
/// One search, whose challenger earns its place and loses it; nothing else is searched.
const SETTINGS: &str = r#"
    cold_start = { outcomes = 200 }
    mixture = { members = [{}] }
    search = { window_outcomes = 200, rungs = [1, 3], cooldown_outcomes = 1000000, plateau_outcomes = 0 }
    detect = { average_run_length = 1e9, delta = 1e-9 }
    budget = { compute_seconds = 10.0 }
    serve = { answers = false }
"#;

/// The records, on a broker, and the state from which they are lived through.
pub struct Story {
    pub(super) scene: Scene,
    pub(super) base: PathBuf,
    stream: Stream,
    /// Unreadable records before the base.
    buried_before: usize,
    folder: tempfile::TempDir,
}

impl Story {
    /// Tells it. The base is the state in which a challenger has just been placed.
    pub fn tell() -> Result<Self> {
        let scene = Scene::set("crash", &format!("{SETTINGS}{SCHEMA}"))?;
        let folder = tempfile::tempdir()?;
        let mut stream = Stream::new(&scene.kafka, 7)?;
        let (mut daemon, address) = scene.start()?;
        stream.unreadable()?;
        until(&mut stream, &address, || told(&scene, "driftform.challenger_placed"))?;
        stop(&mut daemon)?;
        let base = folder.path().join("base");
        copy(&scene.state(), &base)?;
        let buried_before = stream.buried().len();

        let (mut daemon, address) = scene.start()?;
        let swaps = |change| format!("driftform_swaps_total{{change=\"{change}\"}}");
        until(&mut stream, &address, || Ok(metric(&address, &swaps("promotion"))? >= 1.0))?;
        stream.unreadable()?;
        stream.turned = true;
        until(&mut stream, &address, || Ok(metric(&address, &swaps("rollback"))? >= 1.0))?;
        stream.widened = true;
        stream.unreadable()?;
        slice(&mut stream, &address)?;
        stop(&mut daemon)?;
        Ok(Self { scene, base, stream, buried_before, folder })
    }

    /// Another life of it, from the base on, with a state and topics for decisions and dead letters of its own.
    pub fn run(&self, name: &str) -> Result<Run<'_>> {
        let state = self.folder.path().join(name);
        copy(&self.base, &state)?;
        Run::new(self, name, state)
    }

    /// Outcomes at its end.
    pub fn outcomes(&self) -> u64 {
        self.stream.labelled() as u64
    }

    /// Outcomes in its base.
    pub fn outcomes_before(&self) -> Result<u64> {
        let snapshot = look_at_snapshot(&self.base)?.context("the base has a snapshot")?;
        Ok(snapshot.state().outcomes)
    }

    /// Records since the base that cannot be read.
    pub(super) fn buried(&self) -> &[Vec<u8>] {
        &self.stream.buried()[self.buried_before..]
    }
}

/// Feeds slices, each after the last has been learned, until it is so.
fn until(stream: &mut Stream, address: &str, so: impl Fn() -> Result<bool>) -> Result<()> {
    for _ in 0..SLICES_MAX {
        slice(stream, address)?;
        if so()? {
            return Ok(());
        }
    }
    anyhow::bail!("the story does not go on within {} events", SLICES_MAX * SLICE)
}

fn slice(stream: &mut Stream, address: &str) -> Result<()> {
    stream.events(SLICE)?;
    let wanted = stream.labelled() as f64;
    wait_until("all labels learned", DEADLINE, || {
        metric(address, OUTCOMES).ok().filter(|outcomes| *outcomes >= wanted)
    })?;
    Ok(())
}

fn told(scene: &Scene, kind: &str) -> Result<bool> {
    Ok(scene.decisions()?.iter().any(|decision| decision["type"] == kind))
}

fn stop(daemon: &mut Process) -> Result<()> {
    daemon.terminate()?;
    let status = daemon.wait_exit(DEADLINE)?;
    ensure!(status.success(), "{status}; the log ends with\n{}", daemon.tail());
    Ok(())
}

/// A folder with all that is in it.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir(to).with_context(|| format!("creating {}", to.display()))?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &name)?;
        } else {
            fs::copy(entry.path(), name)?;
        }
    }
    Ok(())
}
