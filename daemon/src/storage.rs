//! Storage: the state directory, and what is in it.
//!
//! Lives here: where models, snapshots, rows and the journal lie, who may write to them, and in which order they
//! become durable. May not: know formats (that is `adapters::store`), decide when.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use adapters::audit::sha256;
use adapters::store::{Holder, Lease, ModelStore, Records, SnapshotStore, newest_snapshot};
use model::{Device, Generation, Model};
use serde::Serialize;

use crate::config::StateConfig;
use crate::decisions::Decisions;
use crate::learn::{FORMAT, LearnError, Retention, Snapshot};
use crate::slot::Served;

/// How the name of a file of weights ends.
const WEIGHTS: &str = ".safetensors";
/// Champions kept on disk.
const MODELS_KEPT: usize = 8;

/// An opened state directory.
#[derive(Debug)]
pub struct Storage {
    models: ModelStore,
    snapshots: SnapshotStore,
    decisions: Decisions,
    keep: usize,
    retention: Retention,
    device: Device,
    /// Held as long as this value lives: learning has one owner.
    lease: Lease,
}

/// What was found in a state directory.
pub struct Found {
    /// The directory, opened.
    pub storage: Storage,
    /// Rows, cut to what the snapshot refers to.
    pub records: Records,
    /// The newest valid snapshot.
    pub snapshot: Option<Snapshot<'static>>,
    /// What was wrong but could be worked around, for the log.
    pub warnings: Vec<String>,
}

/// What tells two models apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Digests {
    /// SHA-256 of the file of weights.
    pub weights: String,
    /// SHA-256 of the architecture's JSON.
    pub architecture: String,
}

impl Digests {
    /// Of a model as its files would be.
    pub fn of(model: &Model) -> Result<Self, LearnError> {
        let files = model.to_files()?;
        Self::of_files(model, &files)
    }

    fn of_files(model: &Model, files: &[(String, Vec<u8>)]) -> Result<Self, LearnError> {
        let weights = files.iter().find(|(name, _)| name.ends_with(WEIGHTS)).map(|(_, bytes)| sha256(bytes));
        let mixture = serde_json::to_vec(&model.mixture());
        let mixture = mixture.map_err(|error| LearnError::Snapshot(error.to_string()))?;
        Ok(Self { weights: weights.unwrap_or_default(), architecture: sha256(&mixture) })
    }
}

/// Where the journal of a state directory is.
pub fn journal_folder(directory: &Path) -> PathBuf {
    directory.join("journal")
}

/// The newest snapshot of a directory that another process may be writing to; nothing is changed.
pub fn look_at_snapshot(directory: &Path) -> Result<Option<Snapshot<'static>>, LearnError> {
    let folder = directory.join("snapshots");
    if !folder.is_dir() {
        return Ok(None);
    }
    let newest = newest_snapshot(&folder, FORMAT)?;
    newest.snapshot.map(|(_, bytes)| Snapshot::from_bytes(&bytes)).transpose()
}

impl Storage {
    /// Opens or creates the directory, and reads the newest snapshot that is whole. Refuses a directory that
    /// another process learns in.
    pub fn open(config: &StateConfig, model: &str, device: Device) -> Result<Found, LearnError> {
        let directory = &config.directory;
        let lease = acquire(directory)?;
        let models = ModelStore::open(&directory.join("models"))?;
        let keep = config.snapshots_kept;
        let snapshots = SnapshotStore::open(&directory.join("snapshots"), FORMAT, keep)?;
        let newest = snapshots.newest()?;
        let mut warnings: Vec<String> = newest
            .damaged
            .iter()
            .map(|(path, problem)| {
                format!("{} is damaged ({problem}); an older snapshot is used", path.display())
            })
            .collect();
        let snapshot = newest.snapshot.map(|(_, bytes)| Snapshot::from_bytes(&bytes)).transpose()?;
        let (decisions, complaints) = open_journal(config, model, snapshot.as_ref())?;
        warnings.extend(complaints);
        let bytes = snapshot.as_ref().map_or(0, Snapshot::records);
        let (records, resumed) = Records::resume(&directory.join("records"), bytes)?;
        if resumed.lost > 0 {
            warnings.push(format!(
                "{} bytes of records are missing; labels of their events say nothing",
                resumed.lost
            ));
        }
        let age = (config.records_seconds_max > 0).then_some(config.records_seconds_max);
        let retention = Retention {
            bytes_max: config.records_bytes_max,
            age_max_ms: age.map(|seconds| i64::try_from(seconds.saturating_mul(1_000)).unwrap_or(i64::MAX)),
        };
        let storage = Self { models, snapshots, decisions, keep, retention, device, lease };
        Ok(Found { storage, records, snapshot, warnings })
    }

