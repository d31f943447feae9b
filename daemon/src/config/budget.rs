//! Budgets, as they stand in the configuration, and where their readings come from.
//!
//! Lives here: the sections and the way to checked values, and what of them may change while the daemon runs. Does not
//! live here: what a breach leads to.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use adapters::promql::{Promql, PromqlConfig};
use policies::detect::BudgetKind;
use serde::{Deserialize, Serialize};

use super::{ConfigError, refuse};

/// Name of the budget of the model's compute time, in the configuration and on the metrics topic.
pub const COMPUTE: &str = "compute_seconds";
/// Name of the budget of the model's memory.
pub const MEMORY: &str = "memory_bytes";
/// Budgets of the service, at most.
pub const WATCHES_MAX: usize = 32;
/// Bytes of a budget's name, and of a query, at most.
const NAME_BYTES_MAX: usize = 64;
const QUERY_BYTES_MAX: usize = 4_096;

/// `[budget]`; `config/default.toml` documents every key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BudgetSection {
    pub compute_seconds: f64,
    pub compute_batch: usize,
    pub memory_bytes: u64,
    pub patience: u32,
    pub slow_ratio: f64,
    pub failed_ratio: f64,
    pub watch: Vec<WatchSection>,
}

/// `[[budget.watch]]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WatchSection {
    pub name: String,
    pub kind: String,
    pub limit: f64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub query: String,
}

/// `[prometheus]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrometheusSection {
    pub url: String,
    pub every_seconds: u64,
    pub timeout_seconds: u64,
    pub token_file: String,
    pub ca_file: String,
}

/// Budgets to begin with, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct BudgetConfig {
    /// Of the model's compute time for one batch.
    pub compute_seconds: f64,
    /// Rows in that batch.
    pub compute_batch: usize,
    /// Of the model's memory.
    pub memory_bytes: u64,
    /// Readings over the limit, in a row, that make a breach.
    pub patience: u32,
    /// Share of units of work that may be over the compute time.
    pub slow_ratio: f64,
    /// Share of events that may not be answered.
    pub failed_ratio: f64,
    /// Budgets of the service.
    pub watch: Vec<WatchConfig>,
}

/// A budget of the service.
#[derive(Clone, Debug, PartialEq)]
pub struct WatchConfig {
    /// Its name, also on the metrics topic.
    pub name: String,
    /// What it is about.
    pub kind: BudgetKind,
    /// The limit.
    pub limit: f64,
    /// What to ask Prometheus for its reading; none where it comes from the metrics topic only.
    pub query: Option<String>,
}

/// Which Prometheus is asked, and how often.
#[derive(Clone, Debug, PartialEq)]
pub struct PrometheusConfig {
    /// How it is reached.
    pub server: PromqlConfig,
    /// From one round of questions to the next.
    pub every: Duration,
}

impl BudgetSection {
    /// Refuses what cannot be a budget, naming the key.
    pub fn checked(self) -> Result<BudgetConfig, ConfigError> {
        for (key, share) in [("slow_ratio", self.slow_ratio), ("failed_ratio", self.failed_ratio)] {
            if !(share > 0.0 && share <= 1.0) {
                return refuse(format!("`budget.{key}` is {share}; give a share above 0, 1 asks nothing"));
            }
        }
        if self.memory_bytes == 0 {
            return refuse("`budget.memory_bytes` is 0; give a number above 0");
        }
        if self.watch.len() > WATCHES_MAX {
            return refuse(format!(
                "`budget.watch` has {} entries; give at most {WATCHES_MAX}",
                self.watch.len()
            ));
        }
        let watch = self.watch.into_iter().map(WatchSection::checked).collect::<Result<Vec<_>, _>>()?;
        let mut names = BTreeSet::from([COMPUTE, MEMORY]);
        if let Some(twice) = watch.iter().find(|one| !names.insert(one.name.as_str())) {
            return refuse(format!("`budget.watch`: there is another budget named `{}`", twice.name));
        }
        Ok(BudgetConfig {
            compute_seconds: self.compute_seconds,
            compute_batch: self.compute_batch,
            memory_bytes: self.memory_bytes,
            patience: self.patience,
            slow_ratio: self.slow_ratio,
            failed_ratio: self.failed_ratio,
            watch,
        })
    }
}

