//! One daemon's lives in the story.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::time::Duration;

use adapters::kafka::read_topic;
use adapters::points::FAULT_VARIABLE;
use anyhow::{Result, ensure};
use rustix::process::Signal;

use super::story::Story;
use crate::http::metric;
use crate::process::{Process, wait_until};
use crate::scene::{DEADLINE, address_in};

/// From the end of a child until the last of its log has been read.
const SOON: Duration = Duration::from_secs(10);

/// How a life ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// At the point it was told to die at.
    Aborted,
    /// At the end of the story, when it was asked to.
    Finished,
}

/// A state that begins at the story's base.
pub struct Run<'a> {
    pub(super) story: &'a Story,
    pub(super) state: PathBuf,
    decisions: String,
    dead_letters: String,
}

impl<'a> Run<'a> {
    pub(super) fn new(story: &'a Story, name: &str, state: PathBuf) -> Result<Self> {
        let topic = |of: &str| format!("{of}-{name}");
        let topics = &story.scene.kafka.topics;
        let (decisions, dead_letters) = (topic(&topics.decisions), topic(&topics.dead_letters));
        story.scene.create_topics(&[&decisions, &dead_letters])?;
        Ok(Self { story, state, decisions, dead_letters })
    }

    /// One life: to the end of the story, or until it dies of a fault.
    pub fn live(&self, fault: Option<&str>) -> Result<End> {
        let mut command = self.story.scene.command()?;
        command.env("DRIFTFORM__STATE__DIRECTORY", &self.state);
        command.env("DRIFTFORM__STATE__SNAPSHOT_EVERY_RECORDS", "200");
        command.env("DRIFTFORM__KAFKA__DECISIONS", &self.decisions);
        command.env("DRIFTFORM__KAFKA__DEAD_LETTERS", &self.dead_letters);
        if let Some(fault) = fault {
            command.env(FAULT_VARIABLE, fault);
        }
        let mut daemon = Process::start(command)?;
        // The line never comes from one that died before.
        let Ok(line) = daemon.wait_for_line(DEADLINE, |line| address_in(line).is_some()) else {
            return aborted(&mut daemon);
        };
        let address = address_in(&line).unwrap_or_default();
        let outcomes = self.story.outcomes() as f64;
        let at_end = || {
            let learned = metric(&address, "driftform_learn_outcomes_total").ok()?;
            let behind = metric(&address, "driftform_consumer_lag_records").ok()?;
            (learned >= outcomes && behind < 0.5).then_some(())
        };
        let ended = wait_until("the end of the story", DEADLINE, || {
            if daemon.has_ended() { Some(true) } else { at_end().map(|()| false) }
        })?;
        if !ended {
            daemon.terminate()?;
        }
        let status = daemon.wait_exit(DEADLINE)?;
        if status.success() { Ok(End::Finished) } else { aborted(&mut daemon) }
    }

    /// A life to the end in which every point is counted, by its kind.
    pub fn count(&self) -> Result<BTreeMap<String, u64>> {
        let list = self.state.with_extension("points");
        let end = self.live(Some(&format!("list={}", list.display())))?;
        ensure!(end == End::Finished, "a life without a fault has ended early");
        let mut counts = BTreeMap::new();
        for kind in fs::read_to_string(list)?.lines() {
            *counts.entry(kind.to_owned()).or_insert(0) += 1;
        }
        Ok(counts)
    }

    /// Removes its state: of many runs only those that failed are worth keeping until the end.
    pub fn forget(&self) -> Result<()> {
        Ok(fs::remove_dir_all(&self.state)?)
    }

    /// What it has written to its own topics: decisions, then dead letters.
    pub(super) fn sent(&self) -> Result<[Vec<Vec<u8>>; 2]> {
        let read = |topic: &str| -> Result<Vec<Vec<u8>>> {
            let records = read_topic(&self.story.scene.kafka, topic, 0, DEADLINE)?;
            Ok(records.into_iter().map(|record| record.payload).collect())
        };
        Ok([read(&self.decisions)?, read(&self.dead_letters)?])
    }
}

fn aborted(daemon: &mut Process) -> Result<End> {
    let status = daemon.wait_exit(SOON)?;
    let aborted = status.signal() == Some(Signal::ABORT.as_raw());
    ensure!(aborted, "it ended with {status}; the log ends with\n{}", daemon.tail());
    Ok(End::Aborted)
}
