//! Swap: changing what is served, for each of the four reasons.
//!
//! Lives here: building the next generation, making it durable, and the pointer store, in this order.
//! May not: choose; the lifecycle's arbiter did.

use model::{Arm, Generation, MixtureNetwork, Model, ModelError};
use policies::gate::Claim;
use policies::stats::EProcess;
use policies::watch::Watch;

use super::arms::Displaced;
use super::path::EvidencePath;
use super::{Learn, LearnError};
use crate::lifecycle::{Change, Event};
use crate::slot::Served;
use crate::storage::Digests;
use crate::telemetry::AuditEvent;

/// A swap that was made.
struct Taken {
    /// The architecture before.
    before: String,
    /// The new generation.
    generation: Generation,
    /// What it is; a replay does not ask.
    digests: Option<Digests>,
}

impl Learn {
    /// Newer weights at once; durable with the next snapshot.
    pub(super) fn refresh(&mut self) -> Result<(), LearnError> {
        let network = self.arms.pool.freeze(&self.arms.control)?;
        let model = self.model(network)?;
        let first_champion = self.slot.load().prior_only;
        let served = self.generation(model);
        let generation = served.generation;
        let digests = if first_champion { self.digests(&served)? } else { None };
        self.slot.refresh(served);
        self.arms.served_learned = self.arms.pool.learned();
        self.state.counts.refreshes += 1;
        if first_champion {
            self.arms.reference = self.frozen_champion()?;
            let architecture = self.arms.mixture()?.to_string();
            self.happened.push(AuditEvent::FirstChampion { generation, architecture, digests });
        }
        if self.arms.first.is_none() && self.state.outcomes >= self.rules.config.first_outcomes {
            self.arms.first = Some(self.frozen_champion()?);
        }
        Ok(())
    }

    /// The swap that the unit of work asked for, if it did.
    pub(super) fn swap_pending(&mut self) -> Result<(), LearnError> {
        let Some(change) = self.pending_swap.take() else { return Ok(()) };
        match change {
            Change::Refresh => self.refresh()?,
            Change::Promotion => self.promote()?,
            Change::Relief(option) => self.relieve(option)?,
            Change::Rollback => self.roll_back()?,
        }
        self.settle()
    }

    fn promote(&mut self) -> Result<(), LearnError> {
        let Some(challenger) = self.arms.challenger.take() else { return Ok(()) };
        let quality = challenger.test.evidence();
        // What it was let in with does not bring the displaced one back.
        let allowed = match quality.claim {
            Claim::Better => 0.0,
            Claim::NotWorse => self.rules.config.gate.non_inferiority_margin,
        };
        let taken = self.take_over(challenger.arm, Change::Promotion, allowed)?;
        let Some(Taken { before, generation, digests }) = taken else { return Ok(()) };
        let architecture = self.arms.mixture()?.to_string();
        self.happened.push(AuditEvent::Promoted {
            generation,
            before,
            architecture,
            claim: quality.claim.name(),
            outcomes: quality.outcomes,
            mean_gain: quality.mean_gain,
            log_evidence: quality.log_gain,
            digests,
        });
        Ok(())
    }

    fn relieve(&mut self, option: usize) -> Result<(), LearnError> {
        let found = self.landed.take().and_then(|mut landed| {
            let result = landed.results.get_mut(option)?.take()?;
            Some((result, landed.learned, landed.schema, landed.candidates.swap_remove(option)))
        });
        let Some((result, learned, schema, edit)) = found else { return Ok(()) };
        let source = self.cost_source().name();
        let compute_upper = self.trial_upper(&edit, &result).unwrap_or(f64::NAN);
        let children = self.caught_up(result.children, learned, &schema)?;
        let arm = self.arms.pool.edit(&self.arms.control, &edit, children)?;
        let taken = self.take_over(arm, Change::Relief(option), 0.0)?;
        let Some(Taken { before, generation, digests }) = taken else {
            return Ok(());
        };
        let architecture = self.arms.mixture()?.to_string();
        self.happened.push(AuditEvent::Relieved {
            generation,
            before,
            architecture,
            compute_upper,
            source,
            digests,
        });
        Ok(())
    }