    /// How long rows are kept at most.
    pub fn retention(&self) -> Retention {
        self.retention
    }

    /// A champion's files, durable under their name.
    pub fn write_model(&mut self, served: &Served) -> Result<Digests, LearnError> {
        self.lease.check()?;
        let name = name_of(served.generation);
        let files = served.model.to_files()?;
        let digests = Digests::of_files(&served.model, &files)?;
        let files: Vec<(&str, &[u8])> =
            files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        // Left by a run that wrote it, died before its snapshot, and went back.
        self.models.prune(|kept| kept != name)?;
        self.models.write(&name, &files)?;
        let names = self.models.list()?;
        let oldest_kept = names.len().saturating_sub(MODELS_KEPT);
        self.models.prune(|name| names.iter().skip(oldest_kept).any(|kept| kept == name))?;
        Ok(digests)
    }

    /// A champion as its files say, loaded from the disk; what was altered on the way does not get through.
    pub fn read_model(&self, generation: Generation) -> Result<Model, LearnError> {
        Ok(Model::from_files(&self.models.path(&name_of(generation))?, &self.device)?)
    }

    /// How many snapshots stay.
    pub fn snapshots_kept(&self) -> usize {
        self.keep
    }

    /// State, positions and model as one durable value.
    pub fn write_snapshot(&mut self, bytes: &[u8]) -> Result<(), LearnError> {
        self.lease.check()?;
        self.snapshots.write(bytes)?;
        Ok(())
    }

    /// The decisions of this state.
    pub fn decisions(&self) -> &Decisions {
        &self.decisions
    }

    /// The same, to be added to.
    pub fn decisions_mut(&mut self) -> &mut Decisions {
        &mut self.decisions
    }

    /// Writes the decisions that wait; when this returns they survive a crash.
    pub fn write_decisions(&mut self) -> Result<(), LearnError> {
        if self.decisions.waiting() > 0 {
            self.lease.check()?;
        }
        Ok(self.decisions.write()?)
    }

    /// Who this process is to others who want the directory.
    pub fn holder(&self) -> &Holder {
        self.lease.holder()
    }
}

fn open_journal(
    config: &StateConfig,
    model: &str,
    snapshot: Option<&Snapshot<'_>>,
) -> Result<(Decisions, Vec<String>), LearnError> {
    let folder = journal_folder(&config.directory);
    let (mut decisions, cut) = Decisions::open(&folder, config.journal_files_kept, model)?;
    decisions.send_after(snapshot.map_or(0, Snapshot::delivered))?;
    let mut complaints = Vec::new();
    if cut > 0 {
        complaints.push(format!("the last line of the journal was not finished: {cut} bytes are cut off"));
    }
    match snapshot {
        None if decisions.tip().number > 0 => complaints.push(format!(
            "there is no snapshot, but the journal has {} lines: what was learned is lost, and learning begins anew",
            decisions.tip().number
        )),
        Some(snapshot) if decisions.continue_after(snapshot.journal()) => complaints.push(format!(
            "the journal lacks its end: the snapshot remembers line {}; `driftform history --verify` will show the hole",
            snapshot.journal().number
        )),
        None | Some(_) => {}
    }
    Ok((decisions, complaints))
}

fn name_of(generation: Generation) -> String {
    format!("generation-{:010}", generation.0)
}

/// The name of this machine.
pub fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

fn acquire(directory: &Path) -> Result<Lease, LearnError> {
    let since = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    Ok(Lease::acquire(directory, std::process::id(), &host(), &since)?)
}

#[cfg(test)]
mod tests;
