//! Reading: a genome as a graph of operations, each in words.
//!
//! Lives here: which words there are in a space, and which of them say what an operation is. May not: learn.
//!
//! A choice of an unordered gene is a word; an ordered gene is one word, said more or less. Operations of one kind share their words, so
//! that what is learned of one is true of the others wherever they stand.

use std::collections::BTreeMap;

use model::wiring::{Node, Operation, Source};
use model::{Genome, SearchSpace};
use serde::{Deserialize, Serialize};

/// A graph as the network reads it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reading {
    pub(super) operations: Vec<Read>,
    /// What is known of it besides, as normal scores.
    pub(super) known: Vec<f32>,
}

/// An operation of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Read {
    /// Words, and how much each is said.
    pub(super) words: Vec<(usize, f32)>,
    /// Earlier ones that it takes its input from; none is the row.
    pub(super) inputs: Vec<Option<usize>>,
    pub(super) answers: bool,
}

/// A space, and the words of its operations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Reader {
    space: SearchSpace,
    /// Of each operation, of each of its genes, a word a choice; one if it is ordered.
    words: Vec<Vec<Vec<usize>>>,
    count: usize,
}

impl Reader {
    pub(super) fn new(space: &SearchSpace) -> Self {
        let mut known: BTreeMap<(usize, usize, &str), usize> = BTreeMap::new();
        let mut words = Vec::new();
        for Operation { kind, genes, .. } in &space.wiring().0 {
            let of = |(place, gene): (usize, &usize)| -> Vec<usize> {
                let gene = &space.genes()[*gene];
                let names =
                    if gene.ordered { vec![""] } else { gene.choices.iter().map(String::as_str).collect() };
                let number = |name| {
                    let next = known.len();
                    *known.entry((*kind, place, name)).or_insert(next)
                };
                names.into_iter().map(number).collect()
            };
            words.push(genes.iter().enumerate().map(of).collect());
        }
        Self { count: known.len(), space: space.clone(), words }
    }

    /// Whether it reads genomes of this space.
    pub(super) fn reads(&self, space: &SearchSpace) -> bool {
        self.space == *space
    }

    /// Words that there are.
    pub(super) fn words(&self) -> usize {
        self.count
    }

    pub(super) fn read(&self, genome: &Genome, known: Vec<f32>) -> Reading {
        let operations = self.space.graph(genome).into_iter().map(|node| self.operation(genome, node));
        Reading { operations: operations.collect(), known }
    }

    fn operation(&self, genome: &Genome, node: Node) -> Read {
        let Operation { genes, .. } = &self.space.wiring().0[node.operation];
        let told = genes.iter().zip(&self.words[node.operation]);
        let words = told
            .filter(|(gene, _)| self.space.counts(genome, **gene))
            .map(|(gene, words)| self.word(*gene, words, genome.0[*gene]))
            .collect();
        let from = |source| match source {
            Source::Row => None,
            Source::Operation(at) => Some(at),
        };
        Read { words, inputs: node.inputs.into_iter().map(from).collect(), answers: node.answers }
    }

    fn word(&self, gene: usize, words: &[usize], choice: u16) -> (usize, f32) {
        let gene = &self.space.genes()[gene];
        if !gene.ordered {
            return (words[usize::from(choice)], 1.0);
        }
        let steps = (gene.choices.len().max(2) - 1) as f32;
        (words[0], 2.0 * f32::from(choice) / steps - 1.0)
    }
}
