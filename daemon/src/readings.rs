//! Readings: Prometheus is asked every few seconds, and what it says is an input of the learn plane.
//!
//! Lives here: when to ask, and saying once that readings stop and once that they are back. May not: speak HTTP, or
//! decide what a reading means. A server that fails stops nothing: a reading that is missing is missing, not zero.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use adapters::promql::{Missing, Promql};
use anyhow::{Context as _, Result};
use tokio::sync::mpsc::Sender;

use crate::app::Input;
use crate::config::{ConfigError, PrometheusConfig};
use crate::telemetry::{NOT_TAKEN, Telemetry};

/// How soon it notices that it is to stop.
const STOP_WAIT: Duration = Duration::from_millis(100);

/// Asks.
pub struct Readings {
    server: Promql,
    /// Budgets and what to ask for each.
    queries: Vec<(String, String)>,
    every: Duration,
    inputs: Sender<Input>,
    telemetry: Telemetry,
    trouble: Trouble,
}

impl Readings {
    /// Asks nothing yet.
    pub fn new(
        config: &PrometheusConfig,
        queries: Vec<(String, String)>,
        inputs: Sender<Input>,
        telemetry: Telemetry,
    ) -> Result<Self, ConfigError> {
        let (server, every) = (config.open()?, config.every);
        Ok(Self { server, queries, every, inputs, telemetry, trouble: Trouble::default() })
    }

    /// Asks until it is to stop.
    pub fn start(mut self, stop: Arc<AtomicBool>) -> Result<JoinHandle<()>> {
        let thread = std::thread::Builder::new().name("readings".into()).spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let next = Instant::now() + self.every;
                self.round(&stop);
                while Instant::now() < next && !stop.load(Ordering::Relaxed) {
                    std::thread::sleep(STOP_WAIT);
                }
            }
        });
        thread.context("cannot start the readings thread")
    }

    /// One question for each budget. What is the matter with the server is the matter with all of them.
    fn round(&mut self, stop: &AtomicBool) {
        let (mut readings, mut missing) = (BTreeMap::new(), BTreeMap::new());
        let mut down: Option<Missing> = None;
        for (budget, query) in &self.queries {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            match down.clone().map_or_else(|| self.server.ask(query), Err) {
                Ok(reading) => {
                    self.telemetry.budgets.readings.inc();
                    readings.insert(budget.clone(), reading);
                }
                Err(why) => {
                    self.telemetry.budgets.failures.with_label_values(&[why.reason()]).inc();
                    down = Some(why.clone()).filter(Missing::is_for_all);
                    missing.insert(budget.clone(), why);
                }
            }
        }
        for said in self.trouble.changes(&readings, &missing) {
            tracing::warn!("{said}");
        }
        let count = readings.len() as u64;
        if count > 0 && self.inputs.try_send(Input::Readings(readings)).is_err() {
            self.telemetry.budgets.failures.with_label_values(&[NOT_TAKEN]).inc_by(count);
        }
    }
}

/// The budgets whose readings are missing.
#[derive(Debug, Default)]
struct Trouble(BTreeMap<String, &'static str>);

impl Trouble {
    /// What to say of a round: which readings went missing and why, and which are back. Nothing of what was said before.
    fn changes(
        &mut self,
        readings: &BTreeMap<String, f64>,
        missing: &BTreeMap<String, Missing>,
    ) -> Vec<String> {
        let mut new: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (budget, why) in missing {
            if !self.0.contains_key(budget) {
                self.0.insert(budget.clone(), why.reason());
                new.entry(why.to_string()).or_default().push(budget);
            }
        }
        let mut said: Vec<String> = new
            .into_iter()
            .map(|(why, budgets)| format!("no reading of {} from Prometheus: {why}", budgets.join(", ")))
            .collect();
        let back = readings.keys().filter(|budget| self.0.contains_key(*budget));
        let back: Vec<&str> = back.map(String::as_str).collect();
        if !back.is_empty() {
            said.push(format!("Prometheus gives readings of {} again", back.join(", ")));
        }
        self.0.retain(|budget, _| !readings.contains_key(budget));
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_once_that_readings_stop_and_once_that_they_are_back() {
        let mut trouble = Trouble::default();
        let read = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), 1.0)).collect();
        let lost = |names: &[&str], why: &Missing| {
            names.iter().map(|name| ((*name).to_owned(), why.clone())).collect()
        };
        let none = BTreeMap::new();
        assert!(trouble.changes(&read(&["a", "b"]), &none).is_empty());
        let said = trouble.changes(&BTreeMap::new(), &lost(&["a", "b"], &Missing::TimedOut));
        assert_eq!(said, ["no reading of a, b from Prometheus: the server took too long"]);
        assert!(trouble.changes(&BTreeMap::new(), &lost(&["a", "b"], &Missing::Empty)).is_empty());
        let said = trouble.changes(&read(&["b"]), &lost(&["a"], &Missing::Empty));
        assert_eq!(said, ["Prometheus gives readings of b again"]);
        assert_eq!(trouble.changes(&read(&["a"]), &none), ["Prometheus gives readings of a again"]);
    }
}
