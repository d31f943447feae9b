//! One search of a table: ask, look up, tell, until the budget is spent.
//!
//! Lives here: the protocol. It begins with a member drawn uniformly from the rows, which is the first trial. One genome
//! is asked for at a time; the parent is the best by validation so far, and a score's gain is the change from it. What was
//! looked up before is told again and not charged; neither is a member without a row, which is told to have failed. A
//! search that gets only such answers ends before its budget does.
//!
//! May not: propose.

use std::collections::BTreeSet;

use model::Genome;
use policies::search::{AnyProposer, Proposer as _, Question, Score};
use rand::seq::IndexedRandom as _;
use rand_pcg::Pcg64;

use super::features::Known;
use super::lookup::{Row, Table};

/// Answers in a row that are not charged, after which a search is over.
const FREE_MAX: u64 = 1_000;

/// What a search chose, and how many trials it took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chosen {
    /// The best by validation of all that was looked up.
    pub row: Row,
    /// Trials charged.
    pub trials: u64,
}

/// A search under way.
struct Search<'a> {
    table: &'a Table,
    known: &'a Known,
    proposer: AnyProposer,
    seen: BTreeSet<Genome>,
    spent: f64,
    best: (Genome, Row),
}

/// Searches until this much is spent: the last trial may exceed it.
pub fn search(table: &Table, known: &Known, proposer: &AnyProposer, budget: u64, rng: &mut Pcg64) -> Chosen {
    let start = (*table.members().choose(rng).expect("a table has rows")).clone();
    let row = *table.row(&start).expect("it was drawn from the rows");
    let seen = BTreeSet::from([start.clone()]);
    let mut search =
        Search { table, known, proposer: proposer.clone(), seen, spent: row.charge, best: (start, row) };
    let mut free = 0;
    while search.spent < budget as f64 && free < FREE_MAX {
        let before = search.trials();
        search.step(rng);
        free = if search.trials() > before { 0 } else { free + 1 };
    }
    Chosen { row: search.best.1, trials: search.trials() }
}

impl Search<'_> {
    fn trials(&self) -> u64 {
        self.seen.len() as u64
    }

    fn step(&mut self, rng: &mut Pcg64) {
        let (parent, of_parent) = self.best.clone();
        let features = |genome: &Genome| self.known.of(genome);
        let now = self.trials();
        let costs = |genome: &Genome| self.table.free(genome);
        let question = Question::new(self.table.space(), &parent, 1);
        let question = Question { now, features: &features, costs: &costs, ..question };
        for genome in self.proposer.ask(&question, rng) {
            let row = self.table.row(&genome).copied();
            let gain = row.map_or(f64::NEG_INFINITY, |row| row.validation - of_parent.validation);
            let cost = row.map_or(of_parent.cost, |row| row.cost);
            let score = Score { genome, parent: parent.clone(), gain, cost, at: now };
            self.proposer.tell(&score);
            if let Some(row) = row {
                if self.seen.insert(score.genome.clone()) {
                    self.spent += row.charge;
                }
                if row.validation > self.best.1.validation {
                    self.best = (score.genome, row);
                }
            }
        }
    }
}
