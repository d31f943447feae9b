//! Lifecycle: what the daemon is up to, as a pure step from events to effects.
//!
//! Lives here: the states (episode, shadow, watch, refresh, relief) and the arbiter between swaps.
//! May not: do anything. [`Lifecycle::step`] only says what has to be done; `learn` does it and comes
//! back with what happened, as another event.
//!
//! ```text
//!           cold start, drift, plateau
//! Serving ──────────────────────────────────────▶ Searching ──▶ Shadowing ──▶ Watching ──▶ Serving
//!    │  ▲                                             │ nothing     │ harm,       │ harm
//!    │  └─────────────────────────────────────────────┘ survives    │ deadline    ▼
//!    └── breach ──▶ relief ──▶ smaller network           ◀──────────┘         Rollback
//!    (a breach that a smaller network does not answer is an alarm, and opens an episode)
//! ```

use model::{Edit, Timestamp};
use policies::detect::Diagnosis;
use policies::gate::{self, Judgement, Verdict};
use policies::search::AnyScheduler;
use serde::{Deserialize, Serialize};

use crate::config::LearnConfig;

mod approval;
mod contest;
mod drift;
mod episode;
mod ladder;
mod memory;
mod relief;
mod steer;
mod watch;
mod words;

pub use episode::{Climber, Stand};
pub use ladder::LADDER;
pub use relief::{OPTIONS_MAX, ReliefOption, choose, slices, smaller};
pub use steer::Steer;
pub use words::{Cause, Change, Effect, Event, Facts};

use contest::{Contest, Running};
use episode::{Episode, why_nobody};
use relief::ReliefPause;

/// Outcomes between two judgements of a challenger whose other gates are undecided.
const JUDGE_AGAIN_OUTCOMES: u64 = 100;
/// Outcomes that a drift waits at least for what is under way.
const DRIFT_WAITS_OUTCOMES: u64 = 10_000;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Shadow {
    until: u64,
    expires: Timestamp,
    judge_at: u64,
    person: Person,
    /// The drift that an archived mixture is to answer, where it is one.
    answers: Option<Box<Diagnosis>>,
}

/// What a person has to do with a challenger.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Person {
    /// Nothing, so far.
    NotAsked,
    /// It has passed all gates, and waits for them until then.
    Asked(Timestamp),
    /// They agreed.
    Agreed,
}

/// The control plane's memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lifecycle {
    outcomes: u64,
    now: Timestamp,
    champion: bool,
    cold_search_done: bool,
    episode: Option<Episode>,
    shadow: Option<Shadow>,
    /// The challenger whose promotion was asked for last, for when it cannot be made.
    promoted: Option<Shadow>,
    /// Beside a champion that is not ours.
    contest: Contest,
    /// The contest that was won, for when the takeover cannot be made, and as long as it is watched.
    took_over: Option<Running>,
    relief: bool,
    relief_pause: ReliefPause,
    /// Until then a breach that no relief answers is not answered again.
    search_paused_until: u64,
    /// Until when a watch lasts at most.
    watch: Option<Timestamp>,
    /// Rollbacks since a watch ended well.
    rollbacks: u32,
    quiet_until: u64,
    /// After a rollback: until then no episode opens, whatever happens, unless a person wants one.
    paused_until: u64,
    /// Since when people have it begin nothing new.
    paused: Option<Timestamp>,
    /// Until then no drift opens an episode either.
    barren_until: u64,
    /// Outcomes when a drift was noticed last that others had not noticed before.
    drift_noticed: Option<u64>,
    /// A drift that nobody who is remembered has answered yet, while that is asked again.
    look: Option<memory::Look>,
    /// A drift that an archived mixture did not answer: it is searched for as soon as that may be.
    unanswered: Option<Box<Diagnosis>>,
    /// The first drift that has not opened an episode yet, and when it was noticed.
    drift_waits: Option<(u64, Box<Diagnosis>)>,
    refresh_at: u64,
}

/// The settings a step looks at.
#[derive(Clone, Debug)]
pub struct Rules {
    /// From the configuration.
    pub config: LearnConfig,
    /// Who climbs.
    pub scheduler: AnyScheduler,
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self::new()
    }
}

