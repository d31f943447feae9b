//! Budget: a measured quantity of the service against the limit an operator set.
//!
//! Lives here: patience, so that one slow reading is no breach, and what kind of answer a breach asks for. May not:
//! measure, or choose a limit.

use serde::{Deserialize, Serialize};

use crate::detect::{Detector, DetectorKind, Drift};

/// A budget that is exceeded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Breach {
    /// Name of the budget.
    pub budget: String,
    /// What was measured last.
    pub measured: f64,
    /// What would have been allowed.
    pub limit: f64,
}

/// What a budget is about, and so what answers its breach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BudgetKind {
    /// Compute time of the model, which a gate asks about, too.
    ModelSeconds,
    /// Memory of the model, which a gate asks about, too.
    ModelBytes,
    /// How long the service takes, however that is measured.
    Latency,
    /// What the service costs.
    Cost,
    /// What the service draws.
    Energy,
    /// Memory of the service.
    Memory,
    /// How often the service fails.
    ErrorRate,
}

/// What answers the breach of a budget.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Remedy {
    /// A network that costs less.
    Relief(Saving),
    /// Another network: a smaller one would fail as often.
    Search,
}

/// What a relief has to save.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Saving {
    /// Of what.
    pub resource: Resource,
    /// How much of what the champion takes may be left; none where the budget's own gate says what may.
    pub share: Option<f64>,
}

/// What a network takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// Time to compute.
    Time,
    /// Bytes of weights.
    Bytes,
}

impl BudgetKind {
    /// Its name in configuration, metrics and the journal.
    pub fn name(self) -> &'static str {
        match self {
            Self::ModelSeconds => "model_seconds",
            Self::ModelBytes => "model_bytes",
            Self::Latency => "latency",
            Self::Cost => "cost",
            Self::Energy => "energy",
            Self::Memory => "memory",
            Self::ErrorRate => "error_rate",
        }
    }

    /// Whether it limits the model itself, so that the model can be measured against it at any time.
    pub fn is_of_the_model(self) -> bool {
        match self {
            Self::ModelSeconds | Self::ModelBytes => true,
            Self::Latency | Self::Cost | Self::Energy | Self::Memory | Self::ErrorRate => false,
        }
    }

    /// What answers a breach. What a service takes is not all the model's, so a model that takes the same share less is
    /// the least that can bring it under its limit.
    pub fn remedy(self, breach: &Breach) -> Remedy {
        let share = (breach.limit / breach.measured).clamp(0.0, 1.0);
        let (resource, share) = match self {
            Self::ModelSeconds => (Resource::Time, None),
            Self::ModelBytes => (Resource::Bytes, None),
            Self::Latency | Self::Cost | Self::Energy => (Resource::Time, Some(share)),
            Self::Memory => (Resource::Bytes, Some(share)),
            Self::ErrorRate => return Remedy::Search,
        };
        Remedy::Relief(Saving { resource, share })
    }
}

/// Reports a breach when so many readings in a row are over the limit.
///
/// There is no chance in it, so no false-alarm rate: a service that is over its limit for `patience`
/// readings is over its limit. Readings should already be robust (a quantile of a window, say).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BudgetDetector {
    name: String,
    limit: f64,
    patience: u32,
    over: u32,
    last: Option<f64>,
    ignored: u64,
}

impl BudgetDetector {
    /// Watches the budget of this name; a patience of zero counts as one.
    pub fn new(name: String, limit: f64, patience: u32) -> Self {
        Self { name, limit, patience: patience.max(1), over: 0, last: None, ignored: 0 }
    }

    /// Takes in one reading; those not finite are counted and ignored.
    pub fn measure(&mut self, measured: f64) -> Option<Breach> {
        if !measured.is_finite() {
            self.ignored += 1;
            return None;
        }
        self.last = Some(measured);
        self.over = if measured > self.limit { self.over + 1 } else { 0 };
        if self.over < self.patience {
            return None;
        }
        self.over = 0;
        Some(Breach { budget: self.name.clone(), measured, limit: self.limit })
    }

    /// Sets another limit; readings over the old one no longer count.
    pub fn set_limit(&mut self, limit: f64) {
        self.limit = limit;
        self.over = 0;
    }

    /// Sets another patience; a run of readings over the limit goes on.
    pub fn set_patience(&mut self, patience: u32) {
        self.patience = patience.max(1);
    }

    /// Name of the budget.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The limit in force.
    pub fn limit(&self) -> f64 {
        self.limit
    }

    /// The last reading.
    pub fn last(&self) -> Option<f64> {
        self.last
    }

    /// How many readings were ignored, not being finite.
    pub fn ignored(&self) -> u64 {
        self.ignored
    }
}

impl Detector for BudgetDetector {
    type Observation = f64;

    /// The statistic is the reading, the threshold is the limit.
    fn observe(&mut self, observation: &f64) -> Option<Drift> {
        let breach = self.measure(*observation)?;
        Some(Drift {
            detector: DetectorKind::Budget,
            statistic: breach.measured,
            threshold: breach.limit,
            ago: u64::from(self.patience),
            features: Vec::new(),
        })
    }

    fn reset(&mut self) {
        self.over = 0;
        self.last = None;
    }
}

#[cfg(test)]
mod tests;
