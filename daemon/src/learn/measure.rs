//! Measure: what the champion and its candidates cost in time and memory.
//!
//! Lives here: measuring on this machine, and the model of costs that learns from it. A replay measures
//! nothing: the model's stated constants stand in, so that its decisions are the same on every machine.
//! May not: decide what a cost means.

use model::{Architecture, Cost, Edit, Mixture, MixtureNetwork, ModelError};
use policies::detect::Breach;
use policies::gate::Spent;
use policies::op_cost::Load;
use policies::stats::quantile;

use super::state::{COMPUTE, MEMORY};
use super::{Learn, LearnError, arms};
use crate::slot::Served;
use crate::telemetry::AuditEvent;
use crate::trials::protocol::TrialResult;
use crate::trials::worker::{MEASURE_REPEATS, time_batches};

/// Repetitions where nothing but a metric rests on them; a bound of the p99 needs 299.
const TOLD_REPEATS: usize = 500;
/// The quantiles that are told.
pub const QUANTILES: [f64; 3] = [0.5, 0.95, 0.99];

/// Where a cost comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The real network on this machine.
    Measured,
    /// The model of costs.
    Estimated,
}

impl Source {
    /// The word in metrics, the journal and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Estimated => "estimated",
        }
    }
}

/// What a batch of so many rows takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchCost {
    /// Rows in it.
    pub rows: usize,
    /// Seconds at each of [`QUANTILES`]; not a number where none was measured.
    pub quantiles: [f64; 3],
    /// Upper confidence bound of the p99, or what stands in for it.
    pub upper: f64,
}

/// What the champion costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Whether it was measured.
    pub source: Source,
    /// For a batch of one, and for one of the budget's.
    pub batches: [BatchCost; 2],
    /// Memory of its weights, in bytes.
    pub bytes: u64,
}

impl Learn {
    /// Where costs come from: a replay has to decide the same on every machine.
    pub fn cost_source(&self) -> Source {
        if self.waits_for_trials { Source::Estimated } else { Source::Measured }
    }

    /// What the champion costs; none before there is one, or since the last change of its architecture.
    pub fn measured(&self) -> Option<&Measured> {
        self.measured.as_ref()
    }

    /// Measures a champion whose cost is not known yet, for people to see.
    pub(super) fn measure_new(&mut self) -> Result<(), LearnError> {
        let served = self.slot.load();
        if self.measured.is_some() || served.prior_only {
            return Ok(());
        }
        let measured = self.measure(&served, TOLD_REPEATS)?;
        let [one, batch] = measured.batches;
        self.happened.push(AuditEvent::Measured {
            source: measured.source.name(),
            rows: batch.rows,
            upper: batch.upper,
            upper_of_one: one.upper,
            bytes: measured.bytes,
        });
        self.measured = Some(measured);
        Ok(())
    }

    /// The champion's own cost against every budget; a breach needs no patience here, because one
    /// measurement is an upper bound over hundreds of repetitions.
    pub fn measure_champion(&mut self) {
        let served = self.slot.load();
        let Ok(measured) = self.measure(&served, MEASURE_REPEATS) else { return };
        let values = [(COMPUTE, measured.batches[1].upper), (MEMORY, measured.bytes as f64)];
        self.measured = Some(measured);
        for (budget, value) in values {
            let limit = self.state.limit(budget);
            if value > limit {
                self.breached(Breach { budget: budget.into(), measured: value, limit });
                return;
            }
        }
    }

    fn measure(&mut self, served: &Served, repeats: usize) -> Result<Measured, ModelError> {
        let (network, source) = (served.model.network(), self.cost_source());
        let budgeted = self.rules.config.budget.compute_batch;
        let mut batch = |rows: usize| -> Result<BatchCost, ModelError> {
            let load = Load::of(&network.mixture(), network.shape(), rows);
            if source == Source::Estimated {
                let upper = self.state.op_cost.upper(load);
                return Ok(BatchCost { rows, quantiles: [f64::NAN; 3], upper });
            }
            let times = self.time(network, rows, repeats)?;
            let upper = arms::compute_upper(&times).unwrap_or(f64::INFINITY);
            let at = |q: f64| quantile::value(&times, q).unwrap_or(f64::NAN);
            Ok(BatchCost { rows, quantiles: QUANTILES.map(at), upper })
        };
        let batches = [batch(1)?, batch(budgeted)?];
        Ok(Measured { source, batches, bytes: network.cost().bytes })
    }

