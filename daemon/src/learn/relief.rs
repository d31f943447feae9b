//! Relief: what the gates say of each smaller mixture, on what its trial found and what can be measured at once.
//!
//! Lives here: gathering the evidence, cheapest first. May not: choose (that is the lifecycle), train.

use model::{Edit, Learner, MixtureNetwork};
use policies::detect::{Resource, Saving};
use policies::gate::{Evidence, GateKind, Thresholds};

use super::evidence::Rows;
use super::flight::{Landed, Purpose};
use super::judged::Judged;
use super::path::EvidencePath;
use super::{Learn, LearnError};
use crate::lifecycle::{Event, ReliefOption, choose, smaller};
use crate::telemetry::AuditEvent;
use crate::trials::protocol::TrialResult;

/// The windows on which smaller networks are compared.
const RELIEF_WINDOWS: usize = 1;

impl Learn {
    /// A slice where one passes, at once; or else smaller networks are trained.
    pub(super) fn seek_relief(&mut self, saving: Saving) -> Result<(), LearnError> {
        if let Some(landed) = self.slices_landed(saving, RELIEF_WINDOWS)? {
            let options = self.relief_judged(&landed, saving);
            if choose(&options, self.rules.config.relief.quality_loss_max).is_some() {
                self.landed = Some(landed);
                self.events.push_back(Event::ReliefMeasured(options));
                return Ok(());
            }
        }
        let (mixture, weights) = (self.arms.mixture()?, self.arms.control.mixer().weights());
        let options = smaller(&mixture, &weights, self.arms.pool.shape(), saving.resource);
        let options = options.into_iter().enumerate().collect();
        self.launch(Purpose::Relief(saving), RELIEF_WINDOWS, options)?;
        self.land();
        Ok(())
    }

    /// Every option with what the gates say of it; told in full.
    pub(super) fn relief_judged(&mut self, landed: &Landed, saving: Saving) -> Vec<ReliefOption> {
        let (thresholds, loss_max) =
            (self.relief_thresholds(saving), self.rules.config.relief.quality_loss_max);
        let options = self.relief_options(landed, &thresholds, loss_max);
        let judged = Judged::of_relief(thresholds, loss_max, options.clone());
        let names: Vec<String> = landed.candidates.iter().map(|(_, edit)| edit.to_string()).collect();
        let (path, from) = (EvidencePath::default(), &self.turn_from);
        self.happened.push(AuditEvent::judged(&names.join(", "), &judged, &path, from));
        options
    }

    /// The gates with the limits in force; where the service is to take a share less, so is the model, as far as it was
    /// measured.
    fn relief_thresholds(&self, saving: Saving) -> Thresholds {
        let mut thresholds = self.thresholds();
        let (Some(share), Some(measured)) = (saving.share, self.measured()) else { return thresholds };
        match saving.resource {
            Resource::Time => {
                let most = measured.batches[1].upper * share;
                thresholds.latency.limit_seconds = thresholds.latency.limit_seconds.min(most);
            }
            Resource::Bytes => {
                let most = (measured.bytes as f64 * share) as u64;
                thresholds.memory.bytes_max = thresholds.memory.bytes_max.min(most);
            }
        }
        thresholds
    }

    fn relief_options(
        &mut self,
        landed: &Landed,
        thresholds: &Thresholds,
        loss_max: f64,
    ) -> Vec<ReliefOption> {
        let rows = self.stress_rows();
        let mut networks = Vec::with_capacity(landed.candidates.len());
        let mut options = Vec::with_capacity(landed.candidates.len());
        for (at, ((_, edit), result)) in landed.candidates.iter().zip(&landed.results).enumerate() {
            let known = result.as_ref().and_then(|result| self.relief_evidence(edit, result, landed, &rows));
            let (network, evidence) = known.unzip();
            let loss = landed.gain(at).map(|gain| -gain);
            options.push(ReliefOption::judged(edit.to_string(), evidence, loss, thresholds));
            networks.push(network);
        }
        // The learners of the options were in the pool to be looked at.
        self.arms.tidy();
        self.put_under_stress(&mut options, &networks, &rows, (thresholds, loss_max));
        options
    }

    /// The network that a trial ended with, and what is known of it without any stress; none, which is told, if it
    /// cannot be computed with. What it learns until it serves is what any refresh brings.
    fn relief_evidence(
        &mut self,
        edit: &Edit,
        result: &TrialResult,
        landed: &Landed,
        rows: &Rows,
    ) -> Option<(MixtureNetwork, Evidence)> {
        self.learn_cost(edit, result);
        match self.relief_network(edit, result, landed).and_then(|network| {
            let evidence = self.costs_of(&network, result.compute_seconds.clone(), rows)?;
            Ok((network, evidence))
        }) {
            Ok(known) => Some(known),
            Err(error) => {
                let (architecture, reason) = (edit.to_string(), error.to_string());
                self.happened.push(AuditEvent::TrialFailed { architecture, reason });
                None
            }
        }
    }

    fn relief_network(
        &mut self,
        edit: &Edit,
        result: &TrialResult,
        landed: &Landed,
    ) -> Result<MixtureNetwork, LearnError> {
        let children = result.children.iter().cloned().map(|child| {
            let child = self.of_today(child, &landed.schema)?;
            Ok(Learner::restore(child, &self.device)?)
        });
        let children = children.collect::<Result<_, LearnError>>()?;
        let arm = self.arms.pool.edit(&self.arms.control, edit, children)?;
        Ok(self.arms.pool.freeze(&arm)?)
    }

    /// Stress takes long, so those that nothing else stops are put under it, best first, until one passes.
    fn put_under_stress(
        &self,
        options: &mut [ReliefOption],
        networks: &[Option<MixtureNetwork>],
        rows: &Rows,
        (thresholds, loss_max): (&Thresholds, f64),
    ) {
        let Ok(control) = self.arms.pool.freeze(&self.arms.control) else { return };
        let open = |option: &ReliefOption| {
            option.stopped_by().is_none_or(|stopped| stopped.gate == GateKind::Robustness)
                && option.quality_loss.is_some_and(|loss| loss <= loss_max)
        };
        let mut order: Vec<usize> = (0..options.len()).filter(|at| open(&options[*at])).collect();
        order.sort_by(|a, b| {
            let loss = |at: &usize| options[*at].quality_loss.unwrap_or(f64::INFINITY);
            loss(a).total_cmp(&loss(b))
        });
        for at in order {
            let (option, Some(network)) = (&mut options[at], &networks[at]) else { continue };
            let (Some(evidence), Ok(stresses)) = (&option.evidence, self.stresses(network, &control, rows))
            else {
                continue;
            };
            let evidence = Evidence { stresses, ..evidence.clone() };
            let architecture = std::mem::take(&mut option.architecture);
            *option = ReliefOption::judged(architecture, Some(evidence), option.quality_loss, thresholds);
            if option.why_not(loss_max).is_none() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests;
