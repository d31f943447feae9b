//! Wiring: how the genes of a space make up a network.
//!
//! Lives here: operations, where each takes its input from, and the graph of those that a genome has. Does not live here: what an
//! operation computes (that is [`crate::tabular`] for networks of rows), or what is learned from graphs (policies do).
//!
//! A space that says nothing of its wiring has one operation a gene, side by side, none like another.

use serde::{Deserialize, Serialize};

use crate::error::ModelError;
use crate::space::{Gene, Genome, SearchSpace};

/// Most operations of a space.
pub const OPERATIONS_MAX: usize = 256;

/// In which genomes something is so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum When {
    /// In all.
    Always,
    /// Where a gene has one of these choices.
    Chosen {
        /// Which gene.
        gene: usize,
        /// Its choices.
        choices: Vec<u16>,
    },
}

impl When {
    fn holds(&self, genome: &Genome) -> bool {
        match self {
            Self::Always => true,
            Self::Chosen { gene, choices } => choices.contains(&genome.0[*gene]),
        }
    }

    fn gene(&self) -> Option<usize> {
        if let Self::Chosen { gene, .. } = self { Some(*gene) } else { None }
    }
}

/// Where an operation's input comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// What the network is given.
    Row,
    /// What an earlier operation made; by its place.
    Operation(usize),
}

/// Something that a network does, told by some genes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// Operations of one kind have the same genes in the same order, and choices of one name mean the same: what is learned of one
    /// operation is true of the others. Some may offer fewer choices, but not of an ordered gene.
    pub kind: usize,
    /// What says what it is; it is not there where none of them counts.
    pub genes: Vec<usize>,
    /// Where it is there at all.
    pub exists: When,
    /// What enters it; what several say is summed.
    pub inputs: Vec<(Source, When)>,
    /// What leaves it is part of the answer where any of these holds.
    pub answers: Vec<When>,
}

/// All operations, each after those that it takes its input from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Wiring(pub Vec<Operation>);

/// An operation of a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Which operation of the wiring.
    pub operation: usize,
    /// Where its input comes from, by places in the graph.
    pub inputs: Vec<Source>,
    /// Whether what leaves it is part of the answer.
    pub answers: bool,
}

impl Wiring {
    /// Every gene an operation of its own, from the row to the answer.
    pub fn apart(genes: usize) -> Self {
        let alone = |gene| Operation {
            kind: gene,
            genes: vec![gene],
            exists: When::Always,
            inputs: vec![(Source::Row, When::Always)],
            answers: vec![When::Always],
        };
        Self((0..genes).map(alone).collect())
    }

    /// Refuses what is not about these genes, or goes in a circle.
    pub(crate) fn check(&self, genes: &[Gene]) -> Result<(), ModelError> {
        if self.0.len() > OPERATIONS_MAX.max(genes.len()) {
            return Err(invalid(format!(
                "{} operations, but at most {OPERATIONS_MAX} are allowed",
                self.0.len()
            )));
        }
        for (index, operation) in self.0.iter().enumerate() {
            let whens = operation.inputs.iter().map(|(_, when)| when).chain(&operation.answers);
            let told = whens.chain([&operation.exists]).filter_map(When::gene);
            if operation.genes.iter().copied().chain(told).any(|gene| gene >= genes.len()) {
                return Err(invalid(format!("operation {} is told by a gene that there is not", index + 1)));
            }
            let later =
                |(source, _): &(Source, When)| matches!(source, Source::Operation(at) if *at >= index);
            if operation.inputs.iter().any(later) {
                return Err(invalid(format!("operation {} takes its input from a later one", index + 1)));
            }
            let first = self.0.iter().find(|other| other.kind == operation.kind);
            if first.is_some_and(|first| !alike(genes, first, operation)) {
                return Err(invalid(format!(
                    "operation {} has other genes than those of its kind",
                    index + 1
                )));
            }
        }
        Ok(())
    }
}

