//! The story: told once to a daemon that lives through it, so that others can be made to die in it.

use std::fs;
use std::path::{Path, PathBuf};

use adapters::kafka::KafkaError;
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
/// A search as soon as there may be one, for a stream that the first champion cannot follow; nothing is searched while a
/// challenger is compared and watched.
pub const EAGER: &str = r"
    cold_start = { outcomes = 200 }
    mixture = { members = [{}] }
    search = { window_outcomes = 200, rungs = [1, 3], cooldown_outcomes = 600, plateau_outcomes = 200 }
    detect = { average_run_length = 1e9, delta = 1e-9 }
    budget = { compute_seconds = 10.0 }
";
/// It takes much evidence to promote a challenger, so that the base lies between, and little to take it back: one that turns
/// to the members it still trusts does harm for some dozen rows only.
const SETTINGS: &str = r"
    gate = { alpha = 1e-9, deadline_outcomes = 3000 }
    watch = { alpha = 0.3 }
    serve = { answers = false }
";

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
        let scene = Scene::set("crash", &format!("{EAGER}{SETTINGS}{SCHEMA}"))?;
        let folder = tempfile::tempdir()?;
        let mut stream = Stream::new(&scene.kafka, 7)?;
        stream.unreadable()?;
        let base = folder.path().join("base");
        let (mut daemon, address) = promoted(&scene, &mut stream, &base)?;
        let buried_before = stream.buried().len();
        stream.unreadable()?;
        stream.turned = true;
        until(&scene, &mut stream, &address, || Ok(told(&scene, "driftform.rolled_back")? > 0))?;
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

/// A daemon with a promoted champion; the base is its state when that one was placed as the challenger.
fn promoted(scene: &Scene, stream: &mut Stream, base: &Path) -> Result<(Process, String)> {
    let kinds = ["placed", "dropped"].map(|what| format!("driftform.challenger_{what}"));
    let count = |kind: usize| told(scene, &kinds[kind]);
    let (mut daemon, mut address) = scene.start()?;
    loop {
        let placed = count(0)?;
        until(scene, stream, &address, || Ok(count(0)? > placed))?;
        stop(&mut daemon)?;
        ensure!(told(scene, "driftform.promoted")? == 0, "it was promoted before the base was taken");
        if base.exists() {
            fs::remove_dir_all(base)?;
        }
        copy(&scene.state(), base)?;
        (daemon, address) = scene.start()?;
        let (dropped, promoted) = (count(1)?, || told(scene, "driftform.promoted"));
        until(scene, stream, &address, || Ok(promoted()? > 0 || count(1)? > dropped))?;
        if promoted()? > 0 {
            return Ok((daemon, address));
        }
    }
}

/// Feeds slices, each after the last has been learned, until it is so.
pub fn until(scene: &Scene, stream: &mut Stream, address: &str, so: impl Fn() -> Result<bool>) -> Result<()> {
    for _ in 0..SLICES_MAX {
        slice(stream, address)?;
        if so()? {
            return Ok(());
        }
    }
    let decisions = scene.decisions()?;
    let told: Vec<_> = decisions.iter().filter_map(|line| line["data"]["story"].as_str()).collect();
    anyhow::bail!("the story does not go on within {} events:\n{}", SLICES_MAX * SLICE, told.join("\n"))
}

fn slice(stream: &mut Stream, address: &str) -> Result<()> {
    stream.events(SLICE)?;
    let wanted = stream.labelled() as f64;
    wait_until("all labels learned", DEADLINE, || {
        metric(address, OUTCOMES).ok().filter(|outcomes| *outcomes >= wanted)
    })?;
    Ok(())
}

/// How often the daemon has said this.
fn told(scene: &Scene, kind: &str) -> Result<usize> {
    match scene.decisions() {
        Ok(decisions) => Ok(decisions.iter().filter(|decision| decision["type"] == kind).count()),
        // A topic that appears when it is first used is not there before.
        Err(error) if matches!(error.downcast_ref(), Some(KafkaError::NoTopic { .. })) => Ok(0),
        Err(error) => Err(error),
    }
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
