//! Memory: a drift is answered by who is remembered, where somebody is.
//!
//! Lives here: when that is asked, and that an archived mixture goes into the shadow slot like any other. May not: compare
//! anybody.
//!
//! What was under way is of the world before: a challenger that has not passed and the candidates of an episode give way to
//! somebody who is known to do better in this one. Where the archived mixture does not pass after all, a search follows.

use policies::detect::Diagnosis;
use serde::{Deserialize, Serialize};

use super::{Cause, Effect, Lifecycle, Person, Rules};

/// Outcomes from one look at what is remembered to the next.
const LOOK_AGAIN_OUTCOMES: u64 = 50;
/// Outcomes after which nobody is looked for any more: by then the control has learned what there is.
const LOOKS_OUTCOMES: u64 = 1_000;

/// A drift may be noticed so soon that hardly an outcome of the new world is there to compare by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Look {
    diagnosis: Box<Diagnosis>,
    noticed: u64,
    at: u64,
}

impl Lifecycle {
    /// Whether the search under way was opened by a drift.
    pub fn searches_after_drift(&self) -> bool {
        self.episode.as_ref().is_some_and(|episode| episode.drift)
    }

    /// Neither where a swap is being made up for, nor where a person has been asked, nor twice for one drift.
    pub(super) fn may_remember(&self, rules: &Rules) -> bool {
        let gives_way = self
            .shadow
            .as_ref()
            .is_none_or(|shadow| shadow.person == Person::NotAsked && shadow.answers.is_none());
        rules.config.search.memory_models > 0
            && self.champion
            && gives_way
            && !self.relief
            && self.watch.is_none()
            && self.paused.is_none()
            && self.outcomes >= self.paused_until
    }

    pub(super) fn remembered(
        &mut self,
        diagnosis: Box<Diagnosis>,
        found: bool,
        rules: &Rules,
    ) -> Vec<Effect> {
        if !found {
            return self.nobody_found(diagnosis, rules);
        }
        // This answers it; if not, it is searched for as unanswered.
        (self.look, self.drift_waits) = (None, None);
        let mut effects = self.drop_challenger("what served in an earlier world does better in this one");
        if self.episode.is_some() {
            effects.extend(self.close("given up: what served in an earlier world does better", rules));
        }
        effects.push(Effect::Opened(Cause::Drift(diagnosis.clone())));
        effects.extend(self.close("what served in an earlier world goes into the shadow slot", rules));
        effects.push(Effect::ShadowRemembered);
        self.shadow_from_now(rules);
        if let Some(shadow) = &mut self.shadow {
            shadow.answers = Some(diagnosis);
        }
        effects
    }

    /// The first time a search begins; in any case it is looked again a little later, for a while.
    fn nobody_found(&mut self, diagnosis: Box<Diagnosis>, rules: &Rules) -> Vec<Effect> {
        let at = self.outcomes + LOOK_AGAIN_OUTCOMES;
        if let Some(look) = self.look.take() {
            self.look = (at <= look.noticed + LOOKS_OUTCOMES).then_some(Look { at, ..look });
            return Vec::new();
        }
        self.look = Some(Look { diagnosis: diagnosis.clone(), noticed: self.outcomes, at });
        self.search_or_wait(diagnosis, rules)
    }

    /// What to ask again, if it is time: the drift is older by as much as has come since.
    pub(super) fn look_again(&mut self, rules: &Rules) -> Option<Effect> {
        self.look.take_if(|look| self.outcomes > look.noticed + LOOKS_OUTCOMES);
        let look = self.look.as_ref().filter(|look| self.outcomes >= look.at && self.may_remember(rules))?;
        let mut diagnosis = look.diagnosis.clone();
        diagnosis.drift.ago += self.outcomes - look.noticed;
        Some(Effect::Remember(diagnosis))
    }
}

#[cfg(test)]
mod tests;
