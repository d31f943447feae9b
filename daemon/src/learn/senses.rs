//! Senses: what the detectors are shown, and what follows from what they notice.
//!
//! Lives here: an event and an outcome as the detectors see them; the diagnosis of an alarm, and who hears of it. May not:
//! detect, or decide about episodes.

use model::{Sample, Truth};
use policies::detect::{Alarm, Observed, Said};
use policies::search::Lost;

use super::outcome::{Answers, Outcome};
use super::state::Losses;
use super::{Learn, LearnError};
use crate::lifecycle::Event;
use crate::telemetry::AuditEvent;
use crate::trials::worker::mean_loss;

/// Last outcomes on which it is asked how well they are fitted.
const FIT_OUTCOMES: usize = 256;

impl Learn {
    /// The detectors see an event, and what the frozen copy said of it.
    pub(super) fn sense_event(&mut self, sample: &Sample, answers: &Answers) -> Result<(), LearnError> {
        let said = self.said(answers);
        let awaited = self.state.join.knows(&sample.id);
        let alarms = self.state.panel.event(&sample.row, sample.time, said, awaited);
        self.noticed(&alarms)
    }

    /// The detectors see an outcome.
    pub(super) fn sense_outcome(&mut self, outcome: &Outcome, losses: &Losses) -> Result<(), LearnError> {
        // What an earlier copy said is nothing against this one.
        let is_of_this_copy = outcome.prediction.outcomes_before >= self.state.anchored;
        let said = self.said(&outcome.prediction.answers).filter(|_| is_of_this_copy);
        let truth = match outcome.truth {
            Truth::Class(class) => Some(class),
            Truth::Number(_) => None,
        };
        let alarms = self.state.panel.outcome(Observed {
            row: &outcome.row,
            time: outcome.prediction.time,
            delay_ms: outcome.delay_ms,
            champion: losses.champion,
            reference: is_of_this_copy.then_some(losses.reference),
            truth,
            said,
        });
        if let Some(drift) = self.state.panel.warning(losses.champion) {
            self.state.counts.warnings += 1;
            self.happened.push(AuditEvent::Warned { statistic: drift.statistic, threshold: drift.threshold });
            self.arms.pool.drifted();
            self.remember_past();
        }
        self.noticed(&alarms)
    }

    /// The sketch of the stream sees an outcome.
    pub(super) fn sketch(&mut self, outcome: &Outcome, losses: &Losses) {
        let answers = &outcome.prediction.answers;
        let lost = Lost {
            champion: losses.champion,
            control: losses.control,
            reference: losses.reference,
            majority_right: answers.majority == outcome.truth,
            last_right: answers.last == outcome.truth,
        };
        self.state.sketch.observe(&outcome.row, outcome.truth, lost);
    }

    /// The class that the frozen copy decided, and how sure it was.
    fn said(&self, answers: &Answers) -> Option<Said> {
        match model::decide(self.state.schema(), &answers.reference) {
            Truth::Class(class) => {
                let confidence = answers.reference.0.get(class as usize).copied().unwrap_or(0.0);
                Some(Said { class, confidence })
            }
            Truth::Number(_) => None,
        }
    }

    pub(super) fn noticed(&mut self, alarms: &[Alarm]) -> Result<(), LearnError> {
        for alarm in alarms {
            let fit = if self.state.panel.asks_for_fit() { self.fit()? } else { None };
            let diagnosis = self.state.panel.diagnose(alarm, fit);
            self.state.panel.settle(&diagnosis);
            self.state.counts.drifts += 1;
            self.happened.push(AuditEvent::drift(&diagnosis, self.state.schema()));
            if diagnosis.is_of_data() {
                self.arms.pool.drifted();
                self.remember_past();
                self.archive(&diagnosis)?;
            }
            self.events.push_back(Event::Drifted(Box::new(diagnosis)));
        }
        Ok(())
    }

    /// Mean loss of the control on the last outcomes, which it has learned; none before the first.
    fn fit(&mut self) -> Result<Option<f64>, LearnError> {
        let (encoded, goals) = self.last_rows(FIT_OUTCOMES);
        if goals.is_empty() {
            return Ok(None);
        }
        let control = self.arms.pool.freeze(&self.arms.control)?;
        Ok(Some(mean_loss(self.rules.config.schema.target(), &control, &encoded, &goals)?))
    }

    /// The reference is the champion of now, and what it answers and loses is learned anew.
    pub(super) fn reanchor(&mut self) -> Result<(), LearnError> {
        self.arms.reference = self.frozen_champion()?;
        self.state.anchored = self.state.outcomes;
        self.state.panel.reanchor();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
