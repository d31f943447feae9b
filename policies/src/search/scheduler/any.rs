//! Every scheduler there is, by name.
//!
//! Lives here: the closed set, and whom to train before asking again. May not: decide who climbs.

use serde::{Deserialize, Serialize};

use super::{Asha, Extrapolated, FullBudget, Pasha, Scheduler, Step, SuccessiveHalving, Trial};

/// Any of the schedulers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AnyScheduler {
    /// Rung by rung, the best of each.
    SuccessiveHalving(SuccessiveHalving),
    /// Whoever is among the best so far.
    Asha(Asha),
    /// Longer only where that changes who is best.
    Pasha(Pasha),
    /// Rung by rung, by forecasts of the last.
    Extrapolated(Extrapolated),
    /// Everyone to the end.
    FullBudget(FullBudget),
}

impl AnyScheduler {
    /// Names, as in configuration.
    pub const NAMES: [&str; 5] = ["successive_halving", "asha", "pasha", "extrapolated", "full_budget"];

    /// The scheduler of this name, over the rungs of this one; none if there is none.
    pub fn named(name: &str, rungs: SuccessiveHalving) -> Option<Self> {
        match name {
            "successive_halving" => Some(Self::SuccessiveHalving(rungs)),
            "asha" => Some(Self::Asha(Asha(rungs))),
            "pasha" => Some(Self::Pasha(Pasha(rungs))),
            "extrapolated" => Some(Self::Extrapolated(Extrapolated(rungs))),
            "full_budget" => {
                let least_gain = rungs.least_gain;
                let rungs = [rungs.rungs.last().copied().unwrap_or(1)];
                Some(Self::FullBudget(FullBudget { rungs, least_gain }))
            }
            _ => None,
        }
    }

    /// Whom to train before asking again: some of those who may start, all on one rung.
    pub fn batch(&self, trials: &[Trial]) -> Vec<Step> {
        let mut steps = self.next(trials);
        let rung = steps.first().map(|step| step.rung);
        steps.retain(|step| Some(step.rung) == rung);
        steps.truncate(self.at_once());
        steps
    }

    /// Whether a winner may come from this rung: who does not wait for whole rungs may end on any.
    pub fn may_win_at(&self, rung: usize) -> bool {
        self.at_once() < usize::MAX || rung + 1 == self.rungs().len()
    }

    fn inner(&self) -> &dyn Scheduler {
        match self {
            Self::SuccessiveHalving(scheduler) => scheduler,
            Self::Asha(scheduler) => scheduler,
            Self::Pasha(scheduler) => scheduler,
            Self::Extrapolated(scheduler) => scheduler,
            Self::FullBudget(scheduler) => scheduler,
        }
    }
}

impl Scheduler for AnyScheduler {
    fn rungs(&self) -> &[u32] {
        self.inner().rungs()
    }

    fn next(&self, trials: &[Trial]) -> Vec<Step> {
        self.inner().next(trials)
    }

    fn at_once(&self) -> usize {
        self.inner().at_once()
    }

    fn winners(&self, trials: &[Trial]) -> Vec<usize> {
        self.inner().winners(trials)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_its_name_and_hands_a_winner_over_from_a_rung_where_one_may_be() {
        for name in AnyScheduler::NAMES {
            let rungs = SuccessiveHalving::default();
            let scheduler = AnyScheduler::named(name, rungs).expect("it is one of the names");
            let mut trials = vec![Trial::default(); 9];
            let mut trained = 0;
            loop {
                let batch = scheduler.batch(&trials);
                let Some(first) = batch.first() else { break };
                assert!(batch.iter().all(|step| step.rung == first.rung), "{name}");
                for step in &batch {
                    let gain = 0.01 * step.candidate as f64;
                    trials[step.candidate].observe(scheduler.rungs()[step.rung], gain);
                }
                trained += batch.len();
                assert!(trained <= 27, "{name} ends");
            }
            let winner = scheduler.winners(&trials).first().copied().expect("eight of nine gain");
            let rung = scheduler.rungs().iter().position(|rung| *rung == trials[winner].trained());
            assert!(
                winner > 5 && scheduler.may_win_at(rung.expect("it stands on a rung")),
                "{name}: {winner}"
            );
        }
        assert_eq!(AnyScheduler::named("hyperband", SuccessiveHalving::default()), None);
    }
}
