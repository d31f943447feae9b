//! Screen: candidates that are hardly better than their parent are not tried.
//!
//! Lives here: asking a proposer for more than is wanted, and leaving out what a predictor finds hopeless. Does not live here: when
//! that is believed (that is [`super::promise`]), or the predictor.

use std::collections::VecDeque;

use model::Genome;
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use super::experience::{Experience, PENDING_MAX};
use super::predictor::{AnyPredictor, Predictor as _, Subject};
use super::promise::{Admitted, Promise};
use super::{Proposer, Question, Score};

/// How many times as many as are wanted the proposer is asked for.
const OVERSAMPLING: usize = 2;

/// A proposer whose hopeless proposals are left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Screened<P> {
    inner: P,
    screen: Option<Screen>,
}

/// What it takes to tell.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Screen {
    experience: Experience,
    predictor: AnyPredictor,
    promise: Promise,
    /// Who was admitted, until it is scored; the oldest first.
    admitted: VecDeque<(Genome, Admitted)>,
}

impl<P: Proposer> Screened<P> {
    /// Screens by this predictor; with none, everything is tried.
    pub fn new(inner: P, predictor: Option<AnyPredictor>) -> Self {
        Self { inner, screen: predictor.map(|predictor| Screen { predictor, ..Screen::default() }) }
    }

    /// The proposer.
    pub fn inner(&self) -> &P {
        &self.inner
    }

    /// The proposer, to be told more than scores.
    pub fn inner_mut(&mut self) -> &mut P {
        &mut self.inner
    }

    /// What is left out, and how well that went; none where nothing is screened.
    pub fn promise(&self) -> Option<&Promise> {
        self.screen.as_ref().map(|screen| &screen.promise)
    }
}

impl Screen {
    /// Those that are worth a trial, in their order; where none is, the most promising.
    fn admit(&mut self, proposed: &[Genome], question: &Question<'_>, rng: &mut Pcg64) -> Vec<Genome> {
        let moment = self.experience.enter(question);
        let parent = self.experience.remember(&question.space.canonical(question.parent), question);
        let examples = self.experience.examples(question);
        self.predictor.study(question.space, &|genome| question.free(genome), rng);
        self.predictor.fit(question.space, &examples, rng);
        let subjects: Vec<Subject> =
            proposed.iter().map(|genome| self.experience.remember(genome, question)).collect();
        let told = self.predictor.predict(moment, &parent, &subjects);
        let better: Vec<f64> =
            told.iter().map(|told| told.first().map_or(f64::NAN, |told| told.better())).collect();
        let most = (0..proposed.len()).max_by(|a, b| better[*a].total_cmp(&better[*b]));
        let mut worth = Vec::new();
        for (genome, better) in proposed.iter().zip(better) {
            if worth.len() == question.count {
                break;
            }
            if let Some(admitted) = self.promise.admit(better, rng) {
                self.remember(genome.clone(), admitted);
                worth.push(genome.clone());
            }
        }
        if worth.is_empty() {
            worth.extend(most.map(|most| proposed[most].clone()));
        }
        self.experience.forget(&worth);
        worth
    }

    fn remember(&mut self, genome: Genome, admitted: Admitted) {
        if self.admitted.len() == PENDING_MAX {
            self.admitted.pop_front();
        }
        self.admitted.push_back((genome, admitted));
    }

    /// The first score of one that was admitted says whether that was right.
    fn tell(&mut self, score: &Score) {
        let at = self.admitted.iter().position(|(genome, _)| *genome == score.genome);
        if let Some((_, admitted)) = at.and_then(|at| self.admitted.remove(at)) {
            self.promise.learn(admitted, score.gain > 0.0);
        }
        self.experience.tell(score);
    }
}

impl<P: Proposer> Proposer for Screened<P> {
    fn ask(&mut self, question: &Question<'_>, rng: &mut Pcg64) -> Vec<Genome> {
        let Some(screen) = &mut self.screen else { return self.inner.ask(question, rng) };
        let count = question.count.saturating_mul(OVERSAMPLING);
        let proposed = self.inner.ask(&Question { count, ..*question }, rng);
        screen.admit(&proposed, question, rng)
    }

    fn tell(&mut self, observation: &Score) {
        if let Some(screen) = &mut self.screen {
            screen.tell(observation);
        }
        self.inner.tell(observation);
    }

    fn name(&self) -> &'static str {
        self.inner.name()
    }
}

#[cfg(test)]
mod tests;
