//! A table: a search space, and what is known of its members.
//!
//! Lives here: the values, and what is best among them. May not: read files.

use std::collections::BTreeMap;

use model::{Genome, SearchSpace};

/// What is known of one member.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// What a search sees and chooses by; higher is better.
    pub validation: f64,
    /// What is said of the member that was chosen; higher is better.
    pub test: f64,
    /// What one answer, or where that was not measured one training, costs.
    pub cost: f64,
    /// What of the budget a trial of it takes: one, where the budget is in trials.
    pub charge: f64,
    /// Parameters, and seconds of an answer, where the table has them: what can be had without training.
    pub free: Option<[f64; 2]>,
}

/// All that was measured of a space.
#[derive(Clone, Debug)]
pub struct Table {
    space: SearchSpace,
    rows: BTreeMap<Genome, Row>,
    best: Row,
}

impl Table {
    /// A table; none without rows.
    pub fn new(space: SearchSpace, rows: BTreeMap<Genome, Row>) -> Option<Self> {
        let best = |of: fn(&Row) -> f64| rows.values().map(of).max_by(f64::total_cmp);
        let best = Row {
            validation: best(|row| row.validation)?,
            test: best(|row| row.test)?,
            cost: 0.0,
            charge: 0.0,
            free: None,
        };
        Some(Self { space, rows, best })
    }

    /// What may be proposed. A member without a row was not measured, mostly for being another one in disguise.
    pub fn space(&self) -> &SearchSpace {
        &self.space
    }

    /// What is known of a member.
    pub fn row(&self, genome: &Genome) -> Option<&Row> {
        self.rows.get(genome)
    }

    /// What is known of a member's costs without training it; nothing where it was not measured.
    pub fn free(&self, genome: &Genome) -> Vec<f64> {
        self.row(genome).and_then(|row| row.free).map_or_else(Vec::new, |free| free.to_vec())
    }

    /// Every member that was measured, in order.
    pub fn members(&self) -> Vec<&Genome> {
        self.rows.keys().collect()
    }

    /// The highest validation of all rows.
    pub fn best_validation(&self) -> f64 {
        self.best.validation
    }

    /// The highest test of all rows.
    pub fn best_test(&self) -> f64 {
        self.best.test
    }
}
