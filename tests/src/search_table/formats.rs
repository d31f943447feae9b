//! The formats of tables: which columns say what a member is, and how it does.
//!
//! Lives here: layouts. May not: search.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use model::wiring::{Operation, Source, When};
use model::{Gene, Genome, SearchSpace, Wiring};

use super::csv::{Line, Lines};
use super::{Dataset, Format, Row, Table};

/// The edges of a cell of NAS-Bench-201, in the order of its codes.
const EDGES: [&str; 6] = ["0->1", "0->2", "1->2", "0->3", "1->3", "2->3"];
/// Where a cell of NAS-Bench-201 begins, and where it ends.
const FIRST: &str = "0";
const LAST: &str = "3";
/// The genes of `HPOBench`, in the order of its codes.
const HYPER_PARAMETERS: [&str; 5] = ["alpha", "batch_size", "depth", "learning_rate_init", "width"];
/// The genes of NAS-Bench-Graph: where each of four nodes takes its input from, and what it does.
const GRAPH: [&str; 5] = ["link", "op_1", "op_2", "op_3", "op_4"];
/// Epochs after which NAS-Bench-201 is searched where that is early, of those whose time is told.
const EARLY_SHARE: f64 = 12.0 / 200.0;
/// Columns of the five seeds of `HPOBench`.
const SEEDS: [&str; 5] = ["val_acc_s0", "val_acc_s1", "val_acc_s2", "val_acc_s3", "val_acc_s4"];

/// What a gene's choices are called, one a gene.
type Words = Vec<String>;

impl Format {
    fn genes(self) -> &'static [&'static str] {
        match self {
            Self::Nb201 => &EDGES,
            Self::Hpobench => &HYPER_PARAMETERS,
            Self::NbGraph => &GRAPH,
        }
    }

    /// The columns that say which member a line is about.
    pub(super) fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Nb201 | Self::Hpobench => &["code"],
            Self::NbGraph => &["link", "ops"],
        }
    }

    /// Which choice of each gene a line is about, by name.
    pub(super) fn words(self, line: &Line<'_>) -> Result<Words> {
        let digits = |text: &str| text.chars().map(String::from).collect::<Words>();
        let column = *self.keys().last().expect("every format has a key");
        let words = match self {
            Self::Nb201 | Self::Hpobench => digits(line.text(column)?),
            Self::NbGraph => [vec![line.text("link")?.to_owned()], digits(line.text(column)?)].concat(),
        };
        let right = words.len() == self.genes().len();
        right.then_some(words).ok_or_else(|| line.error(column, "not as many digits as there are genes"))
    }

    fn row(self, dataset: Dataset, line: &Line<'_>) -> Result<Row> {
        let [validation, test, cost] = match (self, dataset) {
            (Self::Nb201, Dataset::C10) => ["c10_val200_mean", "c10_test200", "c10_latency_s"],
            (Self::Nb201, Dataset::C10Early) => ["c10_val12", "c10_test200", "c10_latency_s"],
            (Self::Nb201, Dataset::C100) => ["c100_val200_mean", "c100_test200", "c10_latency_s"],
            (Self::NbGraph, _) => ["valid", "test", "latency_s"],
            (Self::Hpobench, _) => {
                let sum = SEEDS.iter().map(|seed| line.number(seed)).sum::<Result<f64>>()?;
                let mean = sum / SEEDS.len() as f64;
                let cost = line.number("train_time_mean")?;
                return Ok(Row { validation: mean, test: mean, cost, charge: 1.0, free: None });
            }
        };
        let parameters = if self == Self::Nb201 { "c10_params_m" } else { "params_m" };
        let cost = line.number(cost)?;
        let free = Some([line.number(parameters)?, cost]);
        let charge = match (self, dataset) {
            (Self::Nb201, Dataset::C10Early) => line.number("c10v_train_s")? * EARLY_SHARE,
            _ => 1.0,
        };
        Ok(Row { validation: line.number(validation)?, test: line.number(test)?, cost, charge, free })
    }

    /// Choices are those that some line has, in order; digits are ordered where they are sizes.
    fn space(self, choices: Vec<BTreeSet<String>>) -> Result<SearchSpace> {
        let ordered = self == Self::Hpobench;
        let gene = |(name, choices): (&&str, BTreeSet<String>)| Gene {
            name: (*name).into(),
            choices: choices.into_iter().collect(),
            ordered,
            active_if: None,
        };
        let space = SearchSpace::new(self.genes().iter().zip(choices).map(gene).collect())?;
        Ok(match self {
            Self::Nb201 => space.wired(cell())?,
            Self::Hpobench => space,
            Self::NbGraph => {
                let links = space.genes()[0].choices.clone();
                space.wired(linked(&links))?
            }
        })
    }
}

