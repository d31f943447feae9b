//! Relaxation: which blocks should follow, asked of a network in which each of them is a little there.
//!
//! Lives here: the question (places after the last block, and what may stand there), how it is asked, and the answer:
//! how strong each operation came out. Does not live here: a network that serves (this one is a trial's, and thrown
//! away), what is proposed from it (that is for the policies).
//!
//! At each place an *edge* mixes the operations that may stand there by shares that sum to one, `h ← Σ_k α_k op_k(h)`
//! (DARTS, arXiv:1806.09055). Weights and shares learn in turns: on even mini-batches the weights, on odd ones the
//! shares. What is known to go wrong with it has an answer here:
//!
//! * Shares of a mixture of everything stay undecided. They follow exponentiated gradients on the simplex, which end in
//!   its corners (GAEA, arXiv:2004.07802).
//! * A mixture is not what is chosen in the end. An [`Estimator`] may draw one operation a step; what the draw adds to
//!   the variance of the gradient, Rao-Blackwell takes away (arXiv:2010.04838).
//! * A skip helps the others to learn, gets the credit, and takes over. An auxiliary skip that fades away helps instead
//!   of it (DARTS-, arXiv:2009.01027).
//! * It takes over where the loss has become sharp in the shares: its largest curvature is watched ([`Settings::watch`],
//!   arXiv:1909.09656).
//! * What weighs most is not what is needed most. Chosen is whose removal hurts most (DARTS-PT, arXiv:2108.04392).
//!
//! [`Settings::plain`] has none of these answers: it is the peer that they are measured against.

use rand::SeedableRng;
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use crate::architecture::{Architecture, Block, DEPTH_MAX};
use crate::error::ModelError;
use crate::growth::Window;
use crate::network::Network;
use crate::training_loss::check_goals;

mod curvature;
mod estimator;
mod mixed;
mod rows;
mod run;
mod selection;
mod shares;

pub use estimator::Estimator;
pub use shares::Update;

use rows::Rows;
use run::Run;

/// Most places that are asked about at once.
pub const EDGES_MAX: usize = 6;
/// Most operations that are mixed at one place.
pub const OPERATIONS_MAX: usize = 4;
/// Fewest rows that say something; with fewer nothing is asked.
pub const ROWS_MIN: usize = 64;
/// Most rows looked at, the newest of a longer window.
pub const ROWS_MAX: usize = 4_096;
/// Most steps, of weights and of shares together.
pub const STEPS_MAX: usize = 20_000;
/// Most rows a step.
pub const BATCH_MAX: usize = 256;

/// What may stand at a place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Nothing: what comes in goes out.
    Skip,
    /// This block.
    Block(Block),
}

/// A place after the last block, or after the edge before, and what may stand there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Edge(pub Vec<Operation>);

/// Which labelled rows teach the shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Levels {
    /// The same as the weights, in turns with them.
    Single,
    /// Others than the weights (bilevel, first order).
    Two,
}

/// What is chosen at each place in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// What has the largest share.
    Magnitude,
    /// Whose removal hurts most, one place after the other.
    Perturbation,
}

/// How it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// How slopes of the shares are found.
    pub estimator: Estimator,
    /// How shares follow them.
    pub update: Update,
    /// Which rows teach the shares.
    pub levels: Levels,
    /// Whether an auxiliary skip, which fades away, stands beside each edge.
    pub auxiliary_skip: bool,
    /// Whether the shares of before are taken where the loss becomes sharp in them.
    pub watch: bool,
    /// What is chosen.
    pub selection: Selection,
    /// Steps of the shares; before each are as many of the weights as the next says.
    pub steps: usize,
    /// Steps of the weights for each of the shares.
    pub weight_steps: usize,
    /// Rows of a step.
    pub batch: usize,
    /// Step size of the weights (Adam's).
    pub step_size: f32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            // Drawing one at a time did no better where both were tried (docs/search.md).
            estimator: Estimator::Mixture,
            // As far as thousands of steps of 0.1 go.
            update: Update::Exponentiated { rate: 10.0 },
            levels: Levels::Single,
            auxiliary_skip: true,
            watch: true,
            selection: Selection::Perturbation,
            steps: 200,
            weight_steps: 4,
            batch: 32,
            step_size: 0.003,
        }
    }
}

impl Settings {
    /// DARTS as it was first: a mixture of everything, Adam on logits, two levels, the largest share.
    pub fn plain() -> Self {
        Self {
            // As far as 50 epochs of 390 steps of 3e-4 go.
            update: Update::Adam { rate: 0.03 },
            levels: Levels::Two,
            auxiliary_skip: false,
            watch: false,
            selection: Selection::Magnitude,
            ..Self::default()
        }
    }