impl Lifecycle {
    /// Before the first outcome.
    pub fn new() -> Self {
        Self {
            outcomes: 0,
            now: Timestamp(i64::MIN),
            champion: false,
            cold_search_done: false,
            episode: None,
            shadow: None,
            promoted: None,
            contest: Contest::default(),
            took_over: None,
            relief: false,
            relief_pause: ReliefPause::default(),
            search_paused_until: 0,
            watch: None,
            rollbacks: 0,
            quiet_until: 0,
            paused_until: 0,
            paused: None,
            barren_until: 0,
            drift_noticed: None,
            look: None,
            unanswered: None,
            drift_waits: None,
            refresh_at: 0,
        }
    }

    /// Whether a champion is served, not only the prior.
    pub fn has_champion(&self) -> bool {
        self.champion
    }

    /// The time as it was told last.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Outcomes at which a challenger has to go that is undecided; none if there is none.
    pub fn shadow_until(&self) -> Option<u64> {
        self.shadow.as_ref().map(|shadow| shadow.until)
    }

    /// After a restart: trials that were under way are gone, so their episode and relief are too.
    pub fn resumed(&mut self) {
        if self.episode.take().is_some() {
            self.quiet_until = self.outcomes;
        }
        self.relief = false;
    }

    /// One event in, what has to be done out.
    pub fn step(&mut self, event: Event, rules: &Rules) -> Vec<Effect> {
        match event {
            Event::Begun => {
                self.champion = true;
                Vec::new()
            }
            Event::Learned(facts) => self.learned(&facts, rules),
            Event::Passed(now) => self.passed(now, rules),
            Event::Harmed => self.harmed(rules),
            Event::Drifted(diagnosis) => self.drifted(diagnosis, rules),
            Event::Breached(remedy) => self.breached(remedy, rules),
            Event::BudgetSet => self.budget_set(),
            Event::Remembered { diagnosis, found } => self.remembered(diagnosis, found, rules),
            Event::Relaxed(count) => self.episode.iter().map(|_| Effect::Ask(count)).collect(),
            Event::Proposed(candidates) => self.proposed(candidates, rules),
            Event::Climbed(climbers) => self.climbed(&climbers, rules),
            Event::NobodyFits => self.nobody_fits(),
            Event::Judged(judgements) => self.judged(&judgements, rules),
            Event::ContestJudged(judgements) => self.contest_judged(&judgements, rules),
            Event::ReliefMeasured(options) => self.relief_measured(&options, rules),
            Event::SwapFailed(change) => self.swap_failed(change),
            Event::Approved => self.approved(rules),
            Event::Steered(steer) => self.steered(steer, rules),
        }
    }

    /// One outcome later. At most one swap leaves here: rollback before promotion before refresh.
    fn learned(&mut self, facts: &Facts, rules: &Rules) -> Vec<Effect> {
        self.outcomes = facts.outcomes;
        if let Some(effects) = self.watched(facts, rules) {
            return effects;
        }
        if let Some(effects) = self.contested(facts, rules) {
            return effects;
        }
        if let Some(effects) = self.shadowed(facts, rules) {
            return effects;
        }
        let mut effects = self.refreshed(facts, rules);
        effects.extend(self.look_again(rules));
        effects.extend(self.open_if_due(facts, rules));
        effects
    }

    /// Deadlines that no outcome has to come for: where labels or traffic stop, nothing is decided by waiting.
    fn passed(&mut self, now: Timestamp, rules: &Rules) -> Vec<Effect> {
        // A clock that goes back must not give anybody more time.
        self.now = self.now.max(now);
        let mut effects = Vec::new();
        if let Some(late) = self.nobody_came(rules) {
            effects.extend(late);
        } else if self.shadow.as_ref().is_some_and(|shadow| self.now >= shadow.expires) {
            effects.extend(self.undecided("too few outcomes came in the time it had"));
        }
        effects.extend(self.contest_passed(rules));
        if self.watch.is_some_and(|until| self.now >= until) {
            (self.watch, self.took_over) = (None, None);
            effects.push(Effect::Release);
        }
        effects
    }

