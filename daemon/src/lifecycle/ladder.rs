//! Ladder: who stands where on it now, for people.
//!
//! Lives here: counting. May not: let anybody climb.

use super::{Lifecycle, Rules, Stand};

/// How far somebody can be: proposed and not trained yet, in training, trained and waiting, in the shadow slot, or serving
/// under a watch.
pub const LADDER: [&str; 5] = ["proposed", "training", "trained", "shadow", "watch"];

impl Lifecycle {
    /// How many are at each place of [`LADDER`].
    pub fn ladder(&self) -> [u64; LADDER.len()] {
        let [proposed, training, trained] = self.episode.as_ref().map_or([0; 3], super::Episode::standing);
        let (shadow, watch) = (u64::from(self.shadow.is_some()), u64::from(self.watch.is_some()));
        [proposed, training, trained, shadow, watch]
    }

    /// Who stands at which rung; none where no episode is under way.
    pub fn rungs(&self, rules: &Rules) -> Option<Vec<Stand>> {
        self.episode.as_ref().map(|episode| episode.rungs(rules))
    }

    /// Whether a drift waits for a search.
    pub fn owes_a_search(&self) -> bool {
        self.drift_waits.is_some() || self.unanswered.is_some()
    }
}
