//! Metrics of the model repository that is kept for other servers.
//!
//! Lives here: a struct of their own. May not: count by itself.

use prometheus::{IntCounterVec, IntGauge};

use super::metrics::{Declare, gauge};

/// What became of champions that were to be written.
#[derive(Clone, Debug)]
pub struct RepositoryMetrics {
    kept: IntCounterVec,
    generation: IntGauge,
    version: IntGauge,
    behind: IntGauge,
}

/// What became of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It is there, and loaded where a server is asked to.
    Written {
        /// What its answers carry.
        generation: u64,
        /// Its number in the repository.
        version: u64,
    },
    /// It cannot be written as files that say what it says.
    Refused,
    /// It could not be written or loaded, and is tried again.
    Failed,
}

impl RepositoryMetrics {
    pub(super) fn new(declare: &Declare) -> Self {
        Self {
            kept: declare.counters("driftform_repository_total"),
            generation: declare.gauge("driftform_repository_generation"),
            version: declare.gauge("driftform_repository_version"),
            behind: declare.gauge("driftform_repository_behind"),
        }
    }

    /// A champion is to be written.
    pub fn due(&self) {
        self.behind.set(1);
    }

    /// What became of it.
    pub fn kept(&self, kept: Kept) {
        let result = match kept {
            Kept::Written { generation, version } => {
                self.generation.set(gauge(generation));
                self.version.set(gauge(version));
                self.behind.set(0);
                "written"
            }
            Kept::Refused => "refused",
            Kept::Failed => "failed",
        };
        self.kept.with_label_values(&[result]).inc();
    }
}
