//! Timeline: what the status page shows.
//!
//! Lives here: the facts of now and the last events, as words. May not: serve a page.

use std::collections::VecDeque;

use adapters::http::Status;

use super::{AuditEvent, Telemetry, budgets, machine, story};
use crate::learn::Learn;
use crate::slot::Standing;

/// Entries kept for the status page.
const TIMELINE_MAX: usize = 100;

/// What the status page shows.
#[derive(Debug, Default)]
pub struct Timeline(VecDeque<(String, String)>);

impl Timeline {
    /// One more entry, the newest first.
    pub fn push(&mut self, event: &AuditEvent, outcomes: u64) {
        self.0.push_front((format!("outcome {outcomes}"), event.story()));
        self.0.truncate(TIMELINE_MAX);
    }

    /// The page.
    pub fn status(&self, name: &str, learn: &Learn, telemetry: &Telemetry) -> Status {
        let state = learn.state();
        let served = learn.slot().load();
        let fact = |name: &str, value: String| (name.to_owned(), value);
        let architecture = served.model.mixture().to_string();
        let external = learn.arms().external.as_ref();
        let serving = match (served.standing, served.prior_only) {
            (Standing::Shadow, _) => "the external champion; ours learns beside it".into(),
            (Standing::Champion, true) => "the prior only: no champion yet".into(),
            (Standing::Champion, false) => architecture,
        };
        let approval = state.lifecycle.waits_for_approval().zip(learn.awaits_approval());
        let approval = approval.map_or("nobody".into(), |(until, (number, architecture))| {
            format!("challenger {number} ({architecture}), until {}", story::clock(until.0))
        });
        let paused = state.lifecycle.paused();
        let paused = paused.map_or("no".into(), |since| format!("since {}", story::clock(since.0)));
        let quality = |tally: &policies::stats::Tally| format!("{:.3}", tally.quality());
        Status {
            title: format!("Driftform: {name}"),
            facts: vec![
                fact("Serving", serving),
                fact("Generation", served.generation.0.to_string()),
                fact("Features", state.schema().features().len().to_string()),
                fact("Outcomes learned", state.outcomes.to_string()),
                fact("Waiting for labels", state.join.pending().to_string()),
                fact("Quality of the champion", quality(&state.scores.champion)),
                fact(
                    "Quality of the external champion",
                    external.map_or("there is none".into(), |external| quality(external.tally())),
                ),
                fact("Quality of the first champion, frozen", quality(&state.scores.first)),
                fact("Quality of the majority", quality(&state.scores.majority)),
                fact(
                    "Drifts, episodes, trials",
                    format!("{}, {}, {}", state.counts.drifts, state.counts.episodes, state.counts.trials),
                ),
                fact(
                    "Refreshes, promotions, reliefs, rollbacks",
                    format!(
                        "{}, {}, {}, {}",
                        state.counts.refreshes,
                        state.counts.promotions,
                        state.counts.reliefs,
                        state.counts.rollbacks
                    ),
                ),
                fact("Waiting for approval", approval),
                fact("Paused", paused),
                fact("Budgets", budgets::told(&state.budgets)),
                fact("Compute time and memory of the champion", machine::cost(learn)),
                fact("Energy of the machine", telemetry.machine.energy()),
            ],
            timeline: self.0.iter().cloned().collect(),
        }
    }
}
