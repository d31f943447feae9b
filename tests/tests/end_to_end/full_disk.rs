//! The disk is full: answers and learning go on, what cannot be kept waits, and once there is room again nobody has
//! to do anything. A second daemon on the same state is told whose it is.
//!
//! A limit on the size of files, which can be set on a running process, stands in for the disk.

use std::path::Path;
use std::process::Command;

use adapters::kafka::{KafkaConfig, Sink};
use anyhow::{Context as _, Result, ensure};
use model::Timestamp;
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use serde_json::{Value, json};
use tests::http::{get, metric};
use tests::process::{Process, binary, wait_until};
use tests::scene::{DEADLINE, Scene};

use crate::loop_closes::history;

const OUTCOMES: &str = "driftform_learn_outcomes_total";
const WAITING: &str = "driftform_journal_waiting_entries";
const FAILURES: &str = "driftform_snapshot_failures_total";
const SNAPSHOTS: &str = "driftform_snapshots_total";

pub(crate) struct Stream {
    sink: Sink,
    kafka: KafkaConfig,
    sent: usize,
}

impl Stream {
    pub(crate) fn new(kafka: &KafkaConfig) -> Result<Self> {
        Ok(Self { sink: Sink::open(kafka)?, kafka: kafka.clone(), sent: 0 })
    }

    /// Events, each with its label, until all of them are learned.
    pub(crate) fn feed(&mut self, address: &str, count: usize) -> Result<()> {
        for _ in 0..count {
            let (now, x) = (self.sent, self.sent % 2);
            self.sent += 1;
            let label = if x == 0 { "low" } else { "high" };
            let topics = &self.kafka.topics;
            self.send(
                &topics.events,
                &json!({ "id": now.to_string(), "time": now, "features": { "x": x } }),
            )?;
            self.send(&topics.labels, &json!({ "id": now.to_string(), "time": now, "label": label }))?;
        }
        self.sink.flush(DEADLINE)?;
        reach(address, OUTCOMES, self.sent as f64)
    }

    pub fn send(&self, topic: &str, value: &Value) -> Result<()> {
        let time = Timestamp(i64::try_from(self.sent)?);
        Ok(self.sink.send(topic, None, value.to_string().as_bytes(), Some(time))?)
    }
}

fn reach(address: &str, series: &str, least: f64) -> Result<()> {
    wait_until(series, DEADLINE, || metric(address, series).ok().filter(|value| *value >= least)).map(drop)
}

pub(crate) const SETTINGS: &str = r#"
    search = { window_outcomes = 100000 }
    budget = { compute_seconds = 10.0 }
    [schema]
    classes = ["low", "high"]
    features = [{ name = "x", kind = "numeric" }]
"#;

/// The daemon, deaf to the signal that a write over the limit sends: the write fails, as on a full disk.
fn start_deaf(config: &Path) -> Result<(Process, String)> {
    let mut command = Command::new("sh");
    command.args(["-c", r#"trap "" XFSZ; exec "$0" run --config "$1""#]).arg(binary()?).arg(config);
    Scene::started(Process::start(command)?)
}

/// From now on no file may grow past so many bytes; without a number, as far as we may let them.
fn limit(daemon: &Process, bytes: Option<u64>) -> Result<()> {
    let pid = i32::try_from(daemon.id()).ok().and_then(Pid::from_raw).context("a process has an id")?;
    let maximum = getrlimit(Resource::Fsize).maximum;
    prlimit(Some(pid), Resource::Fsize, Rlimit { current: bytes.or(maximum), maximum })?;
    Ok(())
}

fn check_second(config: &Path, first: &Process) -> Result<()> {
    let output = Command::new(binary()?).arg("run").arg("--config").arg(config).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(3), "{}: {said}", output.status);
    ensure!(said.contains(&format!("process {} on", first.id())) && said.contains("since 20"), "{said}");
    Ok(())
}

/// A disk that takes nothing for a while stops nothing; once it does again, nobody has to do anything. `refuse` has it
/// take nothing, and takes that back.
pub(crate) fn survive(
    scene: &Scene,
    (mut daemon, address): (Process, String),
    refuse: impl Fn(&Process, bool) -> Result<()>,
) -> Result<()> {
    let kafka = &scene.kafka;
    let mut stream = Stream::new(kafka)?;
    stream.feed(&address, 300)?;
    reach(&address, SNAPSHOTS, 1.0)?;

    refuse(&daemon, true)?;
    stream.send(&kafka.topics.metrics, &json!({ "budget": "compute_seconds", "limit": 5.0 }))?;
    stream.feed(&address, 300)?;
    reach(&address, FAILURES, 1.0)?;
    reach(&address, WAITING, 1.0)?;
    stream.feed(&address, 300)?;
    ensure!(get(&address, "/livez")?.0 == 200, "a disk that takes nothing is no reason to be restarted");
    let (code, body) = get(&address, "/readyz")?;
    ensure!(code == 200 && body.contains("state"), "{code} {body}");
    wait_until("every event answered", DEADLINE, || {
        let answers = scene.records(&kafka.topics.predictions).ok()?;
        (answers.len() >= stream.sent).then_some(())
    })?;

    let before = metric(&address, SNAPSHOTS)?;
    refuse(&daemon, false)?;
    reach(&address, SNAPSHOTS, before + 1.0)?;
    // The gauge is told after the unit of work that wrote the snapshot.
    wait_until("no decision waits", DEADLINE, || {
        metric(&address, WAITING).ok().filter(|waiting| *waiting < 0.5)
    })?;
    daemon.kill()?;
    let (daemon, address) = scene.start()?;
    stream.feed(&address, 100)?;
    ensure!(metric(&address, OUTCOMES)? as usize == stream.sent, "an outcome is lost, or counted twice");
    history(&scene.state(), &["--verify"])?;
    let told = history(&scene.state(), &[])?;
    ensure!(told.contains("an operator sets the budget"), "{told}");
    daemon.terminate()
}

#[test]
fn a_full_disk_stops_nothing_and_nothing_is_lost_once_there_is_room_again() -> Result<()> {
    let scene = Scene::set("full", SETTINGS)?;
    let (daemon, address) = start_deaf(scene.config())?;
    check_second(scene.config(), &daemon)?;
    survive(&scene, (daemon, address), |daemon, full| limit(daemon, full.then_some(0)))
}
