//! Shown: what the console shows of a learn plane.
//!
//! Lives here: the facts of now, and what has to be remembered of events to tell why they are so. May not: serve a page, draw
//! one, or be remembered over a restart.

mod compared;
mod limits;

use std::collections::VecDeque;

use adapters::console::{self, Arm, Curves, Happened, Serving, Status, Stretch, Swap};
use model::Mixture;

use super::{AuditEvent, Telemetry, machine, story};
use crate::learn::{Learn, curves};
use crate::slot::Standing;

/// Entries of the timeline that are kept.
const TIMELINE_MAX: usize = 100;
/// Digits of means that are told: a ten-thousandth is less than anybody can see.
const MEANS_SCALE: f64 = 1e4;

/// What the console shows.
#[derive(Debug, Default)]
pub struct Shown {
    timeline: VecDeque<Happened>,
    /// What serves, as it was seen last, and what it was made of by the last swap since the start.
    served: Option<Mixture>,
    before: Option<Mixture>,
    why: Option<String>,
    /// Why the last episode was opened, and how the last one ended.
    opened: Option<String>,
    closed: Option<String>,
    /// What the gates have said of the challenger of now.
    gates: Vec<console::Gate>,
}

impl Shown {
    /// Something happened to this plane.
    pub fn hear(&mut self, event: &AuditEvent, learn: &Learn) {
        match event {
            AuditEvent::FirstChampion { .. }
            | AuditEvent::Promoted { .. }
            | AuditEvent::Relieved { .. }
            | AuditEvent::RolledBack { .. } => self.swapped(event, learn),
            AuditEvent::TookOver { .. } | AuditEvent::HandedBack { .. } => self.why = Some(event.story()),
            AuditEvent::EpisodeOpened { .. } => self.opened = Some(event.story()),
            AuditEvent::EpisodeClosed { .. } => self.closed = Some(event.story()),
            AuditEvent::ChallengerPlaced { .. } => self.gates.clear(),
            AuditEvent::Gate { gate, verdict, measured, limit, reason } => {
                let binding =
                    learn.thresholds().kinds().iter().any(|(kind, binds)| kind.name() == *gate && *binds);
                let [measured, limit] = [measured, limit].map(|value| finite(*value));
                let (name, verdict, reason) = ((*gate).to_owned(), (*verdict).to_owned(), reason.clone());
                self.gates.retain(|known| known.name != name);
                self.gates.push(console::Gate { name, verdict, measured, limit, reason, binding });
            }
            _ => {}
        }
        if !event.is_detail() {
            self.timeline.push_front(happened(event, learn));
            self.timeline.truncate(TIMELINE_MAX);
        }
    }

    fn swapped(&mut self, event: &AuditEvent, learn: &Learn) {
        let now = learn.slot().load().model.mixture();
        self.before = self.served.replace(now).filter(|_| !matches!(event, AuditEvent::FirstChampion { .. }));
        self.why = Some(event.story());
    }

    /// All of it, for a model of this name; with the metrics where there are some.
    pub fn status(&mut self, name: &str, learn: &Learn, telemetry: Option<&Telemetry>) -> Status {
        let now = learn.slot().load().model.mixture();
        // A schema that evolved widens networks without a swap; what was before is compared with what the swap made.
        self.served.get_or_insert(now);
        Status {
            title: format!("Driftform: {name}"),
            facts: facts(learn, telemetry),
            serving: Some(self.serving(learn)),
            curves: Some(drawn(learn.curves())),
            challenger: compared::challenger(learn, &self.gates),
            watch: compared::watch(learn),
            search: Some(limits::search(learn, self.opened.as_deref(), self.closed.as_deref())),
            budgets: limits::budgets(learn),
            burn_rates: limits::burn_rates(learn),
            choices: limits::choices(learn),
            timeline: self.timeline.iter().cloned().collect(),
        }
    }

    fn serving(&self, learn: &Learn) -> Serving {
        let served = learn.slot().load();
        let of_before = || "It served before this process started; its journal says why.".to_owned();
        let why = match (served.standing, served.prior_only) {
            (Standing::Shadow, _) => "The external champion serves; this learns beside it.".into(),
            (Standing::Champion, true) => "Only the prior: no champion yet.".into(),
            (Standing::Champion, false) => self.why.clone().unwrap_or_else(of_before),
        };
        let (network, mixture) = (served.model.network(), served.model.mixture());
        Serving {
            generation: served.generation.0,
            architecture: mixture.to_string(),
            why,
            network: console::draw(&mixture, &network.mixer().weights(), self.before.as_ref()),
        }
    }
}

fn happened(event: &AuditEvent, learn: &Learn) -> Happened {
    let kind = serde_json::to_value(event).ok().and_then(|event| event["event"].as_str().map(str::to_owned));
    let now = learn.state().lifecycle.now();
    Happened {
        time: (now.0 > 0).then(|| story::clock(now.0)),
        at: format!("outcome {}", learn.state().outcomes),
        kind: kind.unwrap_or_default().replace('_', " "),
        what: event.story(),
    }
}

fn facts(learn: &Learn, telemetry: Option<&Telemetry>) -> Vec<(String, String)> {
    let state = learn.state();
    let (scores, counts) = (&state.scores, state.counts);
    let external = learn.arms().external.as_ref();
    let quality = |tally: &policies::stats::Tally| format!("{:.3}", tally.quality());
    let paused =
        state.lifecycle.paused().map_or("no".into(), |since| format!("since {}", story::clock(since.0)));
    let mut facts = vec![
        ("Features", state.schema().features().len().to_string()),
        ("Outcomes learned", state.outcomes.to_string()),
        ("Waiting for labels", state.join.pending().to_string()),
        ("Quality of the champion", quality(&scores.champion)),
        (
            "Quality of the external champion",
            external.map_or("there is none".into(), |external| quality(external.tally())),
        ),
        ("Quality of the first champion, frozen", quality(&scores.first)),
        ("Quality of the majority", quality(&scores.majority)),
        ("Drifts, episodes, trials", format!("{}, {}, {}", counts.drifts, counts.episodes, counts.trials)),
        (
            "Refreshes, promotions, reliefs, rollbacks",
            format!("{}, {}, {}, {}", counts.refreshes, counts.promotions, counts.reliefs, counts.rollbacks),
        ),
        ("Paused", paused),
        ("Compute time and memory of the champion", machine::cost(learn)),
    ];
    facts.extend(telemetry.map(|telemetry| ("Energy of the machine", telemetry.machine.energy())));
    facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn drawn(of: &curves::Curves) -> Curves {
    let arm = |stretch: &curves::Stretch, at: usize| {
        let known = stretch.known[at];
        let [mean, since_swap, lower, upper] =
            [stretch.means[at], known.mean, known.interval.0, known.interval.1].map(told);
        Arm { mean, since_swap, lower, upper }
    };
    let stretch = |stretch: &curves::Stretch| Stretch {
        until: stretch.until,
        outcomes: stretch.outcomes,
        champion: arm(stretch, 0),
        control: arm(stretch, 1),
        frozen: arm(stretch, 2),
    };
    let swap = |(outcomes, generation): &(u64, u64)| Swap { outcomes: *outcomes, generation: *generation };
    Curves {
        measure: of.measure().into(),
        alpha: curves::ALPHA,
        stretches: of.stretches().iter().map(stretch).collect(),
        swaps: of.swaps().iter().map(swap).collect(),
    }
}

fn told(mean: f64) -> f64 {
    if mean.is_finite() { (mean * MEANS_SCALE).round() / MEANS_SCALE } else { 0.0 }
}

/// JSON has no word for what is not finite.
fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests;
