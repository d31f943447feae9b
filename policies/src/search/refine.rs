//! Space refinement: what is not worth trying any more, for now.
//!
//! Lives here: bounds of ordered genes and retired choices of the others, learned from scores and undone at drift.
//! Which genes matter is in [`importance`], and asking a proposer within the bounds in [`refined`]. May not: change the
//! space; a genome outside the bounds stays a member of it.

use std::collections::VecDeque;

use model::{Genome, SearchSpace};
use serde::{Deserialize, Serialize};

use super::Score;

pub mod importance;
pub mod refined;

pub use importance::{TOP_SHARE, importances};
pub use refined::Refined;

/// Scores that are looked back on.
pub const WINDOW: usize = 200;
/// Scores before the first look, and between two.
const FIRST_LOOK: usize = 60;
const LOOK_EVERY: u32 = 20;
/// A bound moves in where the best is outside with less than this probability.
const OUTSIDE_MAX: f64 = 0.05;
/// Looks at which the incumbent leans on a bound before the bound moves out.
const LEANS: u32 = 3;
/// Tries without one win after which a choice retires.
pub const TRIES: u32 = 200;

/// A change of what is tried, for people to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refinement {
    /// Choices of an ordered gene outside of these are hardly the best: they are left out.
    Shrunk {
        /// Which gene.
        gene: usize,
        /// Lowest choice still tried.
        low: u16,
        /// Highest choice still tried.
        high: u16,
    },
    /// The incumbent was at the bound of an ordered gene, or beyond: it moved out.
    Widened {
        /// Which gene.
        gene: usize,
        /// Lowest choice tried now.
        low: u16,
        /// Highest choice tried now.
        high: u16,
    },
    /// A choice of an unordered gene never won: it is tried once in a hundred times.
    Retired {
        /// Which gene.
        gene: usize,
        /// Which choice.
        choice: u16,
    },
    /// A retired choice won, or is the incumbent's: it is tried like any other.
    Returned {
        /// Which gene.
        gene: usize,
        /// Which choice.
        choice: u16,
    },
    /// Everything is tried again.
    Undone,
}

impl Refinement {
    /// The change in words.
    pub fn story(&self, space: &SearchSpace) -> String {
        let name = |gene: usize| space.genes().get(gene).map_or("a gene", |gene| gene.name.as_str());
        let choice = |gene: usize, choice: u16| {
            let known = space.genes().get(gene).and_then(|gene| gene.choices.get(usize::from(choice)));
            known.map_or("?", String::as_str)
        };
        match *self {
            Self::Shrunk { gene, low, high } => {
                format!("{}: only {} to {} is tried", name(gene), choice(gene, low), choice(gene, high))
            }
            Self::Widened { gene, low, high } => {
                format!("{}: {} to {} is tried", name(gene), choice(gene, low), choice(gene, high))
            }
            Self::Retired { gene, choice: at } => {
                format!("{}: {} never won, and is hardly tried", name(gene), choice(gene, at))
            }
            Self::Returned { gene, choice: at } => {
                format!("{}: {} is tried again", name(gene), choice(gene, at))
            }
            Self::Undone => "everything is tried again".into(),
        }
    }
}

/// What is known of one gene.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Bounds {
    ordered: bool,
    low: u16,
    high: u16,
    leans: u32,
    /// Tries and wins of a change to each choice, and whether it is retired.
    choices: Vec<(u32, u32, bool)>,
}

impl Bounds {
    fn whole(ordered: bool, choices: usize) -> Self {
        Self {
            ordered,
            low: 0,
            high: choices.max(1) as u16 - 1,
            leans: 0,
            choices: vec![(0, 0, false); choices],
        }
    }

    fn last(&self) -> u16 {
        self.choices.len().max(1) as u16 - 1
    }

    fn admits(&self, choice: u16) -> bool {
        (self.low..=self.high).contains(&choice)
            && !self.choices.get(usize::from(choice)).is_some_and(|(_, _, retired)| *retired)
    }

    fn leans(&self, choice: u16) -> bool {
        (choice == self.low && self.low > 0) || (choice == self.high && self.high < self.last())
    }
}

/// What of a space is tried, as scores come in.
///
/// ```
/// use model::{Gene, Genome, SearchSpace};
/// use policies::search::Score;
/// use policies::search::refine::Refiner;
///
/// let choices = (0..8).map(|choice| choice.to_string()).collect();
/// let depth = Gene { name: "depth".into(), choices, ordered: true, active_if: None };
/// let space = SearchSpace::new(vec![depth])?;
/// let mut refiner = Refiner::new(&space);
/// let incumbent = Genome(vec![1]);
/// for at in 0..200 {
///     let genome = Genome(vec![at % 8]);
///     let gain = -f64::from((at % 8).abs_diff(1));
///     refiner.observe(&Score { genome, parent: incumbent.clone(), gain, cost: 1.0, at: u64::from(at) });
/// }
/// assert!(refiner.admits(&incumbent) && !refiner.admits(&Genome(vec![7])));
/// refiner.reset();
/// assert!(refiner.admits(&Genome(vec![7])));
/// # Ok::<(), model::ModelError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refiner {
    genes: Vec<Bounds>,
    window: VecDeque<(Genome, f64)>,
    since_look: u32,
}

impl Refiner {
    /// Everything is tried.
    pub fn new(space: &SearchSpace) -> Self {
        let genes =
            space.genes().iter().map(|gene| Bounds::whole(gene.ordered, gene.choices.len())).collect();
        Self { genes, window: VecDeque::new(), since_look: 0 }
    }