/// Whether the genes of both are as many, and of the same steps where they are ordered.
fn alike(genes: &[Gene], one: &Operation, other: &Operation) -> bool {
    let steps = |operation: &Operation| -> Vec<Option<&[String]>> {
        let told = operation.genes.iter().map(|gene| &genes[*gene]);
        told.map(|gene| gene.ordered.then_some(gene.choices.as_slice())).collect()
    };
    steps(one) == steps(other)
}

impl SearchSpace {
    /// The operations of a genome through which something flows from the row to the answer, in the order of the wiring. So
    /// genomes that differ only in what is never used have one graph.
    ///
    /// ```
    /// use model::{Gene, Genome, SearchSpace, Wiring};
    /// use model::wiring::{Operation, Source, When};
    ///
    /// let gene = |name: &str| Gene {
    ///     name: name.into(),
    ///     choices: ["none", "wide", "deep"].map(String::from).to_vec(),
    ///     ordered: false,
    ///     active_if: None,
    /// };
    /// let exists = |gene| When::Chosen { gene, choices: vec![1, 2] };
    /// let chain = |gene, from, answers: &[When]| Operation {
    ///     kind: 0,
    ///     genes: vec![gene],
    ///     exists: exists(gene),
    ///     inputs: vec![(from, When::Always)],
    ///     answers: answers.to_vec(),
    /// };
    /// let wiring = Wiring(vec![
    ///     chain(0, Source::Row, &[]),
    ///     chain(1, Source::Operation(0), &[When::Always]),
    /// ]);
    /// let space = SearchSpace::new(vec![gene("first"), gene("second")])?.wired(wiring)?;
    /// assert_eq!(space.graph(&Genome(vec![1, 2])).len(), 2);
    /// assert!(space.graph(&Genome(vec![0, 2])).is_empty(), "nothing enters the second");
    /// # Ok::<(), model::ModelError>(())
    /// ```
    pub fn graph(&self, genome: &Genome) -> Vec<Node> {
        let genome = self.canonical(genome);
        let operations = &self.wiring().0;
        let inputs = reached(self, operations, &genome);
        let used = used(operations, &inputs, &genome);
        let mut places = vec![None; operations.len()];
        let mut graph: Vec<Node> = Vec::new();
        for (operation, sources) in inputs.into_iter().enumerate().filter(|(at, _)| used[*at]) {
            let source = |source| match source {
                Source::Row => Some(Source::Row),
                Source::Operation(at) => places[at].map(Source::Operation),
            };
            let inputs = sources.into_iter().filter_map(source).collect();
            let answers = operations[operation].answers.iter().any(|when| when.holds(&genome));
            places[operation] = Some(graph.len());
            graph.push(Node { operation, inputs, answers });
        }
        graph
    }
}

/// For each operation what enters it, of what can be reached from the row; nothing for one that is not there.
fn reached(space: &SearchSpace, operations: &[Operation], genome: &Genome) -> Vec<Vec<Source>> {
    let mut inputs: Vec<Vec<Source>> = Vec::with_capacity(operations.len());
    for operation in operations {
        let counts = operation.genes.iter().any(|gene| space.counts(genome, *gene));
        let flows = |(source, when): &(Source, When)| {
            let comes = match source {
                Source::Row => true,
                Source::Operation(at) => !inputs[*at].is_empty(),
            };
            (comes && when.holds(genome)).then_some(*source)
        };
        let is_there = counts && operation.exists.holds(genome);
        let entering =
            if is_there { operation.inputs.iter().filter_map(flows).collect() } else { Vec::new() };
        inputs.push(entering);
    }
    inputs
}

/// Which of those that are reached come to the answer.
fn used(operations: &[Operation], inputs: &[Vec<Source>], genome: &Genome) -> Vec<bool> {
    let mut used = vec![false; operations.len()];
    for at in (0..operations.len()).rev() {
        let answers = operations[at].answers.iter().any(|when| when.holds(genome));
        used[at] = !inputs[at].is_empty() && (used[at] || answers);
        for source in &inputs[at] {
            if let (true, Source::Operation(from)) = (used[at], source) {
                used[*from] = true;
            }
        }
    }
    used
}

fn invalid(message: String) -> ModelError {
    ModelError::Architecture(message)
}

#[cfg(test)]
mod tests;