    fn check(&self) -> Result<(), ModelError> {
        let steps = self.steps.saturating_mul(1 + self.weight_steps);
        if !(1..=STEPS_MAX).contains(&steps) || self.weight_steps == 0 {
            return Err(refused(&format!("{steps} steps; give 1 to {STEPS_MAX}")));
        }
        if !(1..=BATCH_MAX).contains(&self.batch) {
            return Err(refused(&format!("{} rows a step; give 1 to {BATCH_MAX}", self.batch)));
        }
        let sizes = [f64::from(self.step_size), self.update.rate()];
        if sizes.iter().any(|size| !(size.is_finite() && *size > 0.0)) {
            return Err(refused("a step size is not a number above 0"));
        }
        Ok(())
    }
}

/// How strong the operations of one edge came out, in their order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EdgeStrengths {
    /// Shares; they sum to one.
    pub shares: Vec<f64>,
    /// How much more rows that nothing was learned from lose without it; empty where that was not asked.
    pub hurts: Vec<f64>,
    /// Which one is chosen.
    pub chosen: usize,
}

impl EdgeStrengths {
    /// Mixed shares of the operations, the strongest first.
    fn by_share(&self) -> Vec<(usize, f64)> {
        let mut order: Vec<(usize, f64)> = self.shares.iter().copied().enumerate().collect();
        order.sort_by(|a, b| b.1.total_cmp(&a.1));
        order
    }
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Strengths {
    /// One for each edge, in order.
    pub edges: Vec<EdgeStrengths>,
    /// Mean share of skips.
    pub skip_share: f64,
    /// How undecided the shares are: mean entropy over that of equal shares.
    pub entropy: f64,
    /// The largest curvature of the loss in the shares, as often as it was looked at.
    pub curvatures: Vec<f64>,
    /// The step of the shares at which they were taken, where sharpness ended it.
    pub stopped_at: Option<usize>,
    /// Variance of the slopes of the shares over draws: by a plain draw, and by Rao-Blackwell.
    pub variances: [f64; 2],
}

impl Strengths {
    /// What is chosen at each edge.
    pub fn chosen(&self) -> Vec<usize> {
        self.edges.iter().map(|edge| edge.chosen).collect()
    }

    /// What could be chosen, each with the product of its shares; the strongest first, at most so many.
    pub fn combinations(&self, count: usize) -> Vec<(Vec<usize>, f64)> {
        let mut all: Vec<(Vec<usize>, f64)> = vec![(Vec::new(), 1.0)];
        for edge in &self.edges {
            let longer = |(before, strength): &(Vec<usize>, f64)| {
                let (before, strength) = (before.clone(), *strength);
                let one =
                    move |(at, share): (usize, f64)| ([before.as_slice(), &[at]].concat(), strength * share);
                edge.by_share().into_iter().map(one)
            };
            all = all.iter().flat_map(longer).collect();
            // Strength never grows with length, so what is out stays out.
            all.sort_by(|a, b| b.1.total_cmp(&a.1));
            all.truncate(count);
        }
        all
    }
}

/// Asks which operations should stand after the last block of this network, which goes in as it is and says at first
/// what it says. A committee is asked by its first voice, and exits by their last.
///
/// Empty where there is no edge; refused where there are fewer rows than [`ROWS_MIN`].
pub fn relax(
    parent: &Network,
    edges: &[Edge],
    window: Window<'_>,
    class_weights: &[f32],
    settings: &Settings,
    seed: u64,
) -> Result<Strengths, ModelError> {
    settings.check()?;
    check(edges)?;
    let rows = Rows::of(parent, window)?;
    let rng = Pcg64::seed_from_u64(seed);
    Run::new(parent, edges, rows, class_weights, *settings, rng)?.strengths()
}

/// The network in which these operations stand after the last block of another.
#[must_use]
pub fn discretised(parent: &Architecture, edges: &[Edge], chosen: &[usize]) -> Architecture {
    let mut child = parent.canonical();
    for (Edge(operations), at) in edges.iter().zip(chosen) {
        if let Some(Operation::Block(block)) = operations.get(*at)
            && child.blocks.len() < DEPTH_MAX
        {
            if let Some(last) = child.blocks.last_mut() {
                last.skip = true;
            }
            child.blocks.push(block.clone());
        }
    }
    child.canonical()
}

fn check(edges: &[Edge]) -> Result<(), ModelError> {
    if edges.len() > EDGES_MAX {
        return Err(refused(&format!("{} places; ask for at most {EDGES_MAX}", edges.len())));
    }
    for Edge(operations) in edges {
        if !(1..=OPERATIONS_MAX).contains(&operations.len()) {
            return Err(refused(&format!("{} operations; give 1 to {OPERATIONS_MAX}", operations.len())));
        }
        for operation in operations {
            if let Operation::Block(block) = operation {
                block.check(0)?;
            }
        }
    }
    Ok(())
}

fn refused(message: &str) -> ModelError {
    ModelError::Architecture(format!("relaxation: {message}"))
}

#[cfg(test)]
mod tests;