    /// Times of batches on this machine, from which the model learns.
    pub(super) fn time(
        &mut self,
        network: &MixtureNetwork,
        rows: usize,
        repeats: usize,
    ) -> Result<Vec<f64>, ModelError> {
        let batch = vec![0.0; rows * network.shape().inputs];
        let times = time_batches(repeats, || network.predict(&batch).map(drop))?;
        self.learn_times(Load::of(&network.mixture(), network.shape(), rows), &times);
        Ok(times)
    }

    /// What a batch of the budget's size is estimated not to exceed.
    pub(super) fn estimated(&self, mixture: &Mixture) -> f64 {
        let rows = self.rules.config.budget.compute_batch;
        self.state.op_cost.upper(Load::of(mixture, self.arms.pool.shape(), rows))
    }

    /// The bound of a trial's compute time: measured by the worker, or estimated where it measured nothing.
    pub(super) fn trial_upper(&self, edit: &Edit, result: &TrialResult) -> Option<f64> {
        match self.cost_source() {
            Source::Measured => arms::compute_upper(&result.compute_seconds),
            Source::Estimated => Some(self.estimated(&self.edited(edit)?)),
        }
    }

    /// The model of costs learns from what the worker has measured.
    pub(super) fn learn_cost(&mut self, edit: &Edit, result: &TrialResult) {
        let Some(mixture) = self.edited(edit) else { return };
        let rows = self.rules.config.budget.compute_batch;
        self.learn_times(Load::of(&mixture, self.arms.pool.shape(), rows), &result.compute_seconds);
    }

    fn learn_times(&mut self, load: Load, times: &[f64]) {
        if let (Some(typical), Some(bound)) = (quantile::value(times, 0.5), arms::compute_upper(times)) {
            self.state.op_cost.observe(load, typical, bound);
        }
    }

    /// What the control becomes by an edit; none by one of another control.
    pub(super) fn edited(&self, edit: &Edit) -> Option<Mixture> {
        let control = self.arms.mixture().ok()?;
        edit.check(control.members.len()).ok()?;
        Some(control.edited(edit))
    }

    /// Whether the champion comes so near to a budget that to save is worth a little quality.
    pub(super) fn pressed(&self) -> bool {
        let Some(measured) = &self.measured else { return false };
        let spent = Spent { seconds: measured.batches[1].upper, bytes: measured.bytes as f64 };
        let budgets = Spent { seconds: self.state.limit(COMPUTE), bytes: self.state.limit(MEMORY) };
        spent.presses(budgets, self.rules.config.search.shrink_above)
    }

    /// Whether it is enough for an edit to be no worse than the control: it costs less, and that is worth something.
    pub(super) fn may_cost_quality(&self, edit: &Edit) -> bool {
        let (Ok(control), Some(edited)) = (self.arms.mixture(), self.edited(edit)) else { return false };
        let shape = self.arms.pool.shape();
        self.pressed() && edited.cost(shape).is_below(control.cost(shape))
    }

    /// Whether a child that costs less than its parent should take its place: only where costs press.
    pub(super) fn takes_place(&self, child: &Architecture, parent: &Architecture) -> bool {
        let shape = self.arms.pool.shape();
        self.pressed() && Cost::of(child, shape).is_below(Cost::of(parent, shape))
    }

    /// How far beyond the budgets in force a mixture is expected to be, as a share of the one it exceeds most; 0 within them.
    pub(super) fn excess(&self) -> impl Fn(&Mixture) -> f64 + use<> {
        let (compute_max, bytes_max) = (self.state.limit(COMPUTE), self.state.limit(MEMORY));
        let (shape, rows) = (self.arms.pool.shape(), self.rules.config.budget.compute_batch);
        let op_cost = self.state.op_cost.clone();
        move |mixture| {
            let seconds = op_cost.upper(Load::of(mixture, shape, rows));
            let shares = [seconds / compute_max, mixture.cost(shape).bytes as f64 / bytes_max];
            shares.into_iter().fold(1.0, f64::max) - 1.0
        }
    }

    /// Those of the candidates that are expected to fit the budgets; the others are not tried. A daemon measures the
    /// champion anew before it says so: a machine that was busy once must not end the search for ever.
    pub(super) fn affordable(
        &mut self,
        control: &Mixture,
        candidates: Vec<Edit>,
    ) -> Result<Vec<Edit>, LearnError> {
        if self.cost_source() == Source::Measured {
            self.measured = None;
            self.measure_new()?;
        }
        let asked = candidates.len();
        let excess = self.excess();
        let affordable: Vec<Edit> =
            candidates.into_iter().filter(|edit| excess(&control.edited(edit)) <= 0.0).collect();
        let count = asked - affordable.len();
        if count > 0 {
            self.state.counts.rejected.cost += count as u64;
            self.happened.push(AuditEvent::Rejected { by: "cost", count });
        }
        Ok(affordable)
    }
}
