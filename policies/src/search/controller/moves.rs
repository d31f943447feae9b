//! Moves: the edits of a genome, as three choices in a row.
//!
//! Lives here: which operators, sites and sizes a space has, and which of them are legal where. May not: prefer one.
//!
//! An *operator* is what is changed (the width of a block), a *site* is where (of which block: a gene), a *size* is to what: one step up
//! or down of an ordered gene, any other choice of the others. Which genes are the same operator at other sites is said by how a space is
//! wired; a gene that no operation has is an operator of its own.

use std::collections::BTreeMap;

use model::{Gene, Genome, SearchSpace};
use serde::{Deserialize, Serialize};

/// Sizes of an ordered gene: what is learned of a step up holds wherever it begins.
const STEPS: [&str; 2] = ["down", "up"];

/// One edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Move {
    pub(super) gene: u16,
    /// Which of the gene's sizes.
    pub(super) size: u16,
}

/// Which numbers of a policy stand for a gene.
#[derive(Clone, Debug)]
struct Site {
    operator: usize,
    ordered: bool,
    choices: u16,
    /// Of each size: what its operator's sites share, and what is its own.
    sizes: Vec<[usize; 2]>,
}

/// The choices of a space, and which number of a policy stands for which: operators, then sites, then sizes.
#[derive(Clone, Debug)]
pub(super) struct Moves {
    sites: Vec<Site>,
    operators: usize,
    outputs: usize,
}

impl Moves {
    pub(super) fn of(space: &SearchSpace) -> Self {
        let operators = operators(space);
        let count = operators.iter().max().map_or(0, |last| last + 1);
        let mut outputs = count + operators.len();
        let mut shared: BTreeMap<(usize, &str), usize> = BTreeMap::new();
        let mut sites = Vec::new();
        for (gene, operator) in space.genes().iter().zip(operators) {
            let sizes = names(gene)
                .map(|name| {
                    let common = *shared.entry((operator, name)).or_insert(outputs);
                    outputs = outputs.max(common + 1) + 1;
                    [common, outputs - 1]
                })
                .collect();
            sites.push(Site { operator, ordered: gene.ordered, choices: gene.choices.len() as u16, sizes });
        }
        Self { sites, operators: count, outputs }
    }

    /// Numbers of a policy.
    pub(super) fn outputs(&self) -> usize {
        self.outputs
    }

    /// Every edit that leads to another genome, and where it leads.
    pub(super) fn legal(&self, space: &SearchSpace, genome: &Genome) -> Vec<(Move, Genome)> {
        let here = space.canonical(genome);
        let mut legal = Vec::new();
        for (gene, site) in self.sites.iter().enumerate().filter(|(gene, _)| space.counts(&here, *gene)) {
            for size in 0..site.sizes.len() as u16 {
                let Some(choice) = site.choice(here.0[gene], size) else { continue };
                let mut edited = here.clone();
                edited.0[gene] = choice;
                legal.push((Move { gene: gene as u16, size }, space.canonical(&edited)));
            }
        }
        legal
    }

    /// The numbers whose sums say how likely each of the three choices is.
    pub(super) fn heads(&self, of: Move) -> [Head; 3] {
        let gene = usize::from(of.gene);
        let site = &self.sites[gene];
        let [shared, own] = site.sizes[usize::from(of.size)];
        [
            Head { of: 0, numbers: [site.operator, site.operator] },
            Head { of: 1 + site.operator, numbers: [self.operators + gene, self.operators + gene] },
            Head { of: 1 + self.operators + gene, numbers: [shared, own] },
        ]
    }
}

/// One of three choices: among what it is one, and the numbers whose mean says how likely it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Head {
    /// What excludes one another has the same number here.
    pub(super) of: usize,
    pub(super) numbers: [usize; 2],
}

impl Site {
    /// The choice that a size leads to; none where that is no edit.
    fn choice(&self, now: u16, size: u16) -> Option<u16> {
        let choice = match (self.ordered, size) {
            (true, 0) => now.checked_sub(1)?,
            (true, _) => now + 1,
            (false, size) => size,
        };
        (choice != now && choice < self.choices).then_some(choice)
    }
}

fn names(gene: &Gene) -> impl Iterator<Item = &str> {
    let (steps, choices) = if gene.ordered { (&STEPS[..], &[][..]) } else { (&[][..], &gene.choices[..]) };
    steps.iter().copied().chain(choices.iter().map(String::as_str))
}

/// Which operator each gene is.
fn operators(space: &SearchSpace) -> Vec<usize> {
    let mut known: Vec<Option<(usize, usize)>> = vec![None; space.genes().len()];
    for operation in &space.wiring().0 {
        for (place, gene) in operation.genes.iter().enumerate() {
            known[*gene] = Some((operation.kind, place));
        }
    }
    let mut numbers: BTreeMap<(usize, usize, usize), usize> = BTreeMap::new();
    let mut operators = Vec::new();
    for (gene, known) in known.into_iter().enumerate() {
        // One that no operation has is told from all others by its own place.
        let key = known.map_or((usize::MAX, gene, gene), |(kind, place)| (kind, place, 0));
        let next = numbers.len();
        operators.push(*numbers.entry(key).or_insert(next));
    }
    operators
}
