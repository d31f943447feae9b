//! The join, as it stands in the configuration.
//!
//! Lives here: the section and the way to checked bounds. Does not live here: what the join does with them.

use model::{Schema, Target, Truth};
use serde::{Deserialize, Serialize};

use super::{ConfigError, refuse};
use crate::join::{Absent, ENTRY_BYTES, Lateness};

/// Entries that there has to be room for.
const ENTRIES_MIN: usize = 10_000;

/// `[join]`; `config/default.toml` documents every key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JoinSection {
    pub window_seconds: u64,
    pub skew_seconds: u64,
    pub lateness_seconds: u64,
    pub idle_seconds: u64,
    pub memory_bytes: usize,
    pub absent: String,
}

/// How the join is bounded, checked.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct JoinConfig {
    /// Longest time from an event to its label, in milliseconds.
    pub window_ms: i64,
    /// How late records may be.
    pub lateness: Lateness,
    /// Memory of what waits and of what was joined lately.
    pub memory_bytes: usize,
    /// What it means that no label came.
    pub absent: Absent,
}

impl JoinSection {
    /// Refuses what no join can mean.
    pub fn checked(&self, schema: &Schema) -> Result<JoinConfig, ConfigError> {
        if self.window_seconds == 0 {
            return refuse("`join.window_seconds` is 0; give the longest time from an event to its label");
        }
        let least = ENTRIES_MIN * ENTRY_BYTES;
        if self.memory_bytes < least {
            return refuse(format!("`join.memory_bytes` is {}; give {least} or more", self.memory_bytes));
        }
        let ms = |seconds: u64| i64::try_from(seconds.saturating_mul(1_000)).unwrap_or(i64::MAX);
        Ok(JoinConfig {
            window_ms: ms(self.window_seconds),
            lateness: Lateness {
                allowed_ms: ms(self.lateness_seconds),
                idle_ms: ms(self.idle_seconds),
                skew_ms: ms(self.skew_seconds),
            },
            memory_bytes: self.memory_bytes,
            absent: self.absent(schema)?,
        })
    }

    fn absent(&self, schema: &Schema) -> Result<Absent, ConfigError> {
        let name = &self.absent;
        if name.is_empty() {
            return Ok(Absent::Censored);
        }
        let Target::Classification { classes } = schema.target() else {
            return refuse("`join.absent` names a class; `schema.task` is `regression`");
        };
        match classes.iter().position(|class| class == name) {
            Some(class) => Ok(Absent::Means(Truth::Class(class as u32))),
            None => refuse(format!(
                "`join.absent` is `{name}`; give the class that no label means, one of `{}`, or nothing",
                classes.join("`, `")
            )),
        }
    }
}
