//! Watch: a promotion that does harm is taken back, and the search pauses.
//!
//! Lives here: what a verdict of the watch asks for. May not: weigh losses (that is [`policies::watch`]).

use policies::watch::WatchVerdict;

use super::{Change, Effect, Facts, Lifecycle, Rules};

/// Rollbacks in a row after which a person should look.
const FLAPPING_ROLLBACKS: u32 = 3;
/// The pause after a rollback doubles with every further one in a row, so many times at most.
pub(super) const BACKOFF_DOUBLINGS_MAX: u32 = 6;

impl Lifecycle {
    pub(super) fn watched(&mut self, facts: &Facts, rules: &Rules) -> Option<Vec<Effect>> {
        self.watch?;
        match facts.watch? {
            WatchVerdict::Watching => None,
            WatchVerdict::Keep => {
                (self.watch, self.took_over, self.rollbacks) = (None, None, 0);
                Some(vec![Effect::Release])
            }
            WatchVerdict::Rollback => Some(self.roll_back(rules)),
        }
    }

    /// Answers that fail and time that is overrun are known before labels come.
    pub(super) fn harmed(&mut self, rules: &Rules) -> Vec<Effect> {
        if self.watch.is_some() { self.roll_back(rules) } else { Vec::new() }
    }

    /// Back to the displaced champion; every further rollback in a row doubles the pause of the search.
    pub(super) fn roll_back(&mut self, rules: &Rules) -> Vec<Effect> {
        self.watch = None;
        // What comes back has the weights of when it went; what it has learned since is due.
        self.refresh_at = self.outcomes;
        self.rollbacks += 1;
        let doubled = 1 << self.rollbacks.min(BACKOFF_DOUBLINGS_MAX);
        let pause = rules.config.search.cooldown_outcomes.saturating_mul(doubled);
        self.paused_until = self.outcomes.saturating_add(pause);
        self.hand_back();
        let mut effects = self.drop_challenger("the champion it was compared with is rolled back");
        effects.push(Effect::Swap(Change::Rollback));
        if self.rollbacks >= FLAPPING_ROLLBACKS {
            let times = self.rollbacks;
            effects.push(Effect::Alarm(format!(
                "{times} promotions in a row were rolled back; the search pauses for {pause} outcomes"
            )));
        }
        effects
    }
}
