//! Networks that read a genome as a graph of operations, and learn the order of what was tried.
//!
//! Lives here: the ranking predictor, and what its order means in normal scores. How a genome becomes a graph lives in [`reading`],
//! what a network makes of it in [`network`], how it learns in [`training`].
//!
//! It learns in two turns. Once for a space it is taught what costs nothing to know of genomes nobody tried (their costs, and zero-cost
//! features where there are any), so that it knows graphs before it knows scores. Then, as the [`ensemble`] does, now and then,
//! five of it learn the order of what was tried. Each leaves out a fifth, and is held to what it says of that: how much their word is
//! worth, and how far off it is, is measured on what they did not see.
//!
//! [`ensemble`]: super::ensemble

use std::collections::BTreeMap;

use model::{Genome, SearchSpace};
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use super::levels::{Level, levels};
use super::scores::Scores;
use super::{Estimate, Example, Moment, Predictor, Subject};

mod likeness;
mod network;
mod reading;
mod said;
mod training;
mod wide;

pub use likeness::Likeness;
use network::{ANSWERS_MAX, Network};
use reading::{Reader, Reading};
use said::Said;
use training::{Goal, Row, train};

/// Its name in configuration, metrics and the journal.
pub const NAME: &str = "graph";

/// Networks.
const NETWORKS: usize = 5;
/// Genomes nobody tried, of which is learned what is free to know; and steps of that.
pub const STUDIED: usize = 512;
const STUDY_STEPS: usize = 480;
/// Steps in which order is learned: as many passes, within these bounds.
const PASSES: usize = 60;
const STEPS: (usize, usize) = (400, 1_000);
/// Trained again when this many times fewer were fitted, or asked for, since than there were.
const TRAINED_AGAIN: usize = 10;
/// How much less an example counts for each drift since: the same third that the Gaussian process begins with.
const ERA_DECAY: f32 = 0.37;

/// Networks, and what their word is worth.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ranker {
    /// How genomes are read; none before the first.
    reader: Option<Reader>,
    /// Those that know graphs, but no scores.
    studied: Vec<Network>,
    trained: Vec<Network>,
    features: Vec<Scores>,
    /// One an objective.
    said: Vec<Said>,
    examples: usize,
    fits: usize,
    /// Normal scores of what was tried last, which follow from the examples and are not saved.
    #[serde(skip)]
    tried: BTreeMap<Genome, Vec<f64>>,
}

impl Ranker {
    /// Nothing learned yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn is_fresh(&self, examples: usize, features: usize, objectives: usize) -> bool {
        let newer = self.fits.max(examples.abs_diff(self.examples));
        let known = self.features.len() == features && self.said.len() == objectives;
        known && !self.trained.is_empty() && newer * TRAINED_AGAIN < self.examples
    }

    /// Of another space nothing is known.
    fn enter(&mut self, space: &SearchSpace) {
        if !self.reader.as_ref().is_some_and(|reader| reader.reads(space)) {
            *self = Self { reader: Some(Reader::new(space)), ..Self::new() };
        }
    }

    fn read(&self, reader: &Reader, subject: &Subject) -> Reading {
        let known = |at: usize| subject.features.get(at).filter(|value| value.is_finite());
        let scored = self.features.iter().enumerate();
        let known = scored.map(|(at, scores)| known(at).map_or(0.0, |value| scores.score(*value) as f32));
        reader.read(&subject.genome, known.collect())
    }

    fn train(&mut self, levels: &[Level], targets: &[Vec<f64>], rng: &mut Pcg64) {
        let Some(reader) = &self.reader else { return };
        let readings: Vec<Reading> = levels.iter().map(|level| self.read(reader, &level.subject)).collect();
        let rows = rows(levels, targets, &readings);
        let (objectives, known) = (targets[0].len(), self.features.len());
        let mut trained = Vec::with_capacity(NETWORKS);
        for part in 0..NETWORKS {
            let mut network = match self.studied.get(part) {
                Some(studied) => studied.crowned(known, objectives, rng),
                None => Network::drawn(reader.words(), known, objectives, rng),
            };
            let taught = |at: &usize| at % NETWORKS != part;
            let taught: Vec<Row<'_>> = (0..rows.len()).filter(taught).map(|at| rows[at].clone()).collect();
            let steps = (PASSES * taught.len() / training::BATCH).clamp(STEPS.0, STEPS.1);
            train(&mut network, &taught, Goal::Order, steps, rng);
            trained.push(network);
        }
        let all: Vec<Vec<Vec<f32>>> = trained.iter().map(|network| answers(network, &readings)).collect();
        self.said = (0..objectives).map(|at| Said::new(&all, &rows, at)).collect();
        self.trained = trained;
    }
}

/// The normal score of each level, for every objective.
fn targets(levels: &[Level]) -> Vec<Vec<f64>> {
    let objectives = levels.first().map_or(0, |first| first.values.len().min(ANSWERS_MAX));
    let column = |at: usize| -> Vec<f64> { levels.iter().map(|level| level.values[at]).collect() };
    let scores: Vec<Scores> = (0..objectives).map(|at| Scores::of(&column(at))).collect();
    let of = |level: &Level| {
        scores.iter().zip(&level.values).map(|(scores, value)| scores.score(*value)).collect()
    };
    levels.iter().map(of).collect()
}

