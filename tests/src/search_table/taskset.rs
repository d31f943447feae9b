//! `TaskSet`: schedulers scored by look-up in recorded learning curves, at equal cost.
//!
//! Lives here: the table, one run of a scheduler over it, and what many runs come to. Does not live here: a scheduler,
//! which is the daemon's own.
//!
//! One point of a curve is one window. A run draws configurations in an order of its own, the same for every scheduler,
//! and one worker trains them one step after another. It stops where the best so far could no longer be trained to the
//! end within the budget, so that every scheduler pays for the model that it hands over.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result};
use policies::search::{AnyScheduler, Scheduler as _, Step, SuccessiveHalving, Trial};
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_pcg::Pcg64;

use super::csv::Lines;
use super::report::{Report, Searches};

/// Windows of the last rung: the last point of a curve whose first is from before training.
const WINDOWS: u32 = 50;
/// Rungs of the reference's protocol.
const RUNGS: [u32; 5] = [1, 3, 9, 27, WINDOWS];

/// Recorded curves of validation loss, a row each.
#[derive(Clone, Debug)]
pub struct Table {
    curves: Vec<Vec<f64>>,
    best: f64,
    untrained: f64,
}

impl Table {
    /// Reads a `taskset_*.csv`: columns `v0` to `v50` are the curve. A loss that is no number is a failure.
    pub fn read(path: &Path) -> Result<Self> {
        let lines = Lines::read(path)?;
        let columns: Vec<String> = (0..=WINDOWS).map(|windows| format!("v{windows}")).collect();
        let curves: Result<Vec<Vec<f64>>> = lines
            .iter()
            .map(|line| {
                let loss = |column: &String| -> Result<f64> {
                    Ok(line.text(column)?.trim().parse().unwrap_or(f64::NAN))
                };
                columns.iter().map(loss).collect()
            })
            .collect();
        Self::new(curves?).with_context(|| format!("{}: no curve has a beginning and an end", path.display()))
    }

    /// A table of curves of 51 points; none where no row began and ended with a finite loss.
    pub fn new(curves: Vec<Vec<f64>>) -> Option<Self> {
        let column = |at: u32| {
            let losses = curves.iter().map(|curve| curve[at as usize]).filter(|loss| loss.is_finite());
            let mut losses: Vec<f64> = losses.collect();
            losses.sort_by(f64::total_cmp);
            losses
        };
        let (first, last) = (column(0), column(WINDOWS));
        let (untrained, best) = (*first.get(first.len() / 2)?, *last.first()?);
        Some(Self { curves, best, untrained })
    }

    /// Final loss above the best of the table; of nobody, and of a network that failed at the end, as if untrained.
    fn regret(&self, chosen: Option<usize>) -> f64 {
        let last = chosen.map(|row| self.curves[row][WINDOWS as usize]).filter(|loss| loss.is_finite());
        last.unwrap_or(self.untrained) - self.best
    }

    fn train(&self, row: usize, trial: &mut Trial, windows: u32) {
        for windows in trial.trained() + 1..=windows {
            trial.observe(windows, -self.curves[row][windows as usize]);
        }
    }
}

/// The scheduler of this name, with the rungs and the share of the reference's protocol; none if there is none.
pub fn scheduler(name: &str) -> Option<AnyScheduler> {
    let rungs = SuccessiveHalving { rungs: RUNGS.to_vec(), eta: 3, least_gain: f64::NEG_INFINITY };
    AnyScheduler::named(name, rungs)
}

/// How many may be started: the asynchronous ones stop by themselves, the others have to be given as many as the
/// budget takes to the end.
fn cohort(scheduler: &AnyScheduler, budget: u32, rows: usize) -> usize {
    let count = match scheduler {
        AnyScheduler::FullBudget(_) => budget / WINDOWS,
        AnyScheduler::SuccessiveHalving(_) | AnyScheduler::Extrapolated(_) => {
            (1..=budget / RUNGS[0]).take_while(|count| halving_cost(*count) <= budget).last().unwrap_or(0)
        }
        AnyScheduler::Asha(_) | AnyScheduler::Pasha(_) => budget,
    };
    (count as usize).min(rows)
}