    /// Whether it is about the genes of this space.
    pub fn is_of(&self, space: &SearchSpace) -> bool {
        let of = |bounds: &Bounds| (bounds.ordered, bounds.choices.len());
        self.genes.iter().map(of).eq(space.genes().iter().map(|gene| (gene.ordered, gene.choices.len())))
    }

    /// Whether every choice of the genome is tried.
    pub fn admits(&self, genome: &Genome) -> bool {
        genome.0.iter().zip(&self.genes).all(|(choice, bounds)| bounds.admits(*choice))
    }

    /// Takes in a score; what is changed by it. The parent of what is scored is the incumbent, and always admitted.
    pub fn observe(&mut self, score: &Score) -> Vec<Refinement> {
        let mut changes = self.admit(&score.parent);
        changes.extend(self.count(score));
        let gain = if score.gain.is_nan() { f64::NEG_INFINITY } else { score.gain };
        self.window.push_back((score.genome.clone(), gain));
        if self.window.len() > WINDOW {
            self.window.pop_front();
        }
        self.since_look += 1;
        if self.window.len() >= FIRST_LOOK && self.since_look >= LOOK_EVERY {
            self.since_look = 0;
            changes.extend(self.widen(&score.parent));
            changes.extend(self.shrink(&score.parent));
        }
        changes
    }

    /// Everything is tried again, and nothing is known: at drift, what was useless may be what helps.
    pub fn reset(&mut self) -> Option<Refinement> {
        let whole = |bounds: &Bounds| Bounds::whole(bounds.ordered, bounds.choices.len());
        let is_narrowed = |bounds: &Bounds| !(0..=bounds.last()).all(|choice| bounds.admits(choice));
        let undone = self.genes.iter().any(is_narrowed).then_some(Refinement::Undone);
        self.genes = self.genes.iter().map(whole).collect();
        self.window.clear();
        self.since_look = 0;
        undone
    }

    /// Moves bounds out, and choices back in, so far that the incumbent is admitted.
    pub fn admit(&mut self, incumbent: &Genome) -> Vec<Refinement> {
        let mut changes = Vec::new();
        for (gene, (choice, bounds)) in incumbent.0.iter().zip(&mut self.genes).enumerate() {
            if !(bounds.low..=bounds.high).contains(choice) {
                (bounds.low, bounds.high) = (bounds.low.min(*choice), bounds.high.max(*choice));
                changes.push(Refinement::Widened { gene, low: bounds.low, high: bounds.high });
            }
            if let Some((_, _, retired)) = bounds.choices.get_mut(usize::from(*choice))
                && std::mem::take(retired)
            {
                changes.push(Refinement::Returned { gene, choice: *choice });
            }
        }
        changes
    }

    /// A try of every choice that was changed, and whether it won.
    fn count(&mut self, score: &Score) -> Vec<Refinement> {
        let mut changes = Vec::new();
        let choices = score.genome.0.iter().zip(&score.parent.0);
        for (gene, ((choice, before), bounds)) in choices.zip(&mut self.genes).enumerate() {
            let Some((tries, wins, retired)) = bounds.choices.get_mut(usize::from(*choice)) else { continue };
            if choice == before || bounds.ordered {
                continue;
            }
            *tries = tries.saturating_add(1);
            *wins = wins.saturating_add(u32::from(score.gain > 0.0));
            if *wins == 0 && *tries >= TRIES && !*retired {
                *retired = true;
                changes.push(Refinement::Retired { gene, choice: *choice });
            } else if *wins > 0 && std::mem::take(retired) {
                changes.push(Refinement::Returned { gene, choice: *choice });
            }
        }
        changes
    }

    /// One step out at a bound that the incumbent has leant on often enough.
    fn widen(&mut self, incumbent: &Genome) -> Vec<Refinement> {
        let mut changes = Vec::new();
        for (gene, (choice, bounds)) in incumbent.0.iter().zip(&mut self.genes).enumerate() {
            bounds.leans = if bounds.leans(*choice) { bounds.leans + 1 } else { 0 };
            if bounds.leans < LEANS {
                continue;
            }
            bounds.leans = 0;
            if *choice == bounds.low {
                bounds.low = bounds.low.saturating_sub(1);
            }
            if *choice == bounds.high {
                bounds.high = (bounds.high + 1).min(bounds.last());
            }
            changes.push(Refinement::Widened { gene, low: bounds.low, high: bounds.high });
        }
        changes
    }

    /// One step in, at the bounds of those genes that matter more than an average one.
    fn shrink(&mut self, incumbent: &Genome) -> Vec<Refinement> {
        let counts = importance::counts(&self.window, self.genes.iter().map(|bounds| bounds.choices.len()));
        let importances = importance::of(&counts);
        let average = 1.0 / importances.len().max(1) as f64;
        let mut changes = Vec::new();
        for (gene, bounds) in self.genes.iter_mut().enumerate() {
            if !bounds.ordered || importances[gene] < average || bounds.leans > 0 {
                continue;
            }
            let at = incumbent.0[gene];
            let rest = |low, high| importance::outside(&counts[gene], low, high) < OUTSIDE_MAX;
            let (low, high) = (bounds.low, bounds.high);
            if low < at && rest(low + 1, high) {
                bounds.low += 1;
            }
            if high > at && rest(bounds.low, high - 1) {
                bounds.high -= 1;
            }
            if (low, high) != (bounds.low, bounds.high) {
                changes.push(Refinement::Shrunk { gene, low: bounds.low, high: bounds.high });
            }
        }
        changes
    }
}

#[cfg(test)]
mod tests;