    fn shadowed(&mut self, facts: &Facts, rules: &Rules) -> Option<Vec<Effect>> {
        self.shadow.as_ref()?;
        let quality = facts.quality.as_ref()?;
        let gate = &rules.config.gate.quality;
        if quality.log_harm >= -gate.alpha_harm.ln() {
            return Some(self.drop_challenger("worse than the control"));
        }
        if quality.log_futile >= -gate.alpha_harm.ln() && quality.log_gain < -facts.alpha.ln() {
            return Some(self.drop_challenger("gains less than is worth waiting for"));
        }
        if self.is_with_a_person(rules) {
            return self.agreed(facts, rules);
        }
        let shadow = self.shadow.as_mut()?;
        if quality.log_gain >= -facts.alpha.ln() && facts.outcomes >= shadow.judge_at {
            shadow.judge_at = facts.outcomes + JUDGE_AGAIN_OUTCOMES;
            return Some(vec![Effect::Judge]);
        }
        (facts.outcomes >= shadow.until).then(|| self.undecided("undecided at its deadline"))
    }

    /// What the gates say at the end is told before the challenger goes: inconclusive, and why.
    fn undecided(&mut self, reason: &str) -> Vec<Effect> {
        let drop = self.drop_challenger(reason);
        std::iter::once(Effect::Judge).chain(drop).collect()
    }

    fn drop_challenger(&mut self, reason: &str) -> Vec<Effect> {
        match self.shadow.take() {
            Some(shadow) => {
                self.unanswered = shadow.answers;
                vec![Effect::Drop(reason.into())]
            }
            None => Vec::new(),
        }
    }

    fn refreshed(&mut self, facts: &Facts, rules: &Rules) -> Vec<Effect> {
        let cold = !self.champion && facts.outcomes < rules.config.cold_outcomes;
        if cold || facts.outcomes < self.refresh_at || !facts.stale {
            return Vec::new();
        }
        self.refresh_at = facts.outcomes + rules.config.refresh.every_outcomes;
        if facts.refresh_harms {
            return vec![Effect::Restart];
        }
        self.champion = true;
        vec![Effect::Swap(Change::Refresh)]
    }

    fn open_if_due(&mut self, facts: &Facts, rules: &Rules) -> Vec<Effect> {
        let search = &rules.config.search;
        let least = *rules.config.search.rungs.first().unwrap_or(&1) as usize + 1;
        if !self.may_search() || facts.windows < least {
            return Vec::new();
        }
        if let Some(diagnosis) = self.unanswered.take() {
            return self.open(Cause::Drift(diagnosis), rules);
        }
        if let Some(effects) = self.waited(rules) {
            return effects;
        }
        if facts.outcomes < self.quiet_until {
            return Vec::new();
        }
        if !self.cold_search_done {
            let wanted = *search.rungs.last().unwrap_or(&1) as usize;
            return if facts.windows >= wanted { self.open(Cause::ColdStart, rules) } else { Vec::new() };
        }
        let due = search.plateau_outcomes > 0
            && facts.outcomes >= self.quiet_until.saturating_add(search.plateau_outcomes);
        if due { self.open(Cause::Plateau, rules) } else { Vec::new() }
    }

    fn may_search(&self) -> bool {
        self.champion
            && self.episode.is_none()
            && self.shadow.is_none()
            && !self.relief
            && self.watch.is_none()
            && self.paused.is_none()
            && self.outcomes >= self.paused_until
    }

    fn open(&mut self, cause: Cause, rules: &Rules) -> Vec<Effect> {
        self.cold_search_done = true;
        if !rules.config.search.enabled {
            return Vec::new();
        }
        let drift = matches!(cause, Cause::Drift(_));
        self.episode = Some(Episode::new(drift));
        vec![Effect::Opened(cause), Effect::Ask(rules.config.search.candidates)]
    }

    fn proposed(&mut self, candidates: Vec<Edit>, rules: &Rules) -> Vec<Effect> {
        let Some(episode) = self.episode.as_mut() else { return Vec::new() };
        if candidates.is_empty() {
            let effects = self.close("the neighbourhood has nothing that may be tried", rules);
            self.barren_until = self.quiet_until;
            return effects;
        }
        episode.propose(candidates);
        episode.climb(rules).into_iter().collect()
    }

