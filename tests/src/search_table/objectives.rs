//! Objectives: the volume that the daemon's own front comes to cover, beside NSGA-II at the same budget.
//!
//! Lives here: one search of each over known values, and what many come to. May not: propose or keep a front itself; that
//! is `policies::search`, and the peer is [`nsga`].
//!
//! Both are scored by all that they looked up: the share of the volume of the table's own front. A member that was looked
//! up before costs nothing and tells nothing.

use std::collections::BTreeMap;

use model::{Genome, SearchSpace};
use policies::search::front::{Axis, Front, Objective, Point, crowding, hypervolume};
use policies::search::{AnyProposer, Proposer, Question, Score};
use rand::RngExt as _;
use rand::SeedableRng as _;
use rand_pcg::Pcg64;
use serde::Serialize;

use super::lookup;
use super::report::Searches;

mod nsga;

/// Questions a look-up at most: where all around was looked up before, a search has come to its end.
const QUESTIONS_MAX: u32 = 50;

/// What is known of a space: two values or more a member, less is better.
#[derive(Clone, Debug)]
pub struct Table {
    /// What may be proposed.
    pub space: SearchSpace,
    /// Its members.
    pub values: BTreeMap<Genome, Vec<f64>>,
    axes: Vec<Axis>,
    reference: Vec<f64>,
    volume: f64,
}

impl Table {
    /// What a table says of validation and cost: what is lacking to the best validation, and the cost.
    pub fn of(table: &lookup::Table) -> Self {
        let values = |genome: &Genome| {
            let row = table.row(genome)?;
            Some((genome.clone(), vec![table.best_validation() - row.validation, row.cost]))
        };
        let values = table.members().into_iter().filter_map(values).collect();
        Self::new(table.space().clone(), &[Objective::Loss, Objective::ComputeTime], values)
    }

    /// A table of these objectives, known exactly; volume is measured up to the worst value of each.
    pub fn new(space: SearchSpace, objectives: &[Objective], values: BTreeMap<Genome, Vec<f64>>) -> Self {
        let worst = |axis: usize| values.values().map(|row| row[axis]).fold(f64::NEG_INFINITY, f64::max);
        let reference: Vec<f64> = (0..objectives.len()).map(worst).collect();
        let axes = objectives.iter().map(|objective| Axis { objective: *objective, noise: 0.0 }).collect();
        let rows: Vec<Vec<f64>> = values.values().cloned().collect();
        let volume = hypervolume(&rows, &reference);
        Self { space, values, axes, reference, volume }
    }

    /// Share of the volume that can be covered.
    fn share(&self, seen: &BTreeMap<Genome, Vec<f64>>) -> f64 {
        let rows: Vec<Vec<f64>> = seen.values().cloned().collect();
        hypervolume(&rows, &self.reference) / self.volume
    }
}

/// What both came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Covered {
    /// Who proposed.
    pub proposer: String,
    /// Look-ups of each search.
    pub budget: u64,
    /// Searches.
    pub runs: u64,
    /// The daemon's own front.
    pub front: Shares,
    /// NSGA-II.
    pub nsga2: Shares,
}

impl Covered {
    /// As JSON, or a line for people.
    pub fn text(&self, json: bool) -> serde_json::Result<String> {
        if json {
            return serde_json::to_string_pretty(self);
        }
        let Self { proposer, budget, runs, front, nsga2 } = self;
        Ok(format!(
            "{proposer}: {budget} trials, {runs} runs: {:.4} ± {:.4} of the volume, NSGA-II {:.4} ± {:.4}",
            front.mean, front.sd, nsga2.mean, nsga2.sd,
        ))
    }
}

/// Many searches of both at the same budget.
pub fn covered(table: &Table, proposer: &AnyProposer, searches: Searches) -> Covered {
    let Searches { budget, runs, seed } = searches;
    let trials = budget as usize;
    Covered {
        proposer: proposer.name().into(),
        budget,
        runs,
        front: shares(runs, seed, |rng| search(table, &mut proposer.clone(), trials, rng)),
        nsga2: shares(runs, seed, |rng| nsga::search(table, trials, rng)),
    }
}

/// Mean and standard deviation of the shares of many searches.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Shares {
    /// Mean share of the volume of the table's front.
    pub mean: f64,
    /// Standard deviation over runs.
    pub sd: f64,
}

/// Many searches, each with a generator of its own.
pub fn shares(runs: u64, seed: u64, search: impl Fn(&mut Pcg64) -> f64) -> Shares {
    let generator = |run| Pcg64::seed_from_u64(seed.wrapping_shl(32).wrapping_add(run));
    let shares: Vec<f64> = (0..runs).map(|run| search(&mut generator(run))).collect();
    let count = shares.len().max(1) as f64;
    let mean = shares.iter().sum::<f64>() / count;
    let variance = shares.iter().map(|share| (share - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
    Shares { mean, sd: variance.sqrt() }
}

/// A search around the front: whoever is less crowded of two is the parent, and a gain is the volume that is won.
pub fn search(table: &Table, proposer: &mut impl Proposer, budget: usize, rng: &mut Pcg64) -> f64 {
    let mut front = Front::new(table.axes.clone(), table.reference.clone());
    let mut seen: BTreeMap<Genome, Vec<f64>> = BTreeMap::new();
    let mut parent = table.space.sample(rng);
    let mut genome = parent.clone();
    for at in 0.. {
        if let (false, Some(values)) = (seen.contains_key(&genome), table.values.get(&genome)) {
            let before = front.history().last().map_or(0.0, |point| point.1);
            front.insert(Point { network: genome.clone(), values: values.clone() }, at);
            let after = front.history().last().map_or(0.0, |point| point.1);
            let gain = (after - before) / table.volume;
            seen.insert(genome.clone(), values.clone());
            proposer.tell(&Score { genome, parent, gain, cost: values[1], at });
        }
        if seen.len() == budget || at > u64::from(QUESTIONS_MAX) * budget as u64 {
            break;
        }
        parent = sparse(&front, rng).unwrap_or_else(|| table.space.sample(rng));
        let question = Question { now: at, ..Question::new(&table.space, &parent, 1) };
        genome = proposer.ask(&question, rng).pop().unwrap_or_else(|| table.space.sample(rng));
    }
    table.share(&seen)
}

/// Of two points drawn from the front, the less crowded.
fn sparse(front: &Front<Genome>, rng: &mut Pcg64) -> Option<Genome> {
    let points = front.points();
    let values: Vec<&[f64]> = points.iter().map(|point| point.values.as_slice()).collect();
    let crowding = crowding(&values);
    let mut draw = || (!points.is_empty()).then(|| rng.random_range(0..points.len()));
    let (one, other) = (draw()?, draw()?);
    let sparse = if crowding[one] >= crowding[other] { one } else { other };
    Some(points[sparse].network.clone())
}

#[cfg(test)]
mod tests;
