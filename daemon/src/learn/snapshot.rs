//! Snapshot: state, networks and positions as one value, and the way back.
//!
//! Lives here: the saved form. May not: write files (that is `storage`), decide when.

use std::borrow::Cow;
use std::sync::Arc;

use adapters::audit::Tip;
use model::{Arm, Device, Generation, Model, ModelParts, Pool, PoolState};
use policies::search::{AnyScheduler, SuccessiveHalving};
use policies::stats::EProcess;
use serde::{Deserialize, Serialize};

use super::arms::{Challenger, Displaced};
use super::external::External;
use super::state::COMPUTE;
use super::time::TimeWatch;
use super::{Arms, Learn, LearnError, State};
use crate::config::LearnConfig;
use crate::lifecycle::Rules;
use crate::slot::{self, Served};
use crate::storage::Storage;
use crate::trials::Trials;
use adapters::store::Records;

/// Of what [`Snapshot`] says; to be raised whenever anything in it changes, so that another release says what is
/// the matter instead of misreading it.
pub const FORMAT: u32 = 16;

/// Everything that survives a crash. The state, which is the larger part, is not copied to be written.
#[derive(Debug, Serialize, Deserialize)]
pub struct Snapshot<'a> {
    state: Cow<'a, State>,
    champion: ModelParts,
    /// The champion's: after a rollback, not the last one that was given.
    generation: Generation,
    prior_only: bool,
    pool: PoolState,
    control: Arm,
    served_learned: u64,
    refresh_harm: EProcess,
    reference: ModelParts,
    first: Option<ModelParts>,
    challenger: Option<Challenger>,
    displaced: Option<Displaced>,
    external: Option<External>,
    /// Bytes of records that the state refers to.
    records: u64,
    /// The last line of the journal.
    journal: Tip,
    /// The last line that the decisions topic has, with all before it.
    delivered: u64,
}

impl Snapshot<'_> {
    /// Bytes of records that there have to be.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// The last line of the journal then.
    pub fn journal(&self) -> &Tip {
        &self.journal
    }

    /// The last line that the decisions topic had then, with all before it.
    pub fn delivered(&self) -> u64 {
        self.delivered
    }

    /// What the learn plane remembered.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What served then, under which generation.
    pub fn champion(&self) -> (&ModelParts, Generation) {
        (&self.champion, self.generation)
    }

    /// Two states are the same whatever was written about them, and when.
    #[cfg(test)]
    pub(super) fn without_journal(self) -> Self {
        Self { journal: Tip::default(), delivered: 0, ..self }
    }

    /// As bytes, in memory of just their size.
    pub fn to_bytes(&self) -> Result<Vec<u8>, LearnError> {
        let size = postcard::experimental::serialized_size(self);
        let bytes = size.and_then(|size| postcard::to_extend(self, Vec::with_capacity(size)));
        bytes.map_err(|error| LearnError::Snapshot(error.to_string()))
    }

    /// From bytes whose checksum was right.
    pub fn from_bytes(bytes: &[u8]) -> Result<Snapshot<'static>, LearnError> {
        postcard::from_bytes(bytes).map_err(|error| {
            LearnError::Snapshot(format!(
                "it cannot be read ({error}), so it was written by another build; move the state directory away to start anew"
            ))
        })
    }
}

/// What the learn plane is given from outside.
pub struct Outside {
    /// Rows, resumed to what the snapshot refers to.
    pub records: Records,
    /// Where promotions are made durable.
    pub storage: Option<Storage>,
    /// Whoever runs trials.
    pub trials: Trials,
    /// Whether to wait for trials.
    pub waits_for_trials: bool,
}

impl Learn {
    /// From nothing: the prior serves.
    pub fn cold(config: LearnConfig, outside: Outside) -> Result<Self, LearnError> {
        let device = config.device.open()?;
        let mut state = State::new(&config);
        let shape = model::Shape::of_rows(&config.schema);
        let arms = Arms::cold(&config, shape, &device)?;
        let model = Model::prior(config.schema.clone(), &[], &device)?;
        state.lifecycle.beside(arms.external.as_ref().map(External::serves));
        let standing = arms.standing();
        let first = Served { generation: Generation(0), model, prior_only: true, standing };
        Self::assemble(config, device, state, arms, first, outside)
    }

    /// Where a snapshot left off. Its schema goes on: the one that is configured, with what the stream has
    /// added; where growth is allowed, what the configuration has added is taken in, too.
    pub fn resume(
        mut config: LearnConfig,
        saved: Snapshot<'_>,
        outside: Outside,
    ) -> Result<Self, LearnError> {
        let (declared, grown) = (config.schema.clone(), Arc::new(saved.state.schema().clone()));
        let declared_more = config.evolve.is_some() && declared.evolves(&grown);
        if !grown.evolves(&declared) && !declared_more {
            return Err(LearnError::Snapshot(
                "it belongs to another schema; move the state directory away to start anew, or restore the schema"
                    .into(),
            ));
        }
        config.schema = grown;
        let mut learn = Self::go_on(config, saved, outside)?;
        learn.follow_config();
        if declared_more && declared != learn.rules.config.schema {
            learn.widen(declared)?;
        }
        Ok(learn)
    }

