//! Steer: what people have the daemon do: pause, resume, search now, roll back.
//!
//! Lives here: whether that can be done now, and what follows. Does not live here: how people are heard.
//!
//! Paused means that nothing new begins and nothing new is let in: no episode opens, no challenger is promoted, and ours does
//! not take over from a champion that is not. What is under
//! way goes on, evidence and deadlines included; the champion goes on being refreshed; and what protects the service (relief,
//! rollback, the watch) is never paused.

use model::Timestamp;

use super::{Cause, Effect, Lifecycle, Rules};

/// What people may have the daemon do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steer {
    /// Begin nothing new.
    Pause,
    /// Go on.
    Resume,
    /// Open an episode now.
    Search,
    /// Take back the promotion or relief that is watched.
    RollBack,
}

impl Steer {
    /// The word in the journal and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Search => "search",
            Self::RollBack => "rollback",
        }
    }
}

impl Lifecycle {
    /// Since when people have it begin nothing new, if they do.
    pub fn paused(&self) -> Option<Timestamp> {
        self.paused
    }

    /// Why this cannot be done now; none where it can.
    pub fn objection(&self, steer: Steer, rules: &Rules) -> Option<&'static str> {
        match steer {
            Steer::Pause => self.paused.map(|_| "it is paused already"),
            Steer::Resume => self.paused.is_none().then_some("it is not paused"),
            Steer::RollBack => self.watch.is_none().then_some(
                "there is nothing to go back to: no promotion, relief or takeover is watched, and what was displaced is kept no longer \
                 than that",
            ),
            Steer::Search => self.objection_to_search(rules),
        }
    }

    fn objection_to_search(&self, rules: &Rules) -> Option<&'static str> {
        let objections = [
            (self.paused.is_some(), "it is paused; resume it first"),
            (!rules.config.search.enabled, "search.enabled is off"),
            (!self.champion, "there is no champion yet to search around"),
            (self.episode.is_some(), "an episode is under way"),
            (self.shadow.is_some(), "a challenger is being compared; an episode opens when that is decided"),
            (self.relief, "a relief is under way"),
            (
                self.watch.is_some(),
                "a promotion or a relief is watched; an episode opens when its watch has ended",
            ),
            (
                !self.has_history(rules),
                "too few outcomes have come yet to compare networks on: one window more than the first rung",
            ),
        ];
        objections.into_iter().find_map(|(holds, why)| holds.then_some(why))
    }

    /// Whether what was learned could be enough for the first rung, beside the windows that it scores on.
    fn has_history(&self, rules: &Rules) -> bool {
        let search = &rules.config.search;
        let windows = u64::from(*search.rungs.first().unwrap_or(&1)) + 1;
        self.outcomes >= windows * search.window_outcomes as u64
    }

    /// What follows; nothing where there is an objection.
    pub(super) fn steered(&mut self, steer: Steer, rules: &Rules) -> Vec<Effect> {
        if self.objection(steer, rules).is_some() {
            return Vec::new();
        }
        match steer {
            Steer::Pause => self.paused = Some(self.now),
            Steer::Resume => self.paused = None,
            Steer::Search => return self.open(Cause::ByHand, rules),
            Steer::RollBack => return self.roll_back(rules),
        }
        Vec::new()
    }
}
