//! Search: what to try next, and who of those tried climbs.
//!
//! Lives here: proposers (ask and tell over a search space) and schedulers (rungs of training windows).
//! May not: train or score anything; the daemon does, and tells.

use std::fmt;

use model::{Genome, SearchSpace};
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

pub mod adaptation;
pub mod bayesian;
pub mod controller;
pub mod curve;
pub mod evolution;
pub mod experience;
pub mod front;
pub mod local;
pub mod memory;
mod perceptron;
pub mod placement;
pub mod portfolio;
pub mod predictor;
pub mod promise;
pub mod proposers;
pub mod random;
pub mod recall;
pub mod refine;
pub mod relaxed;
pub mod scheduler;
pub mod screen;
pub mod signature;
pub mod slices;
pub mod tries;

pub use bayesian::Bayesian;
pub use controller::Controller;
pub use evolution::Evolution;
pub use local::Local;
pub use placement::{Placement, lighter, placement, standing};
pub use portfolio::Portfolio;
pub use promise::{Admitted, Promise};
pub use proposers::AnyProposer;
pub use random::Random;
pub use recall::{Recall, RecallBy};
pub use relaxed::{Leads, Relaxed};
pub use scheduler::{
    AnyScheduler, Asha, Extrapolated, FullBudget, Pasha, Rejection, Scheduler, Step, SuccessiveHalving,
    Trial, best_cheaper,
};
pub use screen::Screened;
pub use signature::{Lost, Signature, Sketch};

/// Outcomes in which half of the heat of a drift is gone.
const HEAT_HALVES_OUTCOMES: f64 = 2_000.0;

/// Numbers that are known of a genome without training it; of any one question always as many, or none.
pub type Features<'a> = &'a dyn Fn(&Genome) -> Vec<f64>;

/// What a proposer is asked.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// What may be proposed.
    pub space: &'a SearchSpace,
    /// What serves now; it is never proposed, for it is always there, as the control.
    pub parent: &'a Genome,
    /// How many are wanted.
    pub count: usize,
    /// Outcomes seen so far: what scores are dated by.
    pub now: u64,
    /// Outcomes at which a drift was noticed last; none if none was.
    pub drift: Option<u64>,
    /// What is known of a genome without training it, of which more is better.
    pub features: Features<'a>,
    /// What a genome costs, by itself neither good nor bad: it only teaches what graphs are.
    pub costs: Features<'a>,
    /// How far beyond the budgets in force a genome is, as a share of the one it exceeds most; 0 within all of them.
    pub excess: &'a dyn Fn(&Genome) -> f64,
}

impl<'a> Question<'a> {
    /// On a calm stream, at its beginning, with nothing known before training, and without budgets.
    pub fn new(space: &'a SearchSpace, parent: &'a Genome, count: usize) -> Self {
        let nothing = &|_: &Genome| Vec::new();
        Self {
            space,
            parent,
            count,
            now: 0,
            drift: None,
            features: nothing,
            costs: nothing,
            excess: &|_| 0.0,
        }
    }

    /// All that is known of a genome without training it.
    pub fn free(&self, genome: &Genome) -> Vec<f64> {
        [(self.costs)(genome), (self.features)(genome)].concat()
    }

    /// How far the stream is from calm: 1 when a drift was noticed just now, half of that after a while, 0 without one.
    pub fn heat(&self) -> f64 {
        let since = self.drift.map(|drift| self.now.saturating_sub(drift));
        since.map_or(0.0, |since| (-(since as f64) / HEAT_HALVES_OUTCOMES).exp2())
    }
}

impl fmt::Debug for Question<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { parent, count, now, drift, .. } = self;
        formatter
            .debug_struct("Question")
            .field("parent", parent)
            .field("count", count)
            .field("now", now)
            .field("drift", drift)
            .finish_non_exhaustive()
    }
}

/// What became of a genome that was tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The genome.
    pub genome: Genome,
    /// What it was made from: its gain is the change from there.
    pub parent: Genome,
    /// Mean paired improvement of its loss over the control's; minus infinity for a failure.
    pub gain: f64,
    /// What one answer of it costs, in the unit of the budget in force.
    pub cost: f64,
    /// How many outcomes had been seen when it was scored.
    pub at: u64,
}

/// Proposes genomes near the serving one, and learns from what became of them.
///
/// The parent itself is never proposed: it is always there, as the control.
///
/// ```
/// use model::{Gene, Genome, SearchSpace};
/// use policies::search::{Evolution, Proposer, Question, Score};
/// use rand::SeedableRng;
///
/// let width = Gene {
///     name: "width".into(),
///     choices: ["16", "32", "64", "128"].map(String::from).to_vec(),
///     ordered: true,
///     active_if: None,
/// };
/// let space = SearchSpace::new(vec![width])?;
/// let mut rng = rand_pcg::Pcg64::seed_from_u64(1);
/// let mut proposer = Evolution::new();
///
/// let parent = Genome(vec![1]);
/// for genome in proposer.ask(&Question::new(&space, &parent, 2), &mut rng) {
///     assert!(space.contains(&genome) && genome != parent);
///     proposer.tell(&Score { genome, parent: parent.clone(), gain: 0.01, cost: 1.0, at: 500 });
/// }
/// # Ok::<(), model::ModelError>(())
/// ```
pub trait Proposer {
    /// At most as many different canonical members of the space, none of them the parent; fewer if
    /// there are no more.
    fn ask(&mut self, question: &Question<'_>, rng: &mut Pcg64) -> Vec<Genome>;

    /// Takes in what became of a genome.
    fn tell(&mut self, observation: &Score);

    /// Its name in configuration, metrics and the journal.
    fn name(&self) -> &'static str;
}

#[cfg(test)]
pub(crate) mod laws;
