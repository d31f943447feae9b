//! Config of trials: who runs them, and their limits.
//!
//! Lives here: the section, checked. May not: start anybody.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{ConfigError, refuse};

/// Most workers at once; each takes from a partition of its own.
const WORKERS_MAX: i32 = 1_000;

/// `[trials]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialsSection {
    run_by: RunBy,
    seconds_max: u64,
    memory_max_bytes: u64,
    niceness: i32,
    workers_max: i32,
    reissue_seconds: u64,
    give_up_seconds: u64,
    cache_bytes_max: usize,
}

/// Who runs trials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunBy {
    /// A process beside the daemon.
    Child,
    /// Any number of `driftform worker --config FILE`, which take them from Kafka.
    Workers,
}

/// Trials, and their limits.
#[derive(Clone, Debug)]
pub struct TrialsConfig {
    /// Who runs them.
    pub run_by: RunBy,
    /// Longest time for one trial.
    pub seconds_max: u64,
    /// Memory of the process that runs them.
    pub memory_max_bytes: u64,
    /// Added to its niceness.
    pub niceness: i32,
    /// Workers at once, at most: partitions of the topic of trials where it is created.
    pub workers_max: i32,
    /// When nothing was heard of a trial's worker for so long, the trial is issued again.
    pub reissue: Duration,
    /// When nothing was heard of any worker for so long, a trial has failed.
    pub give_up: Duration,
    /// Memory of what trials have shown.
    pub cache_bytes_max: usize,
}

impl TrialsSection {
    pub(super) fn checked(&self) -> Result<TrialsConfig, ConfigError> {
        let Self { seconds_max, reissue_seconds, give_up_seconds, workers_max, .. } = *self;
        if seconds_max == 0 {
            return refuse("`trials.seconds_max` is 0; give a number above 0");
        }
        if !(1..=WORKERS_MAX).contains(&workers_max) {
            return refuse(format!("`trials.workers_max` is {workers_max}; give 1 to {WORKERS_MAX}"));
        }
        // While a trial runs, nothing is heard of its worker.
        if self.run_by == RunBy::Workers && reissue_seconds <= seconds_max {
            return refuse(format!(
                "`trials.reissue_seconds` is {reissue_seconds}, but a trial may take trials.seconds_max, {seconds_max}; give \
                 more"
            ));
        }
        if self.run_by == RunBy::Workers && give_up_seconds <= seconds_max {
            return refuse(format!(
                "`trials.give_up_seconds` is {give_up_seconds}, but a trial may take trials.seconds_max, {seconds_max}; give \
                 more"
            ));
        }
        Ok(TrialsConfig {
            run_by: self.run_by,
            seconds_max,
            memory_max_bytes: self.memory_max_bytes,
            niceness: self.niceness,
            workers_max,
            reissue: Duration::from_secs(reissue_seconds),
            give_up: Duration::from_secs(give_up_seconds),
            cache_bytes_max: self.cache_bytes_max,
        })
    }
}