    /// Another mixture becomes the control and its weights are served: durable first, pointer last. Only
    /// after a promotion is the displaced one watched, for a loss beyond what is allowed: after a relief, quality
    /// alone must not bring back what breached a budget. None if it could not be made durable, which changes nothing.
    fn take_over(&mut self, arm: Arm, change: Change, allowed: f64) -> Result<Option<Taken>, LearnError> {
        let network = self.arms.pool.freeze(&arm)?;
        let model = self.model(network)?;
        let before = self.arms.mixture()?.to_string();
        let previous = std::mem::replace(&mut self.arms.control, arm);
        let served_learned = std::mem::replace(&mut self.arms.served_learned, self.arms.pool.learned());
        let displaced_before = self.arms.displaced.take();
        if change == Change::Promotion {
            self.arms.displaced = Some(self.watched(previous.clone(), allowed));
        }
        self.arms.refresh_harm = EProcess::new(0.0);
        // Trials must start from the learner that serves from now on.
        self.state.history.forget_checkpoints();
        let checkpoint = self.arms.pool.arm_state(&self.arms.control)?;
        self.state.history.checkpoint(checkpoint);
        *self.counter(change) += 1;
        let served = self.generation(model);
        // Everything above is in the snapshot that makes it durable.
        let digests = match self.make_durable(&served, change) {
            Ok(digests) => digests,
            Err(error) => {
                self.arms.displaced = displaced_before;
                self.arms.control = previous;
                self.arms.served_learned = served_learned;
                self.arms.tidy();
                *self.counter(change) -= 1;
                self.state.history.forget_checkpoints();
                self.happened.push(AuditEvent::Alarm { text: error.to_string() });
                self.events.push_back(Event::SwapFailed(change));
                return Ok(None);
            }
        };
        self.arms.tidy();
        self.measured = None;
        let generation = served.generation;
        if change == Change::Promotion {
            self.slot.replace(served);
        } else {
            // Nothing can come back, so nothing is kept: it may have been too large.
            self.slot.refresh(served);
            self.slot.release();
        }
        Ok(Some(Taken { before, generation, digests }))
    }

    fn watched(&mut self, arm: Arm, allowed: f64) -> Displaced {
        let watch = Watch::new(self.rules.config.watch.alpha, self.rules.config.watch.outcomes);
        let watch = watch.allowing(allowed);
        let (path, from) = (EvidencePath::default(), self.state.positions.clone());
        Displaced { number: self.state.number(), arm, watch, path, from }
    }

    fn counter(&mut self, change: Change) -> &mut u64 {
        let counts = &mut self.state.counts;
        match change {
            Change::Refresh => &mut counts.refreshes,
            Change::Promotion => &mut counts.promotions,
            Change::Relief(_) => &mut counts.reliefs,
            Change::Rollback => &mut counts.rollbacks,
        }
    }

    /// The displaced champion's mixture serves again: in memory, nothing is loaded.
    fn roll_back(&mut self) -> Result<(), LearnError> {
        let Some(displaced) = self.arms.displaced.take() else { return Ok(()) };
        let before = self.arms.mixture()?.to_string();
        self.happened.push(displaced.judged(&before));
        self.arms.control = displaced.arm;
        self.measured = None;
        self.arms.tidy();
        self.refresh()?;
        self.slot.release();
        self.arms.refresh_harm = EProcess::new(0.0);
        self.state.history.forget_checkpoints();
        let checkpoint = self.arms.pool.arm_state(&self.arms.control)?;
        self.state.history.checkpoint(checkpoint);
        self.state.counts.rollbacks += 1;
        let generation = Generation(self.state.generation);
        let architecture = self.arms.mixture()?.to_string();
        let digests = self.digests(&self.slot.load())?;
        // It is called done once a crash does not undo it.
        self.step(Change::Rollback, generation, "prepared", "the snapshot that names it comes next".into());
        if let Err(error) = self.commit_state() {
            self.happened.push(AuditEvent::Alarm { text: error.to_string() });
        }
        self.happened.push(AuditEvent::RolledBack { generation, before, architecture, digests });
        Ok(())
    }

    /// Networks as they may be served now.
    fn model(&self, network: MixtureNetwork) -> Result<Model, ModelError> {
        let model = Model::new(self.rules.config.schema.clone(), self.state.encoder.clone(), network)?;
        Ok(model.knowing(self.state.context))
    }

    fn generation(&mut self, model: Model) -> Served {
        self.state.generation += 1;
        Served { generation: Generation(self.state.generation), model, prior_only: false }
    }

    pub(super) fn digests(&self, served: &Served) -> Result<Option<Digests>, LearnError> {
        self.storage.as_ref().map(|_| Digests::of(&served.model)).transpose()
    }

    /// A copy of what is served that later swaps do not alter.
    pub(super) fn frozen_champion(&self) -> Result<Model, LearnError> {
        Ok(Model::from_parts(self.slot.load().model.parts()?, &self.device)?)
    }
}
