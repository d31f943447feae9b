//! Reload: the configuration read again while the daemon runs, and what of it may take effect.
//!
//! Lives here: which keys differ, and which of them need a restart. May not: apply anything.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::raw::Raw;
use super::{Config, ConfigError, LearnConfig};

/// Keys that take effect at once; [`LearnConfig::with_what_counts_at_once_of`] takes them over.
const AT_ONCE: [&str; 17] = [
    "budget.compute_seconds",
    "budget.memory_bytes",
    "budget.patience",
    "budget.slow_ratio",
    "budget.failed_ratio",
    "search.enabled",
    "search.candidates",
    "search.cooldown_outcomes",
    "search.plateau_outcomes",
    "gate.approval",
    "gate.approval_seconds",
    "gate.deadline_outcomes",
    "gate.deadline_seconds",
    "relief.quality_loss_max",
    "refresh.every_outcomes",
    "watch.outcomes",
    "watch.deadline_seconds",
];
/// The budgets of the service, of which the limits take effect at once.
const WATCH: &str = "budget.watch";

/// The layers of a configuration, and what they said when the daemon started.
#[derive(Clone, Debug)]
pub struct Layers {
    file: PathBuf,
    environment: BTreeMap<String, String>,
    /// At the start, whose other keys are in force until the end.
    started: toml::Table,
}

/// What reading them again came to.
#[derive(Clone, Debug)]
pub struct Reloaded {
    /// What they say now.
    pub learn: Box<LearnConfig>,
    /// The keys that differ from those of the start and take effect only after another one.
    pub needs_restart: Vec<String>,
}

impl Layers {
    /// As they are now; refused as the configuration would be.
    pub fn read(file: PathBuf, environment: BTreeMap<String, String>) -> Result<(Self, Config), ConfigError> {
        let config = Config::load(Some(&file), &environment)?;
        let started = effective(&file, &environment)?;
        Ok((Self { file, environment, started }, config))
    }

    /// The file among them.
    pub fn file(&self) -> &std::path::Path {
        &self.file
    }

    /// Once more; refused as a whole if anything is wrong.
    pub fn again(&self) -> Result<Reloaded, ConfigError> {
        let config = Config::load(Some(&self.file), &self.environment)?;
        let now = effective(&self.file, &self.environment)?;
        let needs_restart = differences(&self.started, &now);
        Ok(Reloaded { learn: Box::new(config.learn), needs_restart })
    }
}

/// Whether a change of this key counts while the daemon runs.
pub(super) fn takes_effect_at_once(path: &str) -> bool {
    AT_ONCE.contains(&path) || path == WATCH
}

impl LearnConfig {
    /// The same with what counts at once as another has it; of a watched budget that is its limit.
    #[must_use]
    pub fn with_what_counts_at_once_of(&self, newer: &Self) -> Self {
        let mut merged = self.clone();
        merged.budget = self.budget.with_limits_of(&newer.budget);
        merged.search.enabled = newer.search.enabled;
        merged.search.candidates = newer.search.candidates;
        merged.search.cooldown_outcomes = newer.search.cooldown_outcomes;
        merged.search.plateau_outcomes = newer.search.plateau_outcomes;
        merged.gate.approval = newer.gate.approval;
        merged.gate.approval_seconds = newer.gate.approval_seconds;
        merged.gate.quality.deadline_outcomes = newer.gate.quality.deadline_outcomes;
        merged.gate.deadline_seconds = newer.gate.deadline_seconds;
        merged.relief.quality_loss_max = newer.relief.quality_loss_max;
        merged.refresh.every_outcomes = newer.refresh.every_outcomes;
        merged.watch.outcomes = newer.watch.outcomes;
        merged.watch.deadline_seconds = newer.watch.deadline_seconds;
        merged
    }
}

fn effective(
    file: &std::path::Path,
    environment: &BTreeMap<String, String>,
) -> Result<toml::Table, ConfigError> {
    // With secrets: that one has changed is to be noticed.
    Raw::load(Some(file), environment)?.table()
}

/// The keys that differ and do not take effect at once.
fn differences(before: &toml::Table, after: &toml::Table) -> Vec<String> {
    let keys = |table: &toml::Table| -> BTreeMap<String, toml::Value> {
        let sections = table.iter().filter_map(|(name, section)| Some((name, section.as_table()?)));
        sections
            .flat_map(|(name, section)| section.iter().map(move |(key, value)| (name, key, value)))
            .map(|(name, key, value)| (format!("{name}.{key}"), value.clone()))
            .collect()
    };
    let (before, after) = (keys(before), keys(after));
    let all = before.keys().chain(after.keys().filter(|key| !before.contains_key(*key)));
    let differs = |key: &&String| {
        let (before, after) = (before.get(*key), after.get(*key));
        if *key == WATCH { without_limits(before) != without_limits(after) } else { before != after }
    };
    all.filter(differs).filter(|key| !AT_ONCE.contains(&key.as_str())).cloned().collect()
}

fn without_limits(watch: Option<&toml::Value>) -> Vec<toml::Table> {
    let entries = watch.and_then(toml::Value::as_array).into_iter().flatten();
    let tables = entries.filter_map(toml::Value::as_table).cloned();
    tables
        .map(|mut entry| {
            entry.remove("limit");
            entry
        })
        .collect()
}

#[cfg(test)]
mod tests;