impl WatchSection {
    fn checked(self) -> Result<WatchConfig, ConfigError> {
        let Self { name, kind, limit, query } = self;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !(1..=NAME_BYTES_MAX).contains(&name.len()) || !name.chars().all(plain) {
            return refuse(format!(
                "`budget.watch.name` is `{name}`; use a-z, 0-9 and `_`, at most {NAME_BYTES_MAX}"
            ));
        }
        let kind = match kind.as_str() {
            "latency" => BudgetKind::Latency,
            "cost" => BudgetKind::Cost,
            "energy" => BudgetKind::Energy,
            "memory" => BudgetKind::Memory,
            "error_rate" => BudgetKind::ErrorRate,
            other => {
                return refuse(format!(
                    "`budget.watch.kind` of `{name}` is `{other}`; give `latency`, `cost`, `energy`, `memory` or `error_rate`"
                ));
            }
        };
        if !(limit > 0.0 && limit.is_finite()) {
            return refuse(format!("`budget.watch.limit` of `{name}` is {limit}; give a number above 0"));
        }
        if query.len() > QUERY_BYTES_MAX {
            return refuse(format!(
                "`budget.watch.query` of `{name}` is longer than {QUERY_BYTES_MAX} bytes"
            ));
        }
        Ok(WatchConfig { name, kind, limit, query: (!query.trim().is_empty()).then_some(query) })
    }
}

impl PrometheusSection {
    /// None where there is no server; refused where a budget needs one.
    pub fn checked(self, budget: &BudgetConfig) -> Result<Option<PrometheusConfig>, ConfigError> {
        if self.url.is_empty() {
            return match budget.watch.iter().find(|watch| watch.query.is_some()) {
                Some(WatchConfig { name, .. }) => refuse(format!(
                    "`budget.watch.query` of `{name}` asks Prometheus, but `prometheus.url` is empty; say where it is"
                )),
                None => Ok(None),
            };
        }
        // It is told where something fails.
        if self.url.contains('@') {
            return refuse("`prometheus.url` names a user; give a bearer token as `prometheus.token_file`");
        }
        if !["http://", "https://"].iter().any(|scheme| self.url.starts_with(scheme)) {
            return refuse(format!(
                "`prometheus.url` is `{}`; give http:// or https:// and a host",
                self.url
            ));
        }
        for (key, seconds) in
            [("every_seconds", self.every_seconds), ("timeout_seconds", self.timeout_seconds)]
        {
            if !(1..=86_400).contains(&seconds) {
                return refuse(format!("`prometheus.{key}` is {seconds}; give 1 to 86400"));
            }
        }
        let file = |name: &String| (!name.is_empty()).then(|| PathBuf::from(name));
        let (token_file, ca_file) = (file(&self.token_file), file(&self.ca_file));
        let timeout = Duration::from_secs(self.timeout_seconds);
        let server = PromqlConfig { url: self.url, timeout, token_file, ca_file };
        Ok(Some(PrometheusConfig { server, every: Duration::from_secs(self.every_seconds) }))
    }
}

impl PrometheusConfig {
    /// The way there; its files are read.
    pub fn open(&self) -> Result<Promql, ConfigError> {
        Promql::new(self.server.clone())
            .map_err(|error| ConfigError(format!("`prometheus.ca_file` cannot be used: {error}")))
    }
}

impl BudgetConfig {
    /// What Prometheus is asked, by the budget's name.
    pub fn queries(&self) -> Vec<(String, String)> {
        let asked = |watch: &WatchConfig| Some((watch.name.clone(), watch.query.clone()?));
        self.watch.iter().filter_map(asked).collect()
    }

    /// These budgets with the limits of newer ones: which budgets there are stays until a restart, and so does the batch
    /// that compute time is measured for.
    #[must_use]
    pub fn with_limits_of(&self, newer: &Self) -> Self {
        let watch = self.watch.iter().map(|watch| {
            let same = |other: &&WatchConfig| other.name == watch.name && other.kind == watch.kind;
            let limit = newer.watch.iter().find(same).map_or(watch.limit, |other| other.limit);
            WatchConfig { limit, ..watch.clone() }
        });
        Self { watch: watch.collect(), compute_batch: self.compute_batch, ..newer.clone() }
    }
}
