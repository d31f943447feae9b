//! Budgets: limits of the model and of the service around it, what was read last, and who set them.
//!
//! Lives here: every way in for a reading and for a limit, and which limit is in force. May not: decide what follows from
//! a breach (that is the lifecycle), ask anybody for a reading.
//!
//! A limit that was set while the daemon ran stays, also over a restart, until the configuration says something else than
//! it said when it was read last: then the configuration is the newer word.

use std::collections::BTreeMap;

use model::{Metric, Reading, Timestamp};
use policies::detect::{Breach, BudgetDetector, BudgetKind, BurnRate};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Learn;
use crate::config::{BudgetConfig, COMPUTE, ConfigError, MEMORY, Reloaded};
use crate::lifecycle::Event;
use crate::telemetry::{APPLIED, AuditEvent, PARTIAL, REJECTED};

/// Where a limit was set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SetIn {
    /// In the configuration.
    Config,
    /// By a message on the metrics topic.
    Topic,
    /// On the admin interface, by somebody who may have said who they are.
    Admin(Option<String>),
}

impl SetIn {
    /// Its name in the journal and in answers.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Config => "configuration",
            Self::Topic => "metrics_topic",
            Self::Admin(_) => "admin",
        }
    }

    /// Who it was, where they said so.
    pub fn by(&self) -> Option<&str> {
        match self {
            Self::Config | Self::Topic => None,
            Self::Admin(by) => by.as_deref(),
        }
    }
}

/// What was read, or measured, of that which a budget limits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BudgetReading {
    /// In what the limit is in.
    pub value: f64,
    /// How old a reading is; none where the model itself was measured, when it was swapped in.
    pub age_seconds: Option<f64>,
}

/// One budget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    detector: BudgetDetector,
    kind: BudgetKind,
    /// The limit in the configuration, as it was read last.
    configured: f64,
    set_in: SetIn,
    read_at: Option<Timestamp>,
}

impl Budget {
    fn new(name: &str, kind: BudgetKind, limit: f64, patience: u32) -> Self {
        let detector = BudgetDetector::new(name.into(), limit, patience);
        Self { detector, kind, configured: limit, set_in: SetIn::Config, read_at: None }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.detector.name()
    }

    /// What it limits.
    pub fn kind(&self) -> BudgetKind {
        self.kind
    }

    /// The limit in the configuration.
    pub fn configured(&self) -> f64 {
        self.configured
    }

    /// Where the limit in force was set.
    pub fn set_in(&self) -> &SetIn {
        &self.set_in
    }

    /// The limit in force.
    pub fn limit(&self) -> f64 {
        self.detector.limit()
    }

    /// What was read last, and when.
    pub fn last(&self) -> Option<(f64, Timestamp)> {
        self.detector.last().zip(self.read_at)
    }

    fn measure(&mut self, value: f64, now: Timestamp) -> Option<Breach> {
        if value.is_finite() {
            self.read_at = Some(now);
        }
        self.detector.measure(value)
    }

    fn set(&mut self, limit: f64, set_in: SetIn) -> AuditEvent {
        let before = self.limit();
        self.detector.set_limit(limit);
        self.set_in = set_in;
        AuditEvent::BudgetSet {
            budget: self.name().into(),
            before,
            limit,
            set_in: self.set_in.name(),
            by: self.set_in.by().map(str::to_owned),
        }
    }

    fn to_json(&self, reading: Option<BudgetReading>) -> Value {
        json!({
            "name": self.name(),
            "kind": self.kind.name(),
            "limit": self.limit(),
            "configured": self.configured,
            "reading": reading.map(|reading| reading.value),
            "reading_age_seconds": reading.and_then(|reading| reading.age_seconds),
            "set_in": self.set_in.name(),
            "set_by": self.set_in.by(),
        })
    }
}

/// All budgets, and how fast those of the daemon's own answers are used up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Budgets {
    each: Vec<Budget>,
    /// Units of work over the compute time.
    pub(super) slow: BurnRate,
    /// Events that were not answered.
    pub(super) failed: BurnRate,
}

