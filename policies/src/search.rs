//! Search: what to try next, and who of those tried climbs.
//!
//! Lives here: proposers (ask and tell over a search space) and schedulers (rungs of training windows).
//! May not: train or score anything; the daemon does, and tells.

use model::{Genome, SearchSpace};
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

pub mod evolution;
pub mod placement;
pub mod random_edits;
pub mod scheduler;

pub use evolution::Evolution;
pub use placement::{Placement, lighter, placement, standing};
pub use random_edits::RandomEdits;
pub use scheduler::{FullBudget, Scheduler, SuccessiveHalving, best_cheaper};

/// What became of a genome that was tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The genome.
    pub genome: Genome,
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
/// use policies::search::{Evolution, Proposer, Score};
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
/// for genome in proposer.ask(&space, &parent, 2, &mut rng) {
///     assert!(space.contains(&genome) && genome != parent);
///     proposer.tell(&Score { genome, gain: 0.01, cost: 1.0, at: 500 });
/// }
/// # Ok::<(), model::ModelError>(())
/// ```
pub trait Proposer {
    /// At most `count` different canonical members of the space, none of them the parent; fewer if
    /// there are no more.
    fn ask(&mut self, space: &SearchSpace, parent: &Genome, count: usize, rng: &mut Pcg64) -> Vec<Genome>;

    /// Takes in what became of a genome.
    fn tell(&mut self, observation: &Score);

    /// Its name in configuration, metrics and the audit log.
    fn name(&self) -> &'static str;
}

#[cfg(test)]
pub(crate) mod laws;
