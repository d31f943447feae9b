//! Contest: where the champion is not ours, when ours is compared with it, takes over, and what follows a way back.
//!
//! Lives here: the states of that, with the deadlines of a challenger. Does not live here: the paired test, or what serves.
//!
//! While the other one serves, everything else goes on as ever, unseen: refreshes, episodes, promotions and their watches
//! change only what would serve. So the contest is with our learner as a whole, and goes on through them. The takeover
//! itself waits for nothing but a watch or a relief; an episode and a challenger end with it, for the watch over it comes next.

use model::Timestamp;
use policies::gate::{self, Judgement, Verdict};
use serde::{Deserialize, Serialize};

use super::{Change, Effect, Facts, JUDGE_AGAIN_OUTCOMES, Lifecycle, Person, Rules, after};

/// Where ours stands beside a champion that is not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) enum Contest {
    /// There is none: ours serves.
    #[default]
    Over,
    /// From these outcomes on ours may be compared with it.
    From(u64),
    /// It is.
    Running(Running),
}

/// A contest and its deadlines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Running {
    until: u64,
    expires: Timestamp,
    judge_at: u64,
    pub(super) person: Person,
}

impl Lifecycle {
    /// Where there is a champion that is not ours, and whether it serves now; none where there is none.
    pub fn beside(&mut self, serves: Option<bool>) {
        match serves {
            Some(true) if self.contest == Contest::Over => self.contest = Contest::From(self.outcomes),
            Some(_) => {}
            None => {
                self.contest = Contest::Over;
                if self.took_over.take().is_some() {
                    self.watch = None;
                }
            }
        }
    }

    /// One outcome later.
    pub(super) fn contested(&mut self, facts: &Facts, rules: &Rules) -> Option<Vec<Effect>> {
        let gate = &rules.config.gate;
        let running = match &mut self.contest {
            Contest::Over => return None,
            Contest::From(from) => {
                let is_due = self.champion && facts.outcomes >= *from;
                return is_due.then(|| self.begin_contest(rules));
            }
            Contest::Running(running) => running,
        };
        let (quality, alpha) = facts.contest?;
        let (enough, harm) = (-alpha.ln(), -gate.quality.alpha_harm.ln());
        if quality.log_harm >= harm {
            return Some(self.end_contest("worse than the champion", rules));
        }
        if quality.log_futile >= harm && quality.log_gain < enough {
            return Some(self.end_contest("gains less than is worth waiting for", rules));
        }
        if running.person == Person::Agreed {
            let effects = self.take_office(rules);
            return (!effects.is_empty()).then_some(effects);
        }
        if matches!(running.person, Person::Asked(_)) {
            return None;
        }
        if quality.log_gain >= enough && facts.outcomes >= running.judge_at {
            running.judge_at = facts.outcomes + JUDGE_AGAIN_OUTCOMES;
            return Some(vec![Effect::JudgeContest]);
        }
        (facts.outcomes >= running.until).then(|| self.undecided_contest("undecided at its deadline", rules))
    }

    /// It is so late.
    pub(super) fn contest_passed(&mut self, rules: &Rules) -> Vec<Effect> {
        let Contest::Running(Running { expires, person, .. }) = &self.contest else { return Vec::new() };
        match person {
            Person::Asked(until) if self.now >= *until => {
                let seconds = rules.config.gate.approval_seconds;
                self.end_contest(&format!("nobody approved it within {seconds} seconds"), rules)
            }
            Person::NotAsked if self.now >= *expires => {
                self.undecided_contest("too few outcomes came in the time it had", rules)
            }
            Person::NotAsked | Person::Asked(_) | Person::Agreed => Vec::new(),
        }
    }

    fn begin_contest(&mut self, rules: &Rules) -> Vec<Effect> {
        let gate = &rules.config.gate;
        self.contest = Contest::Running(Running {
            until: self.outcomes + gate.quality.deadline_outcomes,
            expires: after(self.now, gate.deadline_seconds),
            judge_at: self.outcomes,
            person: Person::NotAsked,
        });
        vec![Effect::BeginContest]
    }

    /// Another one begins after as long as another episode would.
    fn end_contest(&mut self, reason: &str, rules: &Rules) -> Vec<Effect> {
        self.contest = Contest::From(self.outcomes.saturating_add(rules.config.search.cooldown_outcomes));
        vec![Effect::EndContest(reason.into())]
    }

    /// What the gates say at the end is told before it goes: inconclusive, and why.
    fn undecided_contest(&mut self, reason: &str, rules: &Rules) -> Vec<Effect> {
        let end = self.end_contest(reason, rules);
        std::iter::once(Effect::JudgeContest).chain(end).collect()
    }

    pub(super) fn contest_judged(&mut self, judgements: &[Judgement], rules: &Rules) -> Vec<Effect> {
        let Contest::Running(_) = self.contest else { return Vec::new() };
        let refused = judgements.iter().find(|one| one.binding && one.verdict == Verdict::Fail);
        if let Some(refused) = refused {
            return self.end_contest(&format!("gate {}: {}", refused.gate.name(), refused.reason), rules);
        }
        if gate::verdict(judgements) != Verdict::Pass {
            return Vec::new();
        }
        self.ask_a_person(rules).unwrap_or_else(|| self.take_office(rules))
    }

    /// A relief under way, a running watch or a person who paused goes first; the evidence does not go away.
    pub(super) fn take_office(&mut self, rules: &Rules) -> Vec<Effect> {
        if self.paused.is_some() || self.relief || self.watch.is_some() {
            return Vec::new();
        }
        let Contest::Running(running) = std::mem::take(&mut self.contest) else { return Vec::new() };
        self.took_over = Some(running);
        self.watch = Some(after(self.now, rules.config.watch.deadline_seconds));
        let mut effects = match self.episode.take() {
            Some(_) => vec![Effect::Closed("ours takes over, and is watched first")],
            None => Vec::new(),
        };
        self.quiet_until = self.outcomes.saturating_add(rules.config.search.cooldown_outcomes);
        effects.extend(self.drop_challenger("ours takes over, and is watched first"));
        effects.push(Effect::Swap(Change::Takeover));
        effects
    }

    /// It stays in its contest, and asks again in a while.
    pub(super) fn takeover_failed(&mut self) {
        self.watch = None;
        let judge_at = self.outcomes + JUDGE_AGAIN_OUTCOMES;
        if let Some(running) = self.took_over.take() {
            self.contest = Contest::Running(Running { judge_at, ..running });
        }
    }

    /// What was taken over goes back: no other contest before the pause is over.
    pub(super) fn hand_back(&mut self) {
        if self.took_over.take().is_some() {
            self.contest = Contest::From(self.paused_until);
        }
    }
}

#[cfg(test)]
mod tests;