    fn climbed(&mut self, climbers: &[Climber], rules: &Rules) -> Vec<Effect> {
        let Some(episode) = self.episode.as_mut() else { return Vec::new() };
        episode.observe(climbers, rules);
        if let Some(climb) = episode.climb(rules) {
            return vec![climb];
        }
        let winners = episode.winners(rules);
        if winners.is_empty() {
            return self.close(why_nobody(climbers), rules);
        }
        self.shadow_from_now(rules);
        let mut effects = vec![Effect::Shadow(winners)];
        effects.extend(self.close("its best candidate goes into the shadow slot", rules));
        effects
    }

    /// The shadow slot is free, for nobody went into it.
    fn nobody_fits(&mut self) -> Vec<Effect> {
        self.shadow = None;
        let text =
            "none of those that won fits the budgets, which were lowered meanwhile; the champion stays";
        vec![Effect::Alarm(text.into())]
    }

    /// A challenger is in the shadow slot, and its deadlines run.
    pub(crate) fn shadow_from_now(&mut self, rules: &Rules) {
        let gate = &rules.config.gate;
        self.shadow = Some(Shadow {
            until: self.outcomes + gate.quality.deadline_outcomes,
            expires: after(self.now, gate.deadline_seconds),
            judge_at: self.outcomes,
            person: Person::NotAsked,
            answers: None,
        });
    }

    fn close(&mut self, reason: &'static str, rules: &Rules) -> Vec<Effect> {
        self.episode = None;
        self.quiet_until = self.outcomes.saturating_add(rules.config.search.cooldown_outcomes);
        vec![Effect::Closed(reason)]
    }

    fn judged(&mut self, judgements: &[Judgement], rules: &Rules) -> Vec<Effect> {
        if self.shadow.is_none() {
            return Vec::new();
        }
        let refused = judgements.iter().find(|one| one.binding && one.verdict == Verdict::Fail);
        if let Some(refused) = refused {
            return self.drop_challenger(&format!("gate {}: {}", refused.gate.name(), refused.reason));
        }
        if gate::verdict(judgements) != Verdict::Pass {
            return Vec::new();
        }
        let asked = if self.contest == Contest::Over { self.ask_a_person(rules) } else { None };
        asked.unwrap_or_else(|| self.promote(rules))
    }

    /// A relief under way, a running watch or a person who paused goes first; the evidence does not go away.
    fn promote(&mut self, rules: &Rules) -> Vec<Effect> {
        if self.paused.is_some() || self.relief || self.watch.is_some() || self.shadow.is_none() {
            return Vec::new();
        }
        self.promoted = self.shadow.take();
        self.watch = Some(after(self.now, rules.config.watch.deadline_seconds));
        self.quiet_until = self.outcomes.saturating_add(rules.config.search.cooldown_outcomes);
        vec![Effect::Swap(Change::Promotion)]
    }

    /// A challenger that earned its place keeps its deadlines, and asks again in a while.
    fn swap_failed(&mut self, change: Change) -> Vec<Effect> {
        let name = change.name();
        if change == Change::Takeover {
            self.takeover_failed();
            return vec![Effect::Alarm(format!(
                "the {name} cannot be made and is put off; the champion stays"
            ))];
        }
        if change != Change::Promotion {
            return vec![Effect::Alarm(format!("the {name} cannot be made; the champion stays"))];
        }
        self.watch = None;
        let judge_at = self.outcomes + JUDGE_AGAIN_OUTCOMES;
        self.shadow = self.promoted.take().map(|shadow| Shadow { judge_at, ..shadow });
        vec![Effect::Alarm(format!("the {name} cannot be made and is put off; the champion stays"))]
    }
}

/// So many seconds later.
fn after(now: Timestamp, seconds: u64) -> Timestamp {
    Timestamp(now.0.saturating_add_unsigned(seconds.saturating_mul(1_000)))
}

#[cfg(test)]
mod tests;
