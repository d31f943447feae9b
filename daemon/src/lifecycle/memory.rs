//! Memory: a drift is answered by who is remembered, where somebody is.
//!
//! Lives here: when that is asked, and that an archived mixture goes into the shadow slot like any other. May not: compare
//! anybody.
//!
//! What was under way is of the world before: a challenger that has not passed and the candidates of an episode give way to
//! somebody who is known to do better in this one. Where the archived mixture does not pass after all, a search follows.

use policies::detect::Diagnosis;

use super::{Cause, Effect, Lifecycle, Person, Rules};

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
            && self.outcomes >= self.paused_until
    }

    pub(super) fn remembered(
        &mut self,
        diagnosis: Box<Diagnosis>,
        found: bool,
        rules: &Rules,
    ) -> Vec<Effect> {
        // Somebody else may have come first.
        if !found || !self.may_remember(rules) {
            return self.search_or_wait(diagnosis, rules);
        }
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
}

#[cfg(test)]
mod tests;
