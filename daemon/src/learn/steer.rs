//! Steer: what people have the daemon do, and what they hear of it.
//!
//! Lives here: saying what can be done, what was, or why it was not. May not: decide what follows (that is the lifecycle).

use super::{Learn, LearnError};
use crate::lifecycle::{Event, Stand, Steer};
use crate::telemetry::AuditEvent;

impl Learn {
    /// Why this cannot be done now; none where it can.
    pub fn objection(&self, steer: Steer) -> Option<&'static str> {
        self.state.lifecycle.objection(steer, &self.rules)
    }

    /// Who stands at which rung; none where no episode is under way.
    pub fn rungs(&self) -> Option<Vec<Stand>> {
        self.state.lifecycle.rungs(&self.rules)
    }

    /// Does what a person wants. What was done, or why nothing was.
    pub fn steer(&mut self, steer: Steer, by: &str) -> Result<Result<String, String>, LearnError> {
        if let Some(objection) = self.objection(steer) {
            return Ok(Err(objection.into()));
        }
        self.happened.push(AuditEvent::Steered { what: steer.name(), by: by.into() });
        self.events.push_back(Event::Steered(steer));
        self.rolled_back_by = (steer == Steer::RollBack).then(|| by.to_owned());
        self.settle()?;
        Ok(Ok(match steer {
            Steer::Pause => {
                "paused: no episode opens and nobody is let in until it is resumed; reliefs and rollbacks go on"
            }
            Steer::Resume => "resumed",
            Steer::Search => "an episode is open; `driftform history` says what becomes of it",
            Steer::RollBack => "the displaced champion serves again",
        }
        .into()))
    }
}

#[cfg(test)]
mod tests;