    fn go_on(config: LearnConfig, saved: Snapshot<'_>, outside: Outside) -> Result<Self, LearnError> {
        let device = config.device.open()?;
        let mut state = saved.state.into_owned();
        state.lifecycle.resumed();
        state.join.reconfigure(&config.join);
        state.propose_by(&config);
        super::front::follow(&mut state.front, &config);
        state.tests = state.tests.under(config.gate.alpha_rule, config.gate.quality.alpha);
        let arms = Arms {
            pool: Pool::restore(saved.pool, &device)?,
            control: saved.control,
            served_learned: saved.served_learned,
            refresh_harm: saved.refresh_harm,
            reference: Model::from_parts(saved.reference, &device)?,
            first: saved.first.map(|parts| Model::from_parts(parts, &device)).transpose()?,
            challenger: saved.challenger,
            displaced: saved.displaced,
            // Whoever is configured from now on serves until it is beaten; who is no longer, does not.
            external: config
                .external
                .then(|| saved.external.unwrap_or_else(|| External::new(config.schema.target()))),
        };
        state.lifecycle.beside(arms.external.as_ref().map(External::serves));
        let standing = arms.standing();
        let model = Model::from_parts(saved.champion, &device)?;
        let generation = saved.generation;
        let served = Served { generation, model, prior_only: saved.prior_only, standing };
        Self::assemble(config, device, state, arms, served, outside)
    }

    fn assemble(
        config: LearnConfig,
        device: Device,
        state: State,
        arms: Arms,
        served: Served,
        outside: Outside,
    ) -> Result<Self, LearnError> {
        let search = &config.search;
        let rungs = SuccessiveHalving {
            rungs: search.rungs.clone(),
            eta: search.eta as usize,
            least_gain: search.least_gain,
        };
        let scheduler = AnyScheduler::named(&search.scheduler, rungs)
            .expect("the name was checked with the configuration");
        let space = model::TabularSpace::new(config.limits.clone())?;
        let slot = Arc::new(slot::open(served)?);
        slot.overruns().allow(state.limit(COMPUTE), config.budget.compute_batch);
        Ok(Self {
            time: TimeWatch::default(),
            burnt: super::burn::Burnt::default(),
            curves: super::Curves::new(state.schema().target()),
            slot,
            trials: outside.trials,
            records: outside.records,
            storage: outside.storage,
            waits_for_trials: outside.waits_for_trials,
            rules: Rules { config, scheduler },
            device,
            space,
            arms,
            kept_records: std::collections::VecDeque::new(),
            pending_swap: None,
            rolled_back: None,
            rolled_back_by: None,
            rollback_waits: false,
            room_patience: super::swap::ROOM_PATIENCE,
            measured: None,
            flight: None,
            trained: std::collections::BTreeMap::new(),
            relaxed_in: None,
            landed: None,
            found: None,
            as_remembered: None,
            events: std::collections::VecDeque::new(),
            happened: Vec::new(),
            took: Vec::new(),
            journaled: 0,
            refreshes_told: state.counts.refreshes,
            turn_from: state.positions.clone(),
            encoded: Vec::new(),
            state,
        })
    }

    pub(super) fn snapshot(&self, served: &Served) -> Result<Snapshot<'_>, LearnError> {
        Ok(Snapshot {
            state: Cow::Borrowed(&self.state),
            champion: served.model.parts()?,
            generation: served.generation,
            prior_only: served.prior_only,
            pool: self.arms.pool.state()?,
            control: self.arms.control.clone(),
            served_learned: self.arms.served_learned,
            refresh_harm: self.arms.refresh_harm.clone(),
            reference: self.arms.reference.parts()?,
            first: self.arms.first.as_ref().map(Model::parts).transpose()?,
            challenger: self.arms.challenger.clone(),
            displaced: self.arms.displaced.clone(),
            external: self.arms.external.clone(),
            records: self.records.len(),
            journal: self
                .storage
                .as_ref()
                .map(|storage| storage.decisions().tip().clone())
                .unwrap_or_default(),
            delivered: self.storage.as_ref().map_or(0, |storage| storage.decisions().delivered()),
        })
    }

    /// State as it is now; called between units of work.
    pub fn commit_state(&mut self) -> Result<(), LearnError> {
        self.write_down();
        let served = self.slot.load();
        self.commit(&served)
    }

    pub(super) fn commit(&mut self, served: &Served) -> Result<(), LearnError> {
        if self.storage.is_none() {
            return Ok(());
        }
        // Records first: a snapshot must not refer to what is not there.
        self.records.sync()?;
        let bytes = self.snapshot(served)?.to_bytes()?;
        let Some(storage) = &mut self.storage else { return Ok(()) };
        storage.write_snapshot(&bytes)?;
        let (kept, retention) = (storage.snapshots_kept(), storage.retention());
        self.kept_records.push_back(self.oldest_place());
        while self.kept_records.len() > kept {
            self.kept_records.pop_front();
        }
        let needed = self.kept_records.iter().min().copied().filter(|_| self.kept_records.len() == kept);
        let now = self.state.join.watermark();
        let allowed = self.state.marks.first_kept(retention, self.records.len(), now);
        // The snapshot is there: that records stay which nobody needs is no reason to call it missing.
        if let Err(error) = self.prune_before(needed.unwrap_or_default().max(allowed)) {
            tracing::warn!("{error}");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