/// A cell of NAS-Bench-201: an operation an edge, and none that is nothing.
fn cell() -> Wiring {
    let ends = EDGES.map(|edge| edge.split_once("->").expect("edges lead from somewhere to somewhere"));
    let operation = |(gene, (from, to)): (usize, (&str, &str))| {
        let before = ends.iter().enumerate().filter(|(_, (_, end))| *end == from);
        let before = before.map(|(at, _)| (Source::Operation(at), When::Always));
        let row = (from == FIRST).then_some((Source::Row, When::Always));
        Operation {
            kind: 0,
            genes: vec![gene],
            exists: When::Chosen { gene, choices: vec![1, 2, 3, 4] },
            inputs: before.chain(row).collect(),
            answers: if to == LAST { vec![When::Always] } else { Vec::new() },
        }
    };
    Wiring(ends.into_iter().enumerate().map(operation).collect())
}

/// NAS-Bench-Graph: a digit of the link for each node says which one before it takes its input from; 0 is the row. Those that nobody
/// takes it from answer.
fn linked(links: &[String]) -> Wiring {
    let nodes = GRAPH.len() - 1;
    let where_link = |holds: &dyn Fn(&[u8]) -> bool| {
        let choices = links.iter().enumerate().filter(|(_, link)| holds(link.as_bytes()));
        When::Chosen { gene: 0, choices: choices.map(|(choice, _)| choice as u16).collect() }
    };
    let operation = |node: usize| {
        let named = |place: usize| b'0' + place as u8;
        let from = |place: usize| {
            let source = place.checked_sub(1).map_or(Source::Row, Source::Operation);
            (source, where_link(&|link| link.get(node) == Some(&named(place))))
        };
        Operation {
            kind: 0,
            genes: vec![node + 1],
            exists: When::Always,
            inputs: (0..=node).map(from).collect(),
            answers: vec![where_link(&|link| !link.contains(&named(node + 1)))],
        }
    };
    Wiring((0..nodes).map(operation).collect())
}

/// Reads a table; each member may have but one line.
pub fn read(path: &Path, format: Format, dataset: Dataset) -> Result<Table> {
    let lines = Lines::read(path)?;
    let mut choices = vec![BTreeSet::new(); format.genes().len()];
    for line in lines.iter() {
        for (choices, word) in choices.iter_mut().zip(format.words(&line)?) {
            choices.insert(word);
        }
    }
    let space = format.space(choices)?;
    let mut rows = BTreeMap::new();
    for line in lines.iter() {
        let genome = genome(&space, &format.words(&line)?).expect("the space has every line's choices");
        if rows.insert(genome, format.row(dataset, &line)?).is_some() {
            return Err(line.error(format.keys()[0], "this member has a line already"));
        }
    }
    Table::new(space, rows).with_context(|| anyhow!("{}: no rows", path.display()))
}

/// The member of these choices; none if the space lacks one of them.
pub fn genome(space: &SearchSpace, words: &[String]) -> Option<Genome> {
    let choice = |(gene, word): (&Gene, &String)| {
        gene.choices.iter().position(|choice| choice == word).map(|choice| choice as u16)
    };
    space.genes().iter().zip(words).map(choice).collect::<Option<_>>().map(Genome)
}
