//! Budget: a measured quantity of the service against the limit an operator set.
//!
//! Lives here: patience, so that one slow reading is no breach. May not: measure, or choose a limit.

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
