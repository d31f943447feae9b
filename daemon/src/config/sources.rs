//! Sources: what is in effect, and where each value comes from.
//!
//! Lives here: all settings as one table, and the list of `driftform check --sources`. May not: merge layers (that is [`super::raw`]).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use adapters::files::read_whole_text;
use adapters::kafka::KafkaConfig;

use super::ConfigError;
use super::raw::{FILE_BYTES_MAX, PREFIX, Raw};

impl Raw {
    /// All settings; secrets among them are as they are.
    pub fn table(&self) -> Result<toml::Table, ConfigError> {
        toml::Table::try_from(self).map_err(|error| ConfigError(error.to_string()))
    }

    /// All settings, as they may be shown.
    pub fn shown(&self) -> Result<toml::Table, ConfigError> {
        let mut shown = self.clone();
        shown.kafka.properties = KafkaConfig::shown(&self.kafka.properties);
        shown.table()
    }
}

/// A key a line, with its value and where that comes from: the environment, the file, or the defaults.
pub(super) fn told(
    file: Option<&Path>,
    environment: &BTreeMap<String, String>,
) -> Result<String, ConfigError> {
    let shown = Raw::load(file, environment)?.shown()?;
    let text = file.and_then(|path| read_whole_text(path, FILE_BYTES_MAX).ok()).unwrap_or_default();
    // It has just been read without complaint.
    let in_file: toml::Table = text.parse().unwrap_or_default();
    let mut told = String::new();
    for (section, keys) in &shown {
        for (key, value) in keys.as_table().into_iter().flatten() {
            let variable = format!("{PREFIX}{}__{}", section.to_uppercase(), key.to_uppercase());
            let is_in_file = in_file.get(section).is_some_and(|section| section.get(key).is_some());
            let source = match file {
                _ if environment.contains_key(&variable) => variable,
                Some(file) if is_in_file => file.display().to_string(),
                Some(_) | None => "the defaults".into(),
            };
            let _infallible = writeln!(told, "{section}.{key} = {value}  # from {source}");
        }
    }
    Ok(told)
}

#[cfg(test)]
mod tests;
