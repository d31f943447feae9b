//! Search space: genes, neighbours, encoding.
//!
//! Lives here: a space as a list of genes, so that a real network's space and a tabular benchmark's
//! fit one type. Does not live here: what a gene does to a network (that is [`crate::tabular`]).

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use crate::error::ModelError;
use crate::wiring::Wiring;

/// One choice to make.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gene {
    /// Its name, for people.
    pub name: String,
    /// Names of the choices, at least one.
    pub choices: Vec<String>,
    /// Ordered genes move one step at a time; others may jump to any choice.
    pub ordered: bool,
    /// The gene counts only where gene `.0` has at least choice `.1`.
    pub active_if: Option<(usize, u16)>,
}

/// One choice index a gene.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Genome(pub Vec<u16>);

/// Every genome that may be tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchSpace {
    genes: Vec<Gene>,
    wiring: Wiring,
}

impl SearchSpace {
    /// A space over these genes; each needs a choice, and depends on an earlier gene only.
    pub fn new(genes: Vec<Gene>) -> Result<Self, ModelError> {
        for (index, gene) in genes.iter().enumerate() {
            if gene.choices.is_empty() || gene.choices.len() > usize::from(u16::MAX) {
                return Err(ModelError::Architecture(format!("gene `{}` has no usable choices", gene.name)));
            }
            if gene.active_if.is_some_and(|(on, _)| on >= index) {
                return Err(ModelError::Architecture(format!(
                    "gene `{}` depends on a later gene",
                    gene.name
                )));
            }
        }
        Ok(Self { wiring: Wiring::apart(genes.len()), genes })
    }

    /// The same genes, of which is known how they make up a network.
    pub fn wired(self, wiring: Wiring) -> Result<Self, ModelError> {
        wiring.check(&self.genes)?;
        Ok(Self { wiring, ..self })
    }

    /// How the genes make up a network.
    pub fn wiring(&self) -> &Wiring {
        &self.wiring
    }

    /// Whether a gene says something in this genome.
    pub fn counts(&self, genome: &Genome, gene: usize) -> bool {
        self.active(&genome.0, gene)
    }

    /// The genes.
    pub fn genes(&self) -> &[Gene] {
        &self.genes
    }

    /// Whether the genome has one legal choice a gene.
    pub fn contains(&self, genome: &Genome) -> bool {
        genome.0.len() == self.genes.len()
            && genome
                .0
                .iter()
                .zip(&self.genes)
                .all(|(choice, gene)| usize::from(*choice) < gene.choices.len())
    }

    /// The one genome among all that mean the same: genes that do not count are zero.
    #[must_use]
    pub fn canonical(&self, genome: &Genome) -> Genome {
        let mut choices = genome.0.clone();
        for index in 0..self.genes.len() {
            if !self.active(&choices, index) {
                choices[index] = 0;
            }
        }
        Genome(choices)
    }

    /// All canonical genomes one edit away, without the genome itself.
    pub fn neighbours(&self, genome: &Genome) -> Vec<Genome> {
        let here = self.canonical(genome);
        let mut found = Vec::new();
        for (index, gene) in self.genes.iter().enumerate() {
            if !self.active(&here.0, index) {
                continue;
            }
            for choice in 0..gene.choices.len() as u16 {
                let distance = choice.abs_diff(here.0[index]);
                if distance == 0 || (gene.ordered && distance > 1) {
                    continue;
                }
                let mut edited = here.clone();
                edited.0[index] = choice;
                found.push(self.canonical(&edited));
            }
        }
        found
    }

    /// A genome drawn uniformly over the choices of each gene.
    pub fn sample(&self, rng: &mut impl Rng) -> Genome {
        let choices = self.genes.iter().map(|gene| rng.random_range(0..gene.choices.len() as u16)).collect();
        self.canonical(&Genome(choices))
    }

    /// Numbers for a predictor: an ordered gene is one number in 0..=1, any other is one-hot; a gene
    /// that does not count is all zeros.
    pub fn encode(&self, genome: &Genome) -> Vec<f32> {
        let mut encoded = Vec::new();
        for (index, gene) in self.genes.iter().enumerate() {
            let active = self.active(&genome.0, index);
            let choice = usize::from(genome.0[index]);
            if gene.ordered {
                let steps = (gene.choices.len().max(2) - 1) as f32;
                encoded.push(if active { choice as f32 / steps } else { 0.0 });
            } else {
                encoded.extend((0..gene.choices.len()).map(|at| f32::from(u8::from(active && at == choice))));
            }
        }
        encoded
    }

    fn active(&self, choices: &[u16], index: usize) -> bool {
        match self.genes[index].active_if {
            Some((on, least)) => choices[on] >= least && self.active(choices, on),
            None => true,
        }
    }
}
