//! Reload: the configuration read again while the daemon runs, and what of it may take effect.
//!
//! Lives here: which keys differ, and which of them need a restart. May not: apply anything.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::raw::Raw;
use super::{BudgetConfig, Config, ConfigError};

/// Keys that take effect at once.
const AT_ONCE: [&str; 5] = [
    "budget.compute_seconds",
    "budget.memory_bytes",
    "budget.patience",
    "budget.slow_ratio",
    "budget.failed_ratio",
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
#[derive(Clone, Debug, PartialEq)]
pub struct Reloaded {
    /// The budgets they have now.
    pub budget: BudgetConfig,
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

    /// Once more; refused as a whole if anything is wrong.
    pub fn again(&self) -> Result<Reloaded, ConfigError> {
        let config = Config::load(Some(&self.file), &self.environment)?;
        let now = effective(&self.file, &self.environment)?;
        let needs_restart = differences(&self.started, &now);
        Ok(Reloaded { budget: config.learn.budget, needs_restart })
    }
}

fn effective(
    file: &std::path::Path,
    environment: &BTreeMap<String, String>,
) -> Result<toml::Table, ConfigError> {
    // With secrets: that one has changed is to be noticed.
    let raw = Raw::load(Some(file), environment)?;
    toml::Table::try_from(&raw)
        .map_err(|error| ConfigError(format!("the effective settings are not TOML: {error}")))
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
