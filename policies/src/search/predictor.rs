//! Predictors: what a genome would gain, told from what others gained.
//!
//! Lives here: what a predictor learns from, what it answers, and the names of those there are, a file each. Does not
//! live here: what is made of an answer (that is the proposer's, or [`crate::search::promise`]'s).
//!
//! All answer the *change from the parent*, for every objective, in normal scores ([`scores`]): one is about a standard
//! deviation of what was tried. The change is what a decision rests on, and it is told far better than a level.

use model::{Genome, SearchSpace};
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use crate::stats::normal;

pub mod ensemble;
pub mod gaussian_process;
pub mod graph;
mod levels;
pub mod rgpe;
pub mod scores;

pub use ensemble::Ensemble;
pub use gaussian_process::GaussianProcess;
pub use graph::Ranker;
pub use rgpe::Rgpe;

/// Examples a predictor learns from at most: the newest.
pub const EXAMPLES_MAX: usize = 500;

/// A genome, and what is known of it without training it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subject {
    /// A canonical member of the space.
    pub genome: Genome,
    /// Its zero-cost features, of any scale; as many for every subject of one fit. Not finite: not known.
    pub features: Vec<f64>,
}

/// When something was scored, or is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Moment {
    /// Drifts noticed before: what was scored in another era is about another world.
    pub era: u32,
    /// Outcomes seen.
    pub at: u64,
}

/// What became of one subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// What was tried.
    pub child: Subject,
    /// What it was made from.
    pub parent: Subject,
    /// How much better it is than its parent, for every objective; more is better, minus infinity is a failure.
    pub changes: Vec<f64>,
    /// When it was scored.
    pub moment: Moment,
}

/// A normal belief about a change.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// What is expected, in normal scores; above zero is better than the parent.
    pub mean: f64,
    /// Its standard deviation, not below zero.
    pub deviation: f64,
}

impl Estimate {
    /// Probability that the child is better than its parent.
    pub fn better(self) -> f64 {
        normal::cdf(self.mean / self.deviation.max(f64::MIN_POSITIVE))
    }
}

/// Tells how much better than its parent a genome would be.
///
/// ```
/// use model::{Gene, Genome, SearchSpace};
/// use policies::search::predictor::{Example, GaussianProcess, Moment, Predictor, Subject};
/// use rand::SeedableRng;
///
/// let width = Gene {
///     name: "width".into(),
///     choices: ["16", "32", "64", "128"].map(String::from).to_vec(),
///     ordered: true,
///     active_if: None,
/// };
/// let space = SearchSpace::new(vec![width])?;
/// let subject = |choice| Subject { genome: Genome(vec![choice]), features: vec![] };
/// let tried = |choice, change: f64| Example {
///     child: subject(choice),
///     parent: subject(1),
///     changes: vec![change],
///     moment: Moment::default(),
/// };
/// let mut predictor = GaussianProcess::new();
/// let examples = [tried(0, -0.1), tried(2, 0.1)];
/// predictor.fit(&space, &examples, &mut rand_pcg::Pcg64::seed_from_u64(1));
/// let told = predictor.predict(Moment::default(), &subject(1), &[subject(0), subject(3)]);
/// assert!(told[0][0].mean < 0.0 && told[1][0].mean > 0.0, "narrower is worse, so wider may be better");
/// # Ok::<(), model::ModelError>(())
/// ```
pub trait Predictor {
    /// Before a fit: learns what it likes of what is free to know of any genome of this space, as many numbers for each. Most
    /// like nothing.
    fn study(&mut self, _space: &SearchSpace, _free: &dyn Fn(&Genome) -> Vec<f64>, _rng: &mut Pcg64) {}

    /// Learns from these, whatever their order, and forgets what it learned from others; what it goes on from is only
    /// how it learned best the last time. Of more than [`EXAMPLES_MAX`] the newest count.
    fn fit(&mut self, space: &SearchSpace, examples: &[Example], rng: &mut Pcg64);

    /// For each child, for every objective, how much better it would be at that moment than that parent. With nothing
    /// fitted there are no objectives. What was fitted is not saved: who restores a predictor fits it again.
    fn predict(&self, moment: Moment, parent: &Subject, children: &[Subject]) -> Vec<Vec<Estimate>>;

    /// Takes its own prediction for an outcome, so that the rest of a batch looks elsewhere (kriging believer); a
    /// predictor that is drawn from instead leaves this out.
    fn believe(&mut self, moment: Moment, child: &Subject);

    /// Its name in configuration, metrics and the journal.
    fn name(&self) -> &'static str;
}

/// Any of those there are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AnyPredictor {
    /// An exact Gaussian process.
    GaussianProcess(GaussianProcess),
    /// Five small networks.
    Ensemble(Ensemble),
    /// A process for each world.
    Rgpe(Rgpe),
    /// Networks that read graphs.
    Graph(Ranker),
}

impl AnyPredictor {
    /// Those there are, by name.
    pub const NAMES: [&'static str; 4] = [gaussian_process::NAME, ensemble::NAME, rgpe::NAME, graph::NAME];

    /// The one of this name, with nothing learned yet; none if there is none.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            gaussian_process::NAME => Some(Self::GaussianProcess(GaussianProcess::new())),
            ensemble::NAME => Some(Self::Ensemble(Ensemble::new())),
            rgpe::NAME => Some(Self::Rgpe(Rgpe::new())),
            graph::NAME => Some(Self::Graph(Ranker::new())),
            _ => None,
        }
    }

    fn inner(&self) -> &dyn Predictor {
        match self {
            Self::GaussianProcess(predictor) => predictor,
            Self::Ensemble(predictor) => predictor,
            Self::Rgpe(predictor) => predictor,
            Self::Graph(predictor) => predictor,
        }
    }

    fn inner_mut(&mut self) -> &mut dyn Predictor {
        match self {
            Self::GaussianProcess(predictor) => predictor,
            Self::Ensemble(predictor) => predictor,
            Self::Rgpe(predictor) => predictor,
            Self::Graph(predictor) => predictor,
        }
    }
}

impl Default for AnyPredictor {
    fn default() -> Self {
        Self::GaussianProcess(GaussianProcess::new())
    }
}

impl Predictor for AnyPredictor {
    fn study(&mut self, space: &SearchSpace, free: &dyn Fn(&Genome) -> Vec<f64>, rng: &mut Pcg64) {
        self.inner_mut().study(space, free, rng);
    }

    fn fit(&mut self, space: &SearchSpace, examples: &[Example], rng: &mut Pcg64) {
        self.inner_mut().fit(space, examples, rng);
    }

    fn predict(&self, moment: Moment, parent: &Subject, children: &[Subject]) -> Vec<Vec<Estimate>> {
        self.inner().predict(moment, parent, children)
    }

    fn believe(&mut self, moment: Moment, child: &Subject) {
        self.inner_mut().believe(moment, child);
    }

    fn name(&self) -> &'static str {
        self.inner().name()
    }
}

#[cfg(test)]
pub(crate) mod laws;
