//! Daemons: driftform as it serves, one for each of what may go on beside it.
//!
//! Lives here: their configuration, starting them with a champion, and their champion as a file for the peers. May not: time
//! anything.

use std::path::Path;
use std::process::Command;

use adapters::kafka::KafkaConfig;
use anyhow::{Context as _, Result, ensure};

use super::Beside;
use super::server::{Server, on_core};
use super::stream::{Feeding, history, schema};
use crate::http::{get, metric};
use crate::process::{Process, binary, wait_until};
use crate::scene::{DEADLINE, Scene, road_in};

const OUTCOMES: &str = "driftform_learn_outcomes_total";
const SNAPSHOTS: &str = "driftform_snapshots_total";
/// The default mixture without what labels are needed for when it answers, so that it can be exported.
const MEMBERS: &str = r#"[
  { optimiser = "sgd", step_size = 0.1 },
  { optimiser = "sgd", step_size = 0.03 },
  { widths = [64], optimiser = "rmsprop", step_size = 0.003, surge = 3 },
  { widths = [64], optimiser = "rmsprop", step_size = 0.001 },
  { widths = [64, 64], optimiser = "rmsprop", step_size = 0.001, surge = 3 },
  { widths = [64], optimiser = "rmsprop", step_size = 0.001, replay = 1.0 },
  { widths = [128], optimiser = "normalised_sgd", step_size = 0.8 },
  { widths = [64], optimiser = "adamw", step_size = 0.001, average = 500 },
]"#;
/// Labelled events a second before anything is timed.
pub(super) const RUN_UP: f64 = 500.0;
/// Outcomes between refreshes, where there are to be none.
const NEVER: u64 = 1_000_000_000;

/// A daemon with all that it needs.
pub(super) struct Daemon {
    pub(super) server: Server,
    pub(super) beside: Beside,
    pages: String,
    scene: Scene,
    /// Events sent to it.
    pub(super) fed: usize,
    _history: tempfile::TempDir,
}

impl Daemon {
    /// Started on that core, with a champion that has learned from history.
    pub(super) fn start(beside: Beside, core: Option<usize>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("history.csv");
        std::fs::write(&path, history()?)?;
        let scene = Scene::set("bench", &settings(beside, &path))?;
        let (process, pages) = Scene::started(Process::start(on_core(&scene.command()?, core))?)?;
        // A snapshot, which is what is exported, comes of events.
        let feeding = Feeding::start(&scene.kafka, 0, RUN_UP)?;
        wait_until("a champion that serves", DEADLINE, || {
            let is_ready = get(&pages, "/readyz").ok()?.0 == 200;
            (is_ready && metric(&pages, SNAPSHOTS).ok()? > 0.0).then_some(())
        })?;
        let fed = feeding.end()?;
        let said = process.tail();
        let road =
            |road: &str| -> Result<String> { road_in(&said, road).context("where the protocol is answered") };
        let model =
            scene.kafka.topics.events.strip_suffix(".events").context("named as the model")?.to_owned();
        let (http, grpc) = (road("http")?, Some(road("grpc")?));
        let server = Server { name: "driftform", model, http, grpc, takes_binary: true, process };
        Ok(Self { server, beside, pages, scene, fed, _history: folder })
    }

    pub(super) fn kafka(&self) -> &KafkaConfig {
        &self.scene.kafka
    }

    /// Grows with every label that has done what it does here.
    pub(super) fn progress(&self) -> Result<f64> {
        if self.beside == Beside::Swapping { Ok(self.changes()?[0]) } else { metric(&self.pages, OUTCOMES) }
    }

    /// How often what serves has changed, and how many trials have begun.
    pub(super) fn changes(&self) -> Result<[f64; 2]> {
        Ok([sum(&self.pages, "driftform_swaps_total")?, sum(&self.pages, "driftform_search_trials_total")?])
    }

    /// Its champion as a file, which ONNX Runtime has read and agreed with.
    pub(super) fn export(&self, to: &Path, library: &Path) -> Result<()> {
        let mut command = Command::new(binary()?);
        command.arg("export").arg("--state").arg(self.scene.state()).arg("--to").arg(to);
        let exported = command.arg("--onnxruntime").arg(library).output()?;
        ensure!(exported.status.success(), "{}", String::from_utf8_lossy(&exported.stderr));
        Ok(())
    }
}

fn settings(beside: Beside, history: &Path) -> String {
    let every = if beside == Beside::Swapping { 1 } else { NEVER };
    // An episode after the other: none of its candidates gains so much that it would be waited for.
    let searches = beside == Beside::Training;
    format!(
        r#"
        serve = {{ http_listen = "127.0.0.1:0", grpc_listen = "127.0.0.1:0", answers = false }}
        cold_start = {{ history = "{}" }}
        refresh = {{ every_outcomes = {every} }}
        budget = {{ compute_seconds = 10.0, slow_ratio = 1.0 }}
        search = {{ enabled = {searches}, context_max = 0, cooldown_outcomes = 0, plateau_outcomes = 1, candidates = 27, least_gain = 1e3 }}
        mixture = {{ members = {MEMBERS} }}
        {}
        "#,
        history.display(),
        schema()
    )
}

/// Of all series of a name.
fn sum(pages: &str, name: &str) -> Result<f64> {
    let (_, body) = get(pages, "/metrics")?;
    let of_name =
        body.lines().filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' '])));
    of_name.map(|line| Ok(line.rsplit(' ').next().context("a number")?.parse::<f64>()?)).sum()
}
