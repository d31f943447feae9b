//! Repository: the champion is kept up to date in somebody else's server.
//!
//! In reading order: when a champion is to be written ([`due`]); what its files are, and that they say what it says
//! ([`rendition`], which `driftform export` has in common); how they get there, never holding up learning or serving
//! ([`keeper`]).
//!
//! May not: know formats or where files lie (that is `adapters`), decide what is served (the lifecycle did).

use std::thread::JoinHandle;

use anyhow::Result;
use model::Timestamp;

use crate::config::RepositoryConfig;
use crate::learn::Learn;
use crate::slot::{Served, Standing};
use crate::telemetry::RepositoryMetrics;

mod due;
mod keeper;
mod rendition;

pub use due::{Due, Facts};
pub use keeper::{Champion, Keeper};

pub use rendition::{OnnxFile, PROBE_ROWS, RenditionError, agreed, safetensors};

/// The learn plane's side, after each unit of work.
#[derive(Debug)]
pub struct Repository {
    due: Due,
    keeper: Keeper,
}

impl Repository {
    /// None where no repository is kept.
    pub fn open(config: Option<&RepositoryConfig>, metrics: &RepositoryMetrics) -> Result<Option<Self>> {
        let Some(config) = config else { return Ok(None) };
        let keeper = Keeper::start(config.clone(), metrics.clone())?;
        Ok(Some(Self { due: Due::every(config.refresh), keeper }))
    }

    /// After a unit of work. Waits for nothing.
    pub fn turn(&mut self, learn: &Learn, now: Timestamp) {
        let served = learn.slot().load();
        // Where the champion is not ours, its owners have it.
        if served.prior_only || served.standing == Standing::Shadow {
            return;
        }
        let counts = &learn.state().counts;
        let swaps = counts.promotions + counts.takeovers + counts.reliefs + counts.rollbacks;
        let facts = Facts { generation: served.generation, swaps };
        if self.due.is_now(&facts, now) {
            self.post(&served);
            self.due.written(facts, now);
        }
    }

    /// A copy: a model that is held on to would count as one that serves.
    fn post(&self, served: &Served) {
        match served.model.parts() {
            Ok(parts) => self.keeper.post(Champion { parts, generation: served.generation }),
            Err(error) => {
                tracing::error!(
                    "generation {} cannot be copied for the repository: {error}",
                    served.generation.0
                );
            }
        }
    }

    /// The thread that writes, which ends once what was posted last has been tried.
    pub fn close(self) -> Option<JoinHandle<()>> {
        self.keeper.close()
    }
}