fn rows<'a>(levels: &[Level], targets: &[Vec<f64>], readings: &'a [Reading]) -> Vec<Row<'a>> {
    let era = levels.iter().map(|level| level.moment.era).max().unwrap_or(0);
    let row = |((level, targets), reading): ((&Level, &Vec<f64>), &'a Reading)| Row {
        reading,
        targets: targets.iter().map(|target| *target as f32).collect(),
        weight: ERA_DECAY.powf((era - level.moment.era) as f32),
    };
    levels.iter().zip(targets).zip(readings).map(row).collect()
}

fn answers(network: &Network, readings: &[Reading]) -> Vec<Vec<f32>> {
    readings.iter().map(|reading| network.forward(reading).answers).collect()
}

/// Networks that know what is free to know of so many genomes drawn from the space; none where that is nothing.
fn studied(
    reader: &Reader,
    space: &SearchSpace,
    count: usize,
    free: &dyn Fn(&Genome) -> Vec<f64>,
    rng: &mut Pcg64,
) -> Vec<Network> {
    let told = |genome: Genome| (free(&genome), genome);
    let drawn: Vec<(Vec<f64>, Genome)> = (0..STUDIED).map(|_| told(space.sample(rng))).collect();
    let targets = drawn.iter().map(|(told, _)| told.len()).max().unwrap_or(0);
    if targets == 0 {
        return Vec::new();
    }
    // Of some nothing may be known, which is not to be taken for something.
    let (told, genomes): (Vec<_>, Vec<_>) =
        drawn.into_iter().filter(|(told, _)| told.len() == targets).unzip();
    let targets = targets.min(ANSWERS_MAX);
    let column = |at: usize| -> Vec<f64> { told.iter().map(|told| told[at]).collect() };
    let scores: Vec<Scores> = (0..targets).map(|at| Scores::of(&column(at))).collect();
    let readings: Vec<Reading> = genomes.iter().map(|genome| reader.read(genome, Vec::new())).collect();
    let row = |(reading, told): (_, &Vec<f64>)| Row {
        reading,
        targets: scores.iter().zip(told).map(|(scores, value)| scores.score(*value) as f32).collect(),
        weight: 1.0,
    };
    let rows: Vec<Row<'_>> = readings.iter().zip(&told).map(row).collect();
    let study = |_| {
        let mut network = Network::drawn(reader.words(), 0, targets, rng);
        train(&mut network, &rows, Goal::Targets, STUDY_STEPS, rng);
        network
    };
    (0..count).map(study).collect()
}

impl Predictor for Ranker {
    fn study(&mut self, space: &SearchSpace, free: &dyn Fn(&Genome) -> Vec<f64>, rng: &mut Pcg64) {
        if self.reader.as_ref().is_some_and(|reader| reader.reads(space)) {
            return;
        }
        self.enter(space);
        if let Some(reader) = &self.reader {
            self.studied = studied(reader, space, NETWORKS, free, rng);
        }
    }

    fn fit(&mut self, space: &SearchSpace, examples: &[Example], rng: &mut Pcg64) {
        self.enter(space);
        let levels = levels(examples);
        let Some(first) = levels.first() else {
            (self.trained, self.said, self.tried) = (Vec::new(), Vec::new(), BTreeMap::new());
            return;
        };
        let targets = targets(&levels);
        let era = levels.iter().map(|level| level.moment.era).max();
        // Of one tried twice the last counts; what was tried in another world is not known in this one.
        let current = levels.iter().zip(&targets).filter(|(level, _)| Some(level.moment.era) == era);
        self.tried =
            current.map(|(level, targets)| (level.subject.genome.clone(), targets.clone())).collect();
        let (features, objectives) = (first.subject.features.len(), first.values.len().min(ANSWERS_MAX));
        self.fits += 1;
        if self.is_fresh(levels.len(), features, objectives) {
            return;
        }
        let known =
            |at: usize| levels.iter().filter_map(move |level| level.subject.features.get(at).copied());
        let ranked = |at| Scores::of(&known(at).filter(|value| value.is_finite()).collect::<Vec<_>>());
        self.features = (0..features).map(ranked).collect();
        (self.examples, self.fits) = (levels.len(), 0);
        self.train(&levels, &targets, rng);
    }

    fn predict(&self, _moment: Moment, parent: &Subject, children: &[Subject]) -> Vec<Vec<Estimate>> {
        let Some(reader) = self.reader.as_ref().filter(|_| !self.said.is_empty()) else {
            return vec![Vec::new(); children.len()];
        };
        let readings: Vec<Reading> =
            [parent].into_iter().chain(children).map(|subject| self.read(reader, subject)).collect();
        let all: Vec<Vec<Vec<f32>>> =
            self.trained.iter().map(|network| answers(network, &readings)).collect();
        let tried = self.tried.get(&parent.genome);
        let known = |objective: usize| tried.and_then(|tried| tried.get(objective)).copied();
        let told = |child: usize| {
            let each = self.said.iter().enumerate();
            each.map(|(at, said)| said.change(&all, known(at), 0, child)).collect()
        };
        (1..readings.len()).map(told).collect()
    }

    fn believe(&mut self, _moment: Moment, _child: &Subject) {}

    fn name(&self) -> &'static str {
        NAME
    }
}

#[cfg(test)]
mod tests;
