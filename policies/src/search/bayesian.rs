//! Bayesian optimisation around the serving genome.
//!
//! Lives here: what is remembered, and how the next are chosen by what a predictor says of a pool. Does not live here: the
//! predictors ([`crate::search::predictor`]).
//!
//! With a Gaussian process the next is the one with the highest logarithm of expected improvement over the parent
//! (Ament et al. 2023), then, taking it for tried with just that outcome, the next after it; with an ensemble each of the pool is drawn from
//! its estimate, and the highest draw wins (independent Thompson sampling, White et al. 2021). While few were tried and
//! there are zero-cost features, the sum of their ranks chooses; features are asked for of every genome thought about, at most
//! [`NEAR_MAX`] + [`FURTHER_MAX`] + [`ANYWHERE_MAX`] a question, besides those remembered.
//!
//! A drift begins an era. What was scored in earlier ones is a prior mean to the Gaussian process, trusted as far as it explains
//! the newer scores, and counts a third to the ensemble.

use std::collections::{BTreeMap, BTreeSet};

use model::Genome;
use rand::RngExt;
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use crate::search::experience::{Experience, PENDING_MAX};
use crate::search::predictor::scores::Scores;
use crate::search::predictor::{AnyPredictor, Estimate, Example, Moment, Predictor, Subject};
use crate::search::random::filled;
use crate::search::{Proposer, Question, Score};
use crate::stats::normal;

mod pool;

pub use pool::{ANYWHERE_MAX, FURTHER_MAX, NEAR_MAX};

/// While fewer were scored, features choose by themselves, if there are any.
pub const WARM: usize = 8;
/// The neighbourhoods of this many of the best are thought about, the parent's first.
const BEST: usize = 4;

/// Asks for what a predictor finds most promising near the best.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bayesian {
    predictor: AnyPredictor,
    experience: Experience,
}

impl Bayesian {
    /// Nothing tried yet.
    pub fn new(predictor: AnyPredictor) -> Self {
        Self { predictor, ..Self::default() }
    }

    /// How many scores are remembered.
    pub fn remembered(&self) -> usize {
        self.experience.remembered()
    }

    /// The predictor, as it was fitted at the last question.
    pub fn predictor(&self) -> &AnyPredictor {
        &self.predictor
    }

    /// The parent, and those that the predictor finds best among the tried.
    fn best(&self, moment: Moment, parent: &Subject, examples: &[Example]) -> Vec<Genome> {
        let tried: BTreeMap<&Genome, &Subject> =
            examples.iter().map(|example| (&example.child.genome, &example.child)).collect();
        let tried: Vec<Subject> = tried.into_values().filter(|tried| *tried != parent).cloned().collect();
        let told = self.predictor.predict(moment, parent, &tried);
        let mean = |told: &Vec<Estimate>| told.first().map_or(f64::NEG_INFINITY, |estimate| estimate.mean);
        let mut order: Vec<(f64, &Genome)> =
            told.iter().map(mean).zip(tried.iter().map(|subject| &subject.genome)).collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        let best = order.into_iter().take(BEST - 1).map(|(_, genome)| genome.clone());
        std::iter::once(parent.genome.clone()).chain(best).collect()
    }

    /// The most promising of the pool, best first; each is taken for tried before the next is chosen.
    fn chosen(
        &mut self,
        moment: Moment,
        parent: &Subject,
        mut pool: Vec<Subject>,
        count: usize,
        rng: &mut Pcg64,
    ) -> Vec<Genome> {
        let mut chosen = Vec::new();
        while chosen.len() < count && !pool.is_empty() {
            let told = self.predictor.predict(moment, parent, &pool);
            let values = told.iter().map(|told| told.first().map_or(0.0, |told| self.promise(*told, rng)));
            let highest = values.enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
            let next = pool.swap_remove(highest.map_or(0, |(at, _)| at));
            if chosen.len() + 1 < count {
                self.predictor.believe(moment, &next);
            }
            chosen.push(next.genome);
        }
        chosen
    }

    fn promise(&self, told: Estimate, rng: &mut Pcg64) -> f64 {
        match self.predictor {
            AnyPredictor::GaussianProcess(_) | AnyPredictor::Rgpe(_) => {
                normal::ln_expected_improvement(told.mean, told.deviation)
            }
            AnyPredictor::Ensemble(_) | AnyPredictor::Graph(_) => {
                told.mean + told.deviation * normal::quantile(rng.random())
            }
        }
    }
}

/// Those with the highest sums of normal scores of their features.
fn by_features(pool: &[Subject], count: usize) -> Vec<Genome> {
    let width = pool.first().map_or(0, |subject| subject.features.len());
    let feature =
        |subject: &Subject, at: usize| subject.features.get(at).copied().filter(|value| value.is_finite());
    let ranked = |at| Scores::of(&pool.iter().filter_map(|subject| feature(subject, at)).collect::<Vec<_>>());
    let scores: Vec<Scores> = (0..width).map(ranked).collect();
    let sum = |subject: &Subject| -> f64 {
        let each = scores.iter().enumerate();
        each.map(|(at, scores)| feature(subject, at).map_or(0.0, |value| scores.score(value))).sum()
    };
    let mut order: Vec<(f64, &Genome)> = pool.iter().map(|subject| (sum(subject), &subject.genome)).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0));
    order.into_iter().take(count).map(|(_, genome)| genome.clone()).collect()
}

impl Proposer for Bayesian {
    fn ask(&mut self, question: &Question<'_>, rng: &mut Pcg64) -> Vec<Genome> {
        let &Question { space, count, .. } = question;
        let moment = self.experience.enter(question);
        let parent = self.experience.remember(&space.canonical(question.parent), question);
        let examples = self.experience.examples(question);
        self.predictor.study(space, &|genome| question.free(genome), rng);
        self.predictor.fit(space, &examples, rng);
        let best = self.best(moment, &parent, &examples);
        let tried = examples.iter().filter(|example| example.moment.era == moment.era);
        let mut leave_out: BTreeSet<Genome> = tried.map(|example| example.child.genome.clone()).collect();
        leave_out.insert(parent.genome.clone());
        let pool = pool::pool(space, &best, &leave_out, rng);
        let pool: Vec<Subject> =
            pool.iter().map(|genome| self.experience.subject(genome, question)).collect();
        let batch = if examples.len() < WARM && !parent.features.is_empty() {
            by_features(&pool, count)
        } else {
            self.chosen(moment, &parent, pool, count, rng)
        };
        // All around was tried: what is one edit away is worth trying again, times change.
        let batch = filled(batch, question, rng);
        for genome in batch.iter().take(PENDING_MAX) {
            self.experience.remember(genome, question);
        }
        self.experience.forget(&batch);
        batch
    }

    fn tell(&mut self, observation: &Score) {
        self.experience.tell(observation);
    }

    fn name(&self) -> &'static str {
        "bayesian"
    }
}

#[cfg(test)]
mod tests;
