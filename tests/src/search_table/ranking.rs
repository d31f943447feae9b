//! Ranking: how well a predictor orders members that it has not seen.
//!
//! Lives here: Spearman's rank correlation of what it says with validation, over members drawn at random. May not: predict; that is
//! `policies::search::predictor`.

use std::time::Instant;

use model::Genome;
use policies::search::Question;
use policies::search::predictor::{AnyPredictor, Example, Moment, Predictor as _, Subject};
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_pcg::Pcg64;
use serde::Serialize;

use super::features::{Known, ranks};
use super::lookup::Table;
use super::report::Searches;

/// Members that it is asked about, of those that it has not seen.
const HELD_OUT: usize = 3_000;

/// How well members were ordered, run by run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ranked {
    /// Who predicted.
    pub predictor: String,
    /// Members that it learned from.
    pub rows: u64,
    /// Draws of these.
    pub runs: u64,
    /// Mean rank correlation with validation, of members that it has not seen.
    pub spearman_mean: f64,
    /// Its standard deviation over runs.
    pub spearman_sd: f64,
    /// The same among the best tenth of these by validation.
    pub spearman_top: f64,
    /// Wall time of learning, once what is free to know was studied.
    pub seconds_per_fit: f64,
}

impl Ranked {
    /// As JSON, or a line for people.
    pub fn text(&self, json: bool) -> serde_json::Result<String> {
        if json {
            return serde_json::to_string_pretty(self);
        }
        let Self { predictor, rows, runs, spearman_mean, spearman_sd, spearman_top, seconds_per_fit } = self;
        Ok(format!(
            "{predictor}: {rows} rows, {runs} runs: {spearman_mean:.3} ± {spearman_sd:.3}, {spearman_top:.3} in the best tenth, \
             {seconds_per_fit:.3} s a fit"
        ))
    }
}

/// Many draws; the budget is how many are learned from.
pub fn ranked(table: &Table, known: &Known, predictor: &AnyPredictor, searches: Searches) -> Ranked {
    let Searches { budget, runs, seed } = searches;
    let generator = |run| Pcg64::seed_from_u64(seed.wrapping_shl(32).wrapping_add(run));
    let all: Vec<Run> =
        (0..runs).map(|run| one(table, known, predictor, budget as usize, &mut generator(run))).collect();
    let mean = |of: fn(&Run) -> f64| all.iter().map(of).sum::<f64>() / all.len() as f64;
    let spearman = mean(|run| run.spearman);
    let square = all.iter().map(|run| (run.spearman - spearman).powi(2)).sum::<f64>() / all.len() as f64;
    Ranked {
        predictor: predictor.name().into(),
        rows: budget,
        runs,
        spearman_mean: spearman,
        spearman_sd: square.sqrt(),
        spearman_top: mean(|run| run.top),
        seconds_per_fit: mean(|run| run.seconds),
    }
}

struct Run {
    spearman: f64,
    top: f64,
    seconds: f64,
}

fn one(table: &Table, known: &Known, predictor: &AnyPredictor, rows: usize, rng: &mut Pcg64) -> Run {
    let mut members = table.members();
    members.shuffle(rng);
    let subject = |genome: &&Genome| Subject { genome: (*genome).clone(), features: known.of(genome) };
    let validation = |genome: &Genome| table.row(genome).map_or(f64::NEG_INFINITY, |row| row.validation);
    let (seen, rest) = members.split_at(rows.min(members.len()));
    let parent = subject(&seen[0]);
    let example = |child: &&Genome| Example {
        child: subject(child),
        parent: parent.clone(),
        changes: vec![validation(child) - validation(&parent.genome)],
        moment: Moment::default(),
    };
    let examples: Vec<Example> = seen[1..].iter().map(example).collect();
    let mut predictor = predictor.clone();
    let costs = |genome: &Genome| table.free(genome);
    let features = |genome: &Genome| known.of(genome);
    let question = Question::new(table.space(), &parent.genome, 1);
    let question = Question { costs: &costs, features: &features, ..question };
    predictor.study(table.space(), &|genome| question.free(genome), rng);
    let begun = Instant::now();
    predictor.fit(table.space(), &examples, rng);
    let seconds = begun.elapsed().as_secs_f64();
    let asked: Vec<Subject> = rest.iter().take(HELD_OUT).map(subject).collect();
    let told = predictor.predict(Moment::default(), &parent, &asked);
    let told = told.iter().map(|told| told.first().map_or(0.0, |told| told.mean));
    let mut pairs: Vec<(f64, f64)> = asked.iter().map(|asked| validation(&asked.genome)).zip(told).collect();
    let spearman = spearman(&pairs);
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    pairs.truncate(pairs.len() / 10);
    Run { spearman, top: self::spearman(&pairs), seconds }
}

/// The correlation of ranks; zero where one side does not differ.
fn spearman(pairs: &[(f64, f64)]) -> f64 {
    let side = |of: fn(&(f64, f64)) -> f64| -> Vec<f64> {
        // The share below, counting equals by half, is in the middle at a half.
        ranks(&pairs.iter().map(of).collect::<Vec<_>>()).into_iter().map(|rank| rank - 0.5).collect()
    };
    let (a, b) = (side(|pair| pair.0), side(|pair| pair.1));
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let size = (product(&a, &a) * product(&b, &b)).sqrt();
    if size > 0.0 { product(&a, &b) / size } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_all_that_counts() {
        let pairs =
            |values: [f64; 4]| -> Vec<(f64, f64)> { [1.0, 2.0, 3.0, 4.0].into_iter().zip(values).collect() };
        assert!((spearman(&pairs([1.0, 10.0, 11.0, 1e9])) - 1.0).abs() < 1e-12);
        assert!((spearman(&pairs([9.0, 3.0, 2.0, -5.0])) + 1.0).abs() < 1e-12);
        assert!(spearman(&pairs([1.0; 4])).abs() < 1e-12 && spearman(&[]).abs() < 1e-12);
    }
}
