//! Budgets: their metrics, and what happens to them as sentences.
//!
//! Lives here: limits, readings and how old they are, burn rates, rounds of questions to Prometheus, reloads. May not:
//! ask or set anything.

use policies::detect::{Burn, Severity};
use prometheus::{GaugeVec, IntCounter, IntCounterVec, IntGauge};

use super::AuditEvent;
use super::metrics::Declare;
use crate::config::{COMPUTE, MEMORY};
use crate::learn::Learn;

/// The configuration was read again, and all of it is in force.
pub const APPLIED: &str = "applied";
/// The same, and some of it wants a restart.
pub const PARTIAL: &str = "partial";
/// It is wrong, and nothing of it is in force.
pub const REJECTED: &str = "rejected";
/// What can come of reading the configuration again.
pub const RELOADS: [&str; 3] = [APPLIED, PARTIAL, REJECTED];
/// What can keep a reading from the learn plane, beside what [`Missing`](adapters::promql::Missing) names: it is busy.
pub const NOT_TAKEN: &str = "not_taken";

/// What is known of budgets.
#[derive(Clone, Debug)]
pub struct BudgetMetrics {
    limit: GaugeVec,
    reading: GaugeVec,
    reading_age: GaugeVec,
    burn_rate: GaugeVec,
    burning: GaugeVec,
    reloads: IntCounterVec,
    reload_successful: IntGauge,
    /// Readings that Prometheus gave.
    pub readings: IntCounter,
    /// Readings that it did not give, by reason.
    pub failures: IntCounterVec,
}

impl BudgetMetrics {
    pub(super) fn new(declare: &Declare) -> Self {
        let reload_successful = declare.gauge("driftform_config_last_reload_successful");
        // Nobody would be here with a configuration that was refused at the start.
        reload_successful.set(1);
        Self {
            limit: declare.levels("driftform_budget_limit"),
            reading: declare.levels("driftform_budget_reading"),
            reading_age: declare.levels("driftform_budget_reading_age_seconds"),
            burn_rate: declare.levels("driftform_budget_burn_rate"),
            burning: declare.levels("driftform_budget_burning"),
            reloads: declare.counters("driftform_config_reloads_total"),
            reload_successful,
            readings: declare.counter("driftform_prometheus_readings_total"),
            failures: declare.counters("driftform_prometheus_failures_total"),
        }
    }

    pub(super) fn update(&self, learn: &Learn) {
        let (budgets, now) = (&learn.state().budgets, learn.state().lifecycle.now());
        for budget in budgets.iter() {
            let name = [budget.name()];
            self.limit.with_label_values(&name).set(budget.limit());
            if let Some((reading, at)) = budget.last() {
                self.reading.with_label_values(&name).set(reading);
                let age = now.0.saturating_sub(at.0) as f64 / 1_000.0;
                self.reading_age.with_label_values(&name).set(age);
            }
        }
        for (name, burn) in budgets.burn_rates() {
            for (seconds, rate) in burn.rates() {
                self.burn_rate.with_label_values(&[name, &seconds.to_string()]).set(rate);
            }
            for severity in [Severity::Page, Severity::Ticket] {
                let due = burn.burning().is_some_and(|burning| burning >= severity);
                self.burning.with_label_values(&[name, severity.name()]).set(f64::from(u8::from(due)));
            }
        }
    }

    pub(super) fn record(&self, event: &AuditEvent) {
        if let AuditEvent::ConfigReloaded { result, .. } = event {
            self.reloads.with_label_values(&[*result]).inc();
            self.reload_successful.set(i64::from(*result != REJECTED));
        }
    }
}

impl AuditEvent {
    /// What a burn rate says of a share that may be bad.
    pub fn burn(budget: &'static str, burn: &Burn) -> Self {
        Self::BurnRate {
            budget,
            stage: burn.stage.name(),
            severity: burn.severity.name(),
            factor: burn.factor,
            rate: burn.rate,
            rate_short: burn.rate_short,
            window_seconds: burn.window_seconds,
        }
    }

    /// The sentence of what happens to budgets; nothing for the others.
    pub(super) fn of_budgets(&self) -> String {
        match self {
            Self::BudgetSet { budget, before, limit, set_in, by } => {
                let [before, limit] = [before, limit].map(|value| amount(budget, *value));
                let who = by.as_deref().unwrap_or("an operator");
                let place = match *set_in {
                    "admin" => "on the admin interface",
                    "metrics_topic" => "on the metrics topic",
                    _ => "in the configuration",
                };
                format!("{who} sets the budget {budget} from {before} to {limit} {place}")
            }
            Self::Readings { source, readings } => {
                let each = readings.iter().map(|(name, value)| format!("{name} {value}"));
                format!("readings from {source}: {}", each.collect::<Vec<_>>().join(", "))
            }
            Self::BurnRate { budget, stage, severity, factor, rate, rate_short, window_seconds } => format!(
                "{severity} {stage}: bad answers are {rate:.1} times what {budget} allows over {window_seconds} s and \
                 {rate_short:.1} times lately, {factor} would do"
            ),
            Self::ConfigReloaded { result, needs_restart, why } => {
                let why = why.as_ref().map_or(String::new(), |why| format!(": {why}; nothing has changed"));
                let rest = if needs_restart.is_empty() {
                    String::new()
                } else {
                    format!("; these keys need a restart: {}", needs_restart.join(", "))
                };
                format!("configuration read again: {result}{why}{rest}")
            }
            _ => String::new(),
        }
    }
}

/// A quantity of a budget, for people: those of the service as they are, because only their owner knows the unit.
pub(super) fn amount(budget: &str, value: f64) -> String {
    match budget {
        COMPUTE => format!("{:.0} µs", value * 1e6),
        MEMORY => format!("{value:.0}"),
        _ => value.to_string(),
    }
}
