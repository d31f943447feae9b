//! Approve: asking a person about the challenger that has passed all gates, and what they say.
//!
//! Lives here: naming who waits, and refusing what is meant for somebody else. May not: decide when one waits, or what an
//! agreement leads to (that is the lifecycle).

use model::Timestamp;

use super::{Learn, LearnError};
use crate::lifecycle::Event;
use crate::telemetry::AuditEvent;

impl Learn {
    /// Says that the challenger waits.
    pub(super) fn await_approval(&mut self, until: Timestamp) {
        if let Some((challenger, architecture)) = self.who_may_wait() {
            let until = until.0;
            self.happened.push(AuditEvent::ApprovalAwaited { challenger, architecture, until });
        }
    }

    /// Whom a person is waited for with, if anybody: the number, and what it is.
    pub fn awaits_approval(&self) -> Option<(u64, String)> {
        self.state.lifecycle.waits_for_approval()?;
        self.who_may_wait()
    }

    /// The challenger, or ours in its contest with a champion that is not.
    fn who_may_wait(&self) -> Option<(u64, String)> {
        if self.state.lifecycle.waits_to_take_over() {
            return self.contest_waits();
        }
        let challenger = self.arms.challenger.as_ref()?;
        Some((challenger.number, self.arms.pool.mixture(&challenger.arm).ok()?.to_string()))
    }

    /// A person lets a challenger serve, by its number, or whoever waits; it does with the end of the next unit of work.
    /// What was done, or why nothing was: one that waits no longer is not mistaken for another.
    pub fn approve(&mut self, wanted: Option<u64>, by: &str) -> Result<Result<String, String>, LearnError> {
        let Some((challenger, architecture)) = self.awaits_approval() else {
            let whom = wanted
                .map_or("no challenger waits".into(), |number| format!("challenger {number} does not wait"));
            return Ok(Err(format!(
                "{whom} for approval now; `driftform history` says what became of the last ones"
            )));
        };
        if wanted.is_some_and(|wanted| wanted != challenger) {
            let wanted = wanted.unwrap_or_default();
            return Ok(Err(format!(
                "challenger {wanted} does not wait for approval now; challenger {challenger} does ({architecture})"
            )));
        }
        let told = format!(
            "challenger {challenger} ({architecture}) is approved; `driftform history` says when it serves"
        );
        self.happened.push(AuditEvent::Approved { challenger, architecture, by: by.into() });
        self.events.push_back(Event::Approved);
        self.settle()?;
        Ok(Ok(told))
    }
}

#[cfg(test)]
mod tests;
