//! Episode: the candidates of one search, what they have shown, and who trains next.
//!
//! Lives here: asking the scheduler, and whoever costs less where nobody won. Does not live here: the trials themselves, and
//! which of several winners is preferred (that is `learn`'s, who knows what they cost).

use model::Edit;
use policies::search::{Scheduler as _, Trial, best_cheaper};
use serde::{Deserialize, Serialize};

use super::{Effect, Rules};

/// How a candidate did on a rung.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Climber {
    /// Its place among the candidates of the episode.
    pub place: usize,
    /// Mean paired gain over the control; none where its trial failed, or where it costs more than it may by now.
    pub gain: Option<f64>,
    /// Whether its trial showed nothing.
    pub failed: bool,
    /// Whether it was surely worse before the rung was over.
    pub rejected: bool,
    /// Whether it costs less, and may therefore be a little worse.
    pub may_cost_quality: bool,
}

/// Why nobody won.
pub(super) fn why_nobody(climbers: &[Climber]) -> &'static str {
    let none_ran = !climbers.is_empty() && climbers.iter().all(|climber| climber.failed);
    if none_ran { "none of its trials could be run" } else { "no candidate was better than the control" }
}

/// Who is where at a rung of the ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stand {
    /// Windows a candidate has trained on at its end.
    pub windows: u32,
    /// On their way there now.
    pub training: usize,
    /// Came there and no further, and may climb.
    pub stand: usize,
    /// Came there and climb no more.
    pub over: usize,
}

/// A candidate, and what it has shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Candidate {
    edit: Edit,
    may_cost_quality: bool,
}

/// One search, from its question to its winner.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Episode {
    candidates: Vec<Candidate>,
    trials: Vec<Trial>,
    /// The rung where they train now.
    rung: usize,
    /// Whether a drift opened it.
    pub(super) drift: bool,
}

impl Episode {
    pub(super) fn new(drift: bool) -> Self {
        Self { drift, ..Self::default() }
    }

    /// These are tried.
    pub(super) fn propose(&mut self, edits: Vec<Edit>) {
        self.trials = vec![Trial::default(); edits.len()];
        let candidate = |edit| Candidate { edit, may_cost_quality: false };
        self.candidates = edits.into_iter().map(candidate).collect();
    }

    /// What those have shown that trained.
    pub(super) fn observe(&mut self, climbers: &[Climber], rules: &Rules) {
        let Some(windows) = rules.scheduler.rungs().get(self.rung).copied() else { return };
        for climber in climbers {
            let (Some(trial), Some(candidate)) =
                (self.trials.get_mut(climber.place), self.candidates.get_mut(climber.place))
            else {
                continue;
            };
            trial.training = false;
            candidate.may_cost_quality = climber.may_cost_quality;
            let gain = climber.gain.unwrap_or(f64::NEG_INFINITY);
            if climber.rejected { trial.reject(windows, gain) } else { trial.observe(windows, gain) }
        }
    }

    /// Who trains next, and how far; none where nobody has to any more.
    pub(super) fn climb(&mut self, rules: &Rules) -> Option<Effect> {
        let steps = rules.scheduler.batch(&self.trials);
        let rung = steps.first()?.rung;
        let windows = rules.scheduler.rungs().get(rung).copied()?;
        self.rung = rung;
        let mut climbing = Vec::with_capacity(steps.len());
        for step in steps {
            self.trials[step.candidate].training = true;
            climbing.push((step.candidate, self.candidates[step.candidate].edit.clone()));
        }
        Some(Effect::Climb { rung, windows, candidates: climbing })
    }

    /// Every rung, lowest first.
    pub(super) fn rungs(&self, rules: &Rules) -> Vec<Stand> {
        let rungs = rules.scheduler.rungs();
        let count =
            |counts: &dyn Fn(&Trial) -> bool| self.trials.iter().filter(|trial| counts(trial)).count();
        let stand = |(at, windows): (usize, &u32)| {
            let below = at.checked_sub(1).map_or(0, |below| rungs[below]);
            let is_there = |trial: &Trial| !trial.training && trial.trained() == *windows;
            Stand {
                windows: *windows,
                training: count(&|trial| trial.training && trial.trained() == below),
                stand: count(&|trial| is_there(trial) && !trial.is_over),
                over: count(&|trial| is_there(trial) && trial.is_over),
            }
        };
        rungs.iter().enumerate().map(stand).collect()
    }

    /// Places of those who won, best first.
    pub(super) fn winners(&self, rules: &Rules) -> Vec<usize> {
        let mut winners = rules.scheduler.winners(&self.trials);
        if winners.is_empty() {
            let cheaper: Vec<bool> = self.candidates.iter().map(|one| one.may_cost_quality).collect();
            let loss_max = rules.config.gate.non_inferiority_margin;
            winners.extend(best_cheaper(&self.at_the_top(), &cheaper, loss_max));
        }
        winners
    }

    /// How many are not trained yet, train now, and have trained and may climb.
    pub(super) fn standing(&self) -> [u64; 3] {
        let mut standing = [0; 3];
        for trial in self.trials.iter().filter(|trial| trial.training || !trial.is_over) {
            standing[if trial.training { 1 } else { usize::from(trial.trained() > 0) * 2 }] += 1;
        }
        standing
    }

    /// The gains of those who have come furthest and are not over.
    fn at_the_top(&self) -> Vec<Option<f64>> {
        let standing = || self.trials.iter().filter(|trial| !trial.is_over);
        let top = standing().map(Trial::trained).max().unwrap_or(0);
        self.trials.iter().map(|trial| trial.score_at(top).filter(|_| !trial.is_over)).collect()
    }
}

#[cfg(test)]
mod tests;
