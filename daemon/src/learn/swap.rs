//! Swap: changing what is served, for each of the four reasons.
//!
//! Lives here: building the next generation, making it durable, and the pointer store, in this order.
//! May not: choose; the lifecycle's arbiter did.

use std::time::Duration;

use adapters::store::StoreError;
use model::{Arm, Generation, MixtureNetwork, Model, ModelError};
use policies::gate::Claim;
use policies::stats::EProcess;
use policies::watch::{Watch, WatchVerdict};

use super::arms::Displaced;
use super::flight::Trained;
use super::path::EvidencePath;
use super::{Learn, LearnError};
use crate::lifecycle::{Change, Event};
use crate::slot::Served;
use crate::storage::Digests;
use crate::telemetry::{AuditEvent, BUDGET, PERSON};

/// How long a swap waits for old models to be gone before another is built. Only learning waits, and readers keep
/// a model for one unit of work; after that the swap is put off.
pub(super) const ROOM_PATIENCE: Duration = Duration::from_secs(2);

/// The step of a swap that says that there will be none.
pub const SWAP_FAILED: &str = "failed";

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
            self.reanchor()?;
            self.curves.swapped(self.state.outcomes, generation.0);
            let architecture = self.arms.mixture()?.to_string();
            self.happened.push(AuditEvent::FirstChampion { generation, architecture, digests });
        }
        if self.arms.first.is_none() && self.state.outcomes >= self.rules.config.first_outcomes {
            // One that has learned for a while is what drift is measured by, too.
            self.arms.first = Some(self.frozen_champion()?);
            self.reanchor()?;
        }
        Ok(())
    }

    /// Ends the swaps that the unit of work asked for: state and positions agree now.
    pub(super) fn swap_pending(&mut self) -> Result<(), LearnError> {
        if let Some(rolled_back) = self.rolled_back.take() {
            self.keep_rollback(rolled_back)?;
        }
        let Some(change) = self.pending_swap.take() else { return Ok(()) };
        if self.slot.make_room(self.room_patience) {
            match change {
                Change::Refresh => self.refresh()?,
                Change::Promotion => self.promote()?,
                Change::Takeover => self.take_office()?,
                Change::Relief(option) => self.relieve(option)?,
                Change::Rollback => self.roll_back()?,
            }
        } else {
            let (alive, seconds) = (self.slot.models_alive(), self.room_patience.as_secs_f64());
            let text = format!("there is no room for another model: {alive} are in use after {seconds} s");
            self.swap_failed(change, text);
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
        let taken = self.take_over(challenger.arm.clone(), Change::Promotion, allowed)?;
        let Some(Taken { before, generation, digests }) = taken else {
            self.arms.challenger = Some(challenger);
            return Ok(());
        };
        self.arms.tidy();
        let architecture = self.arms.mixture()?.to_string();
        self.happened.push(AuditEvent::Promoted {
            generation,
            before,
            architecture,
            claim: quality.claim.name(),
            outcomes: quality.outcomes,
            mean_gain: quality.mean_gain,
            log_evidence: quality.log_gain,
            alpha: challenger.alpha,
            remembered: challenger.remembered,
            digests,
        });
        Ok(())
    }

    fn relieve(&mut self, option: usize) -> Result<(), LearnError> {
        let found = self.landed.take().and_then(|mut landed| landed.take(option));
        let Some(Trained { edit, result, learned, schema, .. }) = found else { return Ok(()) };
        let source = self.cost_source().name();
        let compute_upper = self.trial_upper(&edit, &result).unwrap_or(f64::NAN);
        let children = self.caught_up(result.children, learned, &schema)?;
        let arm = self.arms.pool.edit(&self.arms.control, &edit, children)?;
        let taken = self.take_over(arm, Change::Relief(option), 0.0)?;
        self.arms.tidy();
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
    /// Learners that no arm has any more stay until the caller, who may still have an arm, lets go of them.
    fn take_over(&mut self, arm: Arm, change: Change, allowed: f64) -> Result<Option<Taken>, LearnError> {
        let network = self.arms.pool.freeze(&arm)?;
        let model = self.model(network)?;
        let before = self.arms.mixture()?.to_string();
        let previous = std::mem::replace(&mut self.arms.control, arm);
        let served_learned = std::mem::replace(&mut self.arms.served_learned, self.arms.pool.learned());
        let displaced_before = self.arms.displaced.take();
        if change == Change::Promotion {
            self.arms.displaced = Some(self.watched(previous.clone(), served_learned, allowed));
        }
        self.arms.refresh_harm = EProcess::new(0.0);
        // Trials must start from the learner that serves from now on.
        self.state.history.forget_checkpoints();
        let checkpoint = self.arms.pool.arm_state(&self.arms.control)?;
        self.state.history.checkpoint(checkpoint);
        *self.counter(change) += 1;
        let tests = self.state.tests.clone();
        if change == Change::Promotion {
            self.state.tests.discovered();
        }
        let served = self.generation(model);
        // Everything above is in the snapshot that makes it durable.
        let digests = match self.make_durable(&served, change) {
            Ok(digests) => digests,
            Err(error) => {
                self.arms.displaced = displaced_before;
                self.arms.control = previous;
                self.arms.served_learned = served_learned;
                *self.counter(change) -= 1;
                self.state.tests = tests;
                self.state.history.forget_checkpoints();
                self.swap_failed(change, error.to_string());
                return Ok(None);
            }
        };
        self.measured = None;
        let generation = served.generation;
        self.curves.swapped(self.state.outcomes, generation.0);
        if change == Change::Promotion {
            self.slot.replace(served);
        } else {
            // Nothing can come back, so nothing is kept: it may have been too large.
            self.slot.refresh(served);
            self.slot.release();
        }
        self.time_of_next();
        Ok(Some(Taken { before, generation, digests }))
    }

    /// What serves stays, and the lifecycle decides what becomes of it.
    pub(super) fn swap_failed(&mut self, change: Change, text: String) {
        self.step(change, self.slot.load().generation, SWAP_FAILED, text.clone());
        self.happened.push(AuditEvent::Alarm { text });
        self.events.push_back(Event::SwapFailed(change));
    }

    fn watched(&mut self, arm: Arm, served_learned: u64, allowed: f64) -> Displaced {
        let config = &self.rules.config;
        let watch = Watch::new(config.watch.alpha, config.watch.outcomes, config.gate.block_outcomes)
            .allowing(allowed)
            .allowing_overruns(self.usual_overruns());
        let (path, from) = (EvidencePath::default(), self.state.positions.clone());
        Displaced { number: self.state.number(), arm, served_learned, watch, path, from }
    }

    fn counter(&mut self, change: Change) -> &mut u64 {
        let counts = &mut self.state.counts;
        match change {
            Change::Refresh => &mut counts.refreshes,
            Change::Promotion => &mut counts.promotions,
            Change::Takeover => &mut counts.takeovers,
            Change::Relief(_) => &mut counts.reliefs,
            Change::Rollback => &mut counts.rollbacks,
        }
    }

    /// The displaced champion serves again from this moment on: the pointer goes first, to the model that is kept
    /// warm, with the weights and the generation it had. What it has learned since is served by the next refresh.
    /// Where none is warm, one is made of its learners. Durable at the end of the unit of work.
    pub(super) fn roll_back(&mut self) -> Result<(), LearnError> {
        // Taken whatever follows: an order is about this rollback and about none after it.
        let ordered_by = self.rolled_back_by.take();
        if let Some(handed_back) = self.hand_back(ordered_by.as_deref())? {
            self.rolled_back = Some(handed_back);
            return Ok(());
        }
        let Some(displaced) = self.arms.displaced.take() else { return self.call_off() };
        let replaces = self.slot.load().generation;
        let is_back = self.slot.roll_back().is_some();
        let before = self.arms.mixture()?.to_string();
        let judged = displaced.judged(&before);
        let (reason, why) = why_back(&displaced.watch, ordered_by.as_deref(), || displaced.why());
        self.happened.push(judged);
        self.arms.control = displaced.arm;
        self.arms.served_learned = displaced.served_learned;
        self.arms.refresh_harm = EProcess::new(0.0);
        self.arms.tidy();
        self.measured = None;
        self.time_of_next();
        if !is_back {
            self.refresh()?;
        }
        self.state.history.forget_checkpoints();
        let checkpoint = self.arms.pool.arm_state(&self.arms.control)?;
        self.state.history.checkpoint(checkpoint);
        self.state.counts.rollbacks += 1;
        let served = self.slot.load();
        self.curves.swapped(self.state.outcomes, served.generation.0);
        let (generation, architecture) = (served.generation, self.arms.mixture()?.to_string());
        let digests = self.digests(&served)?;
        self.rolled_back =
            Some(AuditEvent::RolledBack { generation, replaces, before, architecture, reason, why, digests });
        Ok(())
    }

    /// It is called done once a crash does not undo it: where the disk does not take it, that is tried again with each
    /// unit of work, and said once.
    fn keep_rollback(&mut self, rolled_back: AuditEvent) -> Result<(), LearnError> {
        let generation = self.slot.load().generation;
        self.step(Change::Rollback, generation, "prepared", "the snapshot that names it comes next".into());
        match self.commit_state() {
            Ok(()) => self.happened.push(rolled_back),
            Err(fenced @ LearnError::Store(StoreError::Fenced { .. })) => return Err(fenced),
            Err(error) => {
                if !std::mem::replace(&mut self.rollback_waits, true) {
                    let text = format!("the rollback serves, and is not durable yet: {error}");
                    self.happened.push(AuditEvent::Alarm { text });
                }
                self.rolled_back = Some(rolled_back);
                return Ok(());
            }
        }
        self.rollback_waits = false;
        Ok(())
    }

    /// A promotion that was asked for in this unit of work and is to be taken back before it was made.
    fn call_off(&mut self) -> Result<(), LearnError> {
        self.pending_swap = None;
        self.drop_challenger("a budget was breached before it served".into())
    }

    /// Networks as they may be served now.
    fn model(&self, network: MixtureNetwork) -> Result<Model, ModelError> {
        let model = Model::new(self.rules.config.schema.clone(), self.state.encoder.clone(), network)?;
        Ok(model.knowing(self.state.context))
    }

    pub(super) fn generation(&mut self, model: Model) -> Served {
        self.state.generation += 1;
        let standing = self.arms.standing();
        Served { generation: Generation(self.state.generation), model, prior_only: false, standing }
    }

    pub(super) fn digests(&self, served: &Served) -> Result<Option<Digests>, LearnError> {
        self.storage.as_ref().map(|_| Digests::of(&served.model)).transpose()
    }

    /// A copy of what is served that later swaps do not alter.
    pub(super) fn frozen_champion(&self) -> Result<Model, LearnError> {
        Ok(Model::from_parts(self.slot.load().model.parts()?, &self.device)?)
    }
}

/// Why what was displaced serves again, in one word and in a sentence: somebody's order goes before harm that the watch
/// has seen, which is told beside it, and that before a budget.
pub(super) fn why_back(
    watch: &Watch,
    ordered_by: Option<&str>,
    harm: impl FnOnce() -> String,
) -> (&'static str, String) {
    match (ordered_by, watch.verdict()) {
        (Some(by), _) => (PERSON, format!("{by} ordered it")),
        (None, WatchVerdict::Rollback) => (watch.evidence().kind(), harm()),
        (None, WatchVerdict::Watching | WatchVerdict::Keep) => (BUDGET, "a budget is breached".into()),
    }
}

#[cfg(test)]
mod tests;
