//! Drift: what a change of the stream leads to, at once or when there is room for it.
//!
//! Lives here: whether it is news, and what waits for what. Does not live here: noticing it.

use policies::detect::Diagnosis;

use super::{Cause, DRIFT_WAITS_OUTCOMES, Effect, Lifecycle, Rules};

impl Lifecycle {
    /// A drift does not wait for the last episode to cool down: what that has found is of another world. Only where
    /// it found nothing to try it does, for a drift changes neither the neighbourhood nor the budgets.
    ///
    /// Where something else is under way it waits for that, and the first one is remembered; not one that others have
    /// told before. Labels that come otherwise are no drift.
    pub(super) fn drifted(&mut self, diagnosis: Box<Diagnosis>, rules: &Rules) -> Vec<Effect> {
        let mut effects = Vec::new();
        if diagnosis.is_of_losses() {
            effects.push(Effect::Reanchor);
        }
        if !diagnosis.is_of_data() || !self.cold_search_done || self.has_been_told(&diagnosis) {
            return effects;
        }
        self.drift_noticed = Some(self.outcomes);
        self.look = None;
        if self.may_remember(rules) {
            effects.push(Effect::Remember(diagnosis));
        } else {
            effects.extend(self.search_or_wait(diagnosis, rules));
        }
        effects
    }

    /// Nobody who is remembered answers a drift, so a search does, now or when it may.
    pub(super) fn search_or_wait(&mut self, diagnosis: Box<Diagnosis>, rules: &Rules) -> Vec<Effect> {
        if self.may_search() && self.outcomes >= self.barren_until {
            return self.open(Cause::Drift(diagnosis), rules);
        }
        self.drift_waits.get_or_insert((self.outcomes, diagnosis));
        Vec::new()
    }

    /// Whether this is a drift that others noticed before: it began before they did.
    fn has_been_told(&self, diagnosis: &Diagnosis) -> bool {
        let began = self.outcomes.saturating_sub(diagnosis.drift.ago);
        let is_searched = self.episode.as_ref().is_some_and(|episode| episode.drift);
        is_searched || self.drift_noticed.is_some_and(|noticed| began <= noticed)
    }

    /// Outcomes at which a drift was noticed last.
    pub fn drift_noticed(&self) -> Option<u64> {
        self.drift_noticed
    }

    /// A drift that came while something else was under way, unless that took so long that the drift is old.
    pub(super) fn waited(&mut self, rules: &Rules) -> Option<Vec<Effect>> {
        if self.outcomes < self.barren_until {
            return None;
        }
        let (noticed, diagnosis) = self.drift_waits.take()?;
        let patience = rules.config.search.cooldown_outcomes.max(DRIFT_WAITS_OUTCOMES);
        if self.outcomes - noticed > patience {
            return None;
        }
        self.look = None;
        let is_remembered = self.may_remember(rules);
        Some(if is_remembered {
            vec![Effect::Remember(diagnosis)]
        } else {
            self.open(Cause::Drift(diagnosis), rules)
        })
    }
}