/// What halving spends on so many, each rung going on from the one before.
fn halving_cost(count: u32) -> u32 {
    let climbing = |rung: u32| (count / 3_u32.pow(rung)).max(1);
    let steps = RUNGS.windows(2).zip(1..);
    count * RUNGS[0] + steps.map(|(pair, rung)| climbing(rung) * (pair[1] - pair[0])).sum::<u32>()
}

/// Scores a scheduler; the budget is in points of curves, and a score is the final loss of the chosen, negated.
pub fn report(table: &Table, name: &str, scheduler: &AnyScheduler, searches: Searches) -> Report {
    let begun = Instant::now();
    let results = results(table, scheduler, searches);
    let seconds = begun.elapsed().as_secs_f64();
    let count = results.len() as f64;
    let regret_mean = results.iter().map(|result| result.0).sum::<f64>() / count;
    let variance = results.iter().map(|result| (result.0 - regret_mean).powi(2)).sum::<f64>() / count;
    let optima = results.iter().filter(|result| result.0 <= 0.0).count();
    let points: u64 = results.iter().map(|result| u64::from(result.1)).sum();
    Report {
        table: String::new(),
        space: String::new(),
        proposer: "random".into(),
        predictor: None,
        scheduler: Some(name.to_owned()),
        budget: searches.budget,
        runs: searches.runs,
        score_mean: -(table.best + regret_mean),
        score_sd: variance.sqrt(),
        optimum_share: optima as f64 / count,
        regret_mean,
        seconds_per_query: seconds / points as f64,
    }
}

/// Regret and cost of each run. The order in which a run draws is the same for every scheduler.
fn results(table: &Table, scheduler: &AnyScheduler, searches: Searches) -> Vec<(f64, u32)> {
    let budget = u32::try_from(searches.budget).unwrap_or(u32::MAX);
    let one = |run: u64| {
        let mut rng = Pcg64::seed_from_u64(searches.seed.wrapping_shl(32).wrapping_add(run));
        let mut order: Vec<usize> = (0..table.curves.len()).collect();
        order.shuffle(&mut rng);
        let (chosen, cost) = run_once(table, scheduler, budget, &order);
        (table.regret(chosen), cost)
    };
    (0..searches.runs).map(one).collect()
}

/// One run: the row that was chosen, and what was spent, its training to the end included.
fn run_once(table: &Table, scheduler: &AnyScheduler, budget: u32, order: &[usize]) -> (Option<usize>, u32) {
    let mut trials = vec![Trial::default(); cohort(scheduler, budget, order.len())];
    let mut cost = 0;
    let mut due: Vec<Step> = Vec::new();
    loop {
        // Whoever waits for a rung has all of it to do; who does not, asks again after every step.
        if due.is_empty() {
            due = scheduler.next(&trials);
            due.reverse();
        }
        let Some(step) = due.pop() else { break };
        let windows = scheduler.rungs()[step.rung];
        let price = windows - trials[step.candidate].trained();
        let standing = trials.iter().filter(|trial| !trial.is_over).map(Trial::trained);
        let furthest = standing.max().unwrap_or(0).max(windows);
        if cost + price + (WINDOWS - furthest) > budget {
            break;
        }
        table.train(order[step.candidate], &mut trials[step.candidate], windows);
        cost += price;
        if scheduler.at_once() < usize::MAX {
            due.clear();
        }
    }
    let rest = |chosen: usize| WINDOWS - trials[chosen].trained();
    let chosen = scheduler.winners(&trials).into_iter().find(|chosen| cost + rest(*chosen) <= budget);
    (chosen.map(|chosen| order[chosen]), cost + chosen.map_or(0, rest))
}

#[cfg(test)]
mod tests;