impl Budgets {
    /// As they are configured.
    pub fn new(config: &BudgetConfig) -> Self {
        let (slow, failed) = (BurnRate::new(config.slow_ratio), BurnRate::new(config.failed_ratio));
        Self { each: configured(config), slow, failed }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Budget> {
        self.each.iter()
    }

    /// The one of this name.
    pub fn get(&self, name: &str) -> Option<&Budget> {
        self.each.iter().find(|budget| budget.name() == name)
    }

    /// The shares that may be bad, by name, with how fast they are used up.
    pub fn burn_rates(&self) -> [(&'static str, &BurnRate); 2] {
        [("slow_ratio", &self.slow), ("failed_ratio", &self.failed)]
    }

    fn get_mut(&mut self, name: &str) -> Option<&mut Budget> {
        self.each.iter_mut().find(|budget| budget.name() == name)
    }

    fn known(&self) -> String {
        self.each.iter().map(Budget::name).collect::<Vec<_>>().join(", ")
    }

    /// The budgets of a configuration, with what is known of them. Where it names another limit than it did, that is in
    /// force now, which is told.
    fn follow(&mut self, config: &BudgetConfig) -> Vec<AuditEvent> {
        let mut told = Vec::new();
        let known = std::mem::take(&mut self.each);
        for wanted in configured(config) {
            let same = |budget: &&Budget| (budget.name(), budget.kind) == (wanted.name(), wanted.kind);
            let Some(mut budget) = known.iter().find(same).cloned() else {
                self.each.push(wanted);
                continue;
            };
            budget.detector.set_patience(config.patience);
            if budget.configured.to_bits() != wanted.configured.to_bits() {
                budget.configured = wanted.configured;
                told.push(budget.set(wanted.configured, SetIn::Config));
            }
            self.each.push(budget);
        }
        self.slow.set_allowed(config.slow_ratio);
        self.failed.set_allowed(config.failed_ratio);
        told
    }
}

fn configured(config: &BudgetConfig) -> Vec<Budget> {
    let patience = config.patience;
    let mut each = vec![
        Budget::new(COMPUTE, BudgetKind::ModelSeconds, config.compute_seconds, patience),
        Budget::new(MEMORY, BudgetKind::ModelBytes, config.memory_bytes as f64, patience),
    ];
    each.extend(config.watch.iter().map(|watch| Budget::new(&watch.name, watch.kind, watch.limit, patience)));
    each
}

impl Learn {
    /// A reading of the service, or an operator's new limit.
    pub(super) fn metric(&mut self, metric: &Metric) {
        match &metric.reading {
            Reading::Measured { name, value } => self.reading(name, *value),
            Reading::Budget { name, limit } => self.set_budget(name, *limit),
        }
    }

    /// Readings that are in no topic: they are journaled before anything follows from them.
    pub fn read(&mut self, source: &'static str, readings: BTreeMap<String, f64>) {
        self.happened.push(AuditEvent::Readings { source, readings: readings.clone() });
        for (name, value) in readings {
            self.reading(&name, value);
        }
    }

    fn reading(&mut self, name: &str, value: f64) {
        let now = self.state.lifecycle.now();
        let breach = self.state.budgets.get_mut(name).and_then(|budget| budget.measure(value, now));
        if let Some(breach) = breach {
            self.breached(breach);
        }
    }

    /// From the metrics topic, where nobody waits for an answer.
    pub(super) fn set_budget(&mut self, name: &str, limit: f64) {
        if let Err(text) = self.set_limit(name, limit, SetIn::Topic) {
            self.happened.push(AuditEvent::Alarm { text });
        }
    }

    /// On the admin interface; what was done, or why it was not.
    pub fn order_budget(&mut self, name: &str, limit: f64, by: Option<String>) -> Result<String, String> {
        self.set_limit(name, limit, SetIn::Admin(by))
    }

    /// What was read last, or measured, of that which this budget limits.
    pub fn reading_of(&self, budget: &Budget) -> Option<BudgetReading> {
        let own = match budget.kind() {
            BudgetKind::ModelSeconds => self.measured.as_ref().map(|measured| measured.batches[1].upper),
            BudgetKind::ModelBytes => self.measured.as_ref().map(|measured| measured.bytes as f64),
            BudgetKind::Latency
            | BudgetKind::Cost
            | BudgetKind::Energy
            | BudgetKind::Memory
            | BudgetKind::ErrorRate => None,
        };
        let read = || {
            let (value, at) = budget.last()?;
            let age = self.state.lifecycle.now().0.saturating_sub(at.0) as f64 / 1_000.0;
            Some(BudgetReading { value, age_seconds: Some(age) })
        };
        own.map(|value| BudgetReading { value, age_seconds: None })
            .or_else(read)
            .filter(|reading| reading.value.is_finite())
    }

    /// All budgets, as JSON.
    pub fn budgets_told(&self) -> String {
        let each: Vec<Value> =
            self.state.budgets.iter().map(|budget| budget.to_json(self.reading_of(budget))).collect();
        Value::from(each).to_string()
    }

    fn set_limit(&mut self, name: &str, limit: f64, set_in: SetIn) -> Result<String, String> {
        let known = self.state.budgets.known();
        let budget = self.state.budgets.get_mut(name).filter(|_| limit > 0.0 && limit.is_finite());
        let Some(budget) = budget else {
            return Err(format!("budget `{name}` = {limit} ignored: known are {known}, above 0"));
        };
        let before = budget.limit();
        let told = budget.set(limit, set_in);
        self.happened.push(told);
        self.limits_changed();
        Ok(format!("budget {name} is {limit} now; it was {before}"))
    }

    /// The configuration was read again: limits count at once, and where it is wrong nothing does. Whether one changed.
    pub fn reloaded(&mut self, reloaded: Result<Reloaded, ConfigError>) -> bool {
        let mut changed = false;
        let (result, needs_restart, why) = match reloaded {
            Ok(Reloaded { learn, needs_restart }) => {
                self.rules.config = self.rules.config.with_what_counts_at_once_of(&learn);
                changed = self.follow_config();
                if changed {
                    self.limits_changed();
                }
                (if needs_restart.is_empty() { APPLIED } else { PARTIAL }, needs_restart, None)
            }
            Err(error) => (REJECTED, Vec::new(), Some(error.to_string())),
        };
        self.happened.push(AuditEvent::ConfigReloaded { result, needs_restart, why });
        changed
    }

    /// The budgets are those of the configuration as it was read last; whether a limit changed by that.
    pub(super) fn follow_config(&mut self) -> bool {
        let told = self.state.budgets.follow(&self.rules.config.budget);
        let changed = !told.is_empty();
        self.happened.extend(told);
        if changed {
            self.allow_time();
        }
        changed
    }

    /// What was tried under the old limits says nothing; what serves is measured against the new ones.
    fn limits_changed(&mut self) {
        self.allow_time();
        self.events.push_back(Event::BudgetSet);
        self.measure_champion();
    }

    pub(super) fn breached(&mut self, breach: Breach) {
        let Some(kind) = self.state.budgets.get(&breach.budget).map(|budget| budget.kind) else { return };
        self.state.counts.breaches += 1;
        self.events.push_back(Event::Breached(kind.remedy(&breach)));
        self.happened.push(AuditEvent::Breach {
            budget: breach.budget,
            measured: breach.measured,
            limit: breach.limit,
        });
    }
}

#[cfg(test)]
mod tests;
