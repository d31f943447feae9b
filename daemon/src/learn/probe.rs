//! Probe: what is known of candidates before any of them is trained.
//!
//! Lives here: putting the proxies' question to one mini-batch of the last labelled rows. May not: train,
//! choose; what is left is merely worth a trial.

use model::growth::Window;
use model::proxies::{self, Scores};
use model::{Architecture, ModelError};

use super::Learn;
use crate::telemetry::AuditEvent;

/// Candidates asked for, for each that is tried, where half of them are rejected untrained.
pub(super) const ASKED_FOR_ONE: usize = 2;

impl Learn {
    /// Rejects the worse half by the proxies' ranks, if they are on; one that cannot be scored is kept, for
    /// its trial to say why.
    pub(super) fn probed(&mut self, children: Vec<Architecture>) -> Vec<Architecture> {
        let (encoded, goals) = self.last_rows(proxies::ROWS_MAX);
        if !self.rules.config.search.proxies || goals.is_empty() {
            return children;
        }
        let window = Window { encoded: &encoded, goals: &goals };
        let scored: Result<Vec<Scores>, ModelError> =
            children.iter().map(|child| self.promise(child, window)).collect();
        let Ok(scores) = scored else { return children };
        let rejected = proxies::reject_worst_half(&scores);
        let count = rejected.iter().filter(|rejected| **rejected).count();
        self.state.counts.rejected.proxies += count as u64;
        self.happened.push(AuditEvent::Rejected { by: "proxies", count });
        children.into_iter().zip(rejected).filter(|(_, rejected)| !rejected).map(|(child, _)| child).collect()
    }

    /// All candidates start from the same seed: those that differ in nothing the proxies see rank alike.
    fn promise(&self, child: &Architecture, window: Window<'_>) -> Result<Scores, ModelError> {
        let network =
            proxies::untrained(child, self.arms.pool.shape(), &self.device, self.rules.config.seed)?;
        Scores::of(&network, window, &self.rules.config.schema.objective().class_weights)
    }
}
