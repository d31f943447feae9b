//! A Gaussian process for each world, believed as far as it orders what was tried in this one.
//!
//! Lives here: the ranking-weighted ensemble of Feurer, Letham and Bakshy (2018, arXiv:1802.02219), with an era for a task. How much
//! each is believed is computed in [`ranking_weights`]. May not: know of kernels.
//!
//! What a world alone would have said of the scores of now is told by a process that never saw them; the process of now is judged
//! by what it says of each fifth of its scores when fitted to the others. Before anything was tried in this world, all count
//! alike.

use std::collections::BTreeSet;

use model::SearchSpace;
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use super::{Estimate, Example, GaussianProcess, Moment, Predictor, Subject};
use crate::search::recall::ranking_weights;

/// Its name in configuration, metrics and the journal.
pub const NAME: &str = "rgpe";

/// Eras that are believed at most, the newest.
pub const ERAS_MAX: usize = 8;
/// Samples of the scores of now, for the weights.
const SAMPLES: usize = 50;
/// Parts that the scores of now are cut into, to judge their own process.
const FOLDS: usize = 5;
/// Less is not believed at all: what many say a little is mostly noise.
const WEIGHT_MIN: f64 = 0.02;

/// A process for each of the last eras, and how much it is believed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rgpe {
    /// It follows from the examples, and is not saved.
    #[serde(skip)]
    worlds: Vec<World>,
}

#[derive(Clone, Debug, PartialEq)]
struct World {
    process: GaussianProcess,
    weight: f64,
}

impl Rgpe {
    /// Nothing learned yet.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Predictor for Rgpe {
    fn fit(&mut self, space: &SearchSpace, examples: &[Example], rng: &mut Pcg64) {
        let eras: BTreeSet<u32> = examples.iter().map(|example| example.moment.era).collect();
        let eras: Vec<u32> = eras.into_iter().rev().take(ERAS_MAX).collect();
        self.worlds.clear();
        let Some(now) = eras.first().copied() else { return };
        let of = |era: u32| examples.iter().filter(|example| example.moment.era == era).cloned().collect();
        let current: Vec<Example> = of(now);
        let mut said = vec![held_out(space, &current, rng)];
        let mut processes = vec![fitted(space, &current, rng)];
        for era in &eras[1..] {
            let process = fitted(space, &of(*era), rng);
            said.push(current.iter().map(|example| mean(&process, example)).collect());
            processes.push(process);
        }
        let truths: Vec<f64> = current.iter().map(change).collect();
        let weights = believed(ranking_weights(&said, &truths, SAMPLES, rng));
        let worlds = processes.into_iter().zip(weights).filter(|(_, weight)| *weight > 0.0);
        self.worlds = worlds.map(|(process, weight)| World { process, weight }).collect();
    }

    fn predict(&self, moment: Moment, parent: &Subject, children: &[Subject]) -> Vec<Vec<Estimate>> {
        let mut told: Vec<Vec<Estimate>> = vec![Vec::new(); children.len()];
        for World { process, weight } in &self.worlds {
            for (told, said) in told.iter_mut().zip(process.predict(moment, parent, children)) {
                told.resize(said.len().max(told.len()), Estimate { mean: 0.0, deviation: 0.0 });
                for (told, said) in told.iter_mut().zip(said) {
                    told.mean += weight * said.mean;
                    told.deviation = told.deviation.hypot(weight * said.deviation);
                }
            }
        }
        told
    }

    fn believe(&mut self, moment: Moment, child: &Subject) {
        for world in &mut self.worlds {
            world.process.believe(moment, child);
        }
    }

    fn name(&self) -> &'static str {
        NAME
    }
}

fn fitted(space: &SearchSpace, examples: &[Example], rng: &mut Pcg64) -> GaussianProcess {
    let mut process = GaussianProcess::new();
    process.fit(space, examples, rng);
    process
}

/// What a process says of each example that it did not see.
fn held_out(space: &SearchSpace, examples: &[Example], rng: &mut Pcg64) -> Vec<f64> {
    let mut said = vec![0.0; examples.len()];
    for fold in 0..FOLDS.min(examples.len()) {
        let is_out = |at: &usize| at % FOLDS == fold;
        let rest: Vec<Example> =
            (0..examples.len()).filter(|at| !is_out(at)).map(|at| examples[at].clone()).collect();
        let process = fitted(space, &rest, rng);
        for at in (0..examples.len()).filter(is_out) {
            said[at] = mean(&process, &examples[at]);
        }
    }
    said
}

/// Of the first objective.
fn mean(process: &GaussianProcess, example: &Example) -> f64 {
    let told = process.predict(example.moment, &example.parent, std::slice::from_ref(&example.child));
    told.first().and_then(|told| told.first()).map_or(0.0, |told| told.mean)
}

fn change(example: &Example) -> f64 {
    example.changes.first().copied().unwrap_or(0.0)
}

/// Those that are hardly believed are not believed at all; the others sum to one.
fn believed(mut weights: Vec<f64>) -> Vec<f64> {
    weights.iter_mut().filter(|weight| **weight < WEIGHT_MIN).for_each(|weight| *weight = 0.0);
    let sum: f64 = weights.iter().sum();
    for weight in &mut weights {
        *weight /= sum.max(f64::MIN_POSITIVE);
    }
    weights
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::search::laws::grid;
    use crate::search::predictor::laws;
    use crate::stats::simulate::generator;

    /// What was tried in one world, all from one champion, and how much of the truth holds there.
    fn world(era: u32, count: u64, truth: f64) -> Vec<Example> {
        let (space, mut rng) = (grid(4, 4), generator(u64::from(era)));
        let parent = laws::subject(&[1, 1, 1, 1]);
        let example = |at| {
            let child = Subject { genome: space.sample(&mut rng), features: vec![] };
            let change = truth * (laws::truth(&child.genome) - laws::truth(&parent.genome));
            Example { child, parent: parent.clone(), changes: vec![change], moment: Moment { era, at } }
        };
        (0..count).map(example).collect()
    }

    #[test]
    fn the_world_that_is_like_this_one_is_believed_and_its_opposite_is_not() {
        let space = grid(4, 4);
        let all = [world(0, 60, 1.0), world(1, 60, -1.0), world(2, 5, 1.0)].concat();
        let mut predictor = Rgpe::new();
        predictor.fit(&space, &all, &mut generator(1));
        let weights: Vec<f64> = predictor.worlds.iter().map(|world| world.weight).collect();
        assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{weights:?}");
        assert_eq!(weights.len(), 2, "the opposite is out: {weights:?}");
        assert!(weights[1] > 0.5, "the first world knows more than five scores do: {weights:?}");
        let told = |predictor: &dyn Predictor, choice| {
            let moment = Moment { era: 2, at: 5 };
            predictor.predict(moment, &laws::subject(&[1; 4]), &[laws::subject(&[choice; 4])])[0][0].mean
        };
        assert!(told(&predictor, 3) > 0.0 && told(&predictor, 0) < 0.0);
    }

    #[test]
    fn with_one_world_it_is_the_process_of_that() {
        let told = laws::told_apart(&mut Rgpe::new(), 60, 5);
        assert!((told - laws::told_apart(&mut GaussianProcess::new(), 60, 5)).abs() < 0.1, "{told}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn it_keeps_the_laws_of_predictors(count in 0_u64..30, seed in any::<u64>()) {
            laws::answers_are_beliefs(&mut Rgpe::new(), count, seed);
            laws::restores_exactly(&mut Rgpe::new(), seed);
        }
    }
}
