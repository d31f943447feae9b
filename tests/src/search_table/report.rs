//! Many searches, and what is said of them.
//!
//! Lives here: means, deviations, layout. May not: search.

use std::path::Path;
use std::time::Instant;

use policies::search::{AnyProposer, Proposer as _};
use rand::SeedableRng as _;
use rand_pcg::Pcg64;
use serde::Serialize;

use super::features::Known;
use super::lookup::Table;
use super::search::{Chosen, search};

/// How many searches, and how long each.
#[derive(Clone, Copy, Debug)]
pub struct Searches {
    /// Trials of each.
    pub budget: u64,
    /// Searches.
    pub runs: u64,
    /// Where chance begins: run `r` of seed `s` is the same, however many there are.
    pub seed: u64,
}

/// What some searches of one kind found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Name of the table's file.
    pub table: String,
    /// Its format.
    pub space: String,
    /// Who proposed.
    pub proposer: String,
    /// Who predicted; none where nobody did.
    pub predictor: Option<String>,
    /// Who decided how long each trains; none where each was trained to its end.
    pub scheduler: Option<String>,
    /// Trials of each search.
    pub budget: u64,
    /// Searches.
    pub runs: u64,
    /// Mean test of what was chosen by validation.
    pub score_mean: f64,
    /// Its standard deviation over runs.
    pub score_sd: f64,
    /// Share of the runs that chose a row of the highest validation.
    pub optimum_share: f64,
    /// Mean distance from the highest test of the table.
    pub regret_mean: f64,
    /// Wall time of a trial: asking, looking up, telling.
    pub seconds_per_query: f64,
}

impl Searches {
    /// Searches, each with a fresh proposer.
    pub fn of(self, proposer: &AnyProposer, table: &Table, known: &Known) -> Report {
        let begun = Instant::now();
        let generator = |run| Pcg64::seed_from_u64(self.seed.wrapping_shl(32).wrapping_add(run));
        let one = |run| search(table, known, proposer, self.budget, &mut generator(run));
        let chosen: Vec<Chosen> = (0..self.runs).map(one).collect();
        let seconds = begun.elapsed().as_secs_f64();
        let (count, trials) = (chosen.len() as f64, chosen.iter().map(|chosen| chosen.trials).sum::<u64>());
        let mean = chosen.iter().map(|chosen| chosen.row.test).sum::<f64>() / count;
        let variance = chosen.iter().map(|chosen| (chosen.row.test - mean).powi(2)).sum::<f64>() / count;
        let optima = chosen.iter().filter(|chosen| chosen.row.validation >= table.best_validation());
        Report {
            table: String::new(),
            space: String::new(),
            proposer: proposer.name().into(),
            predictor: None,
            scheduler: None,
            budget: self.budget,
            runs: self.runs,
            score_mean: mean,
            score_sd: variance.sqrt(),
            optimum_share: optima.count() as f64 / count,
            regret_mean: table.best_test() - mean,
            seconds_per_query: seconds / trials as f64,
        }
    }
}

impl Report {
    /// The same, saying of which table it is.
    #[must_use]
    pub fn named(self, table: &Path, space: &str) -> Self {
        let name = table.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self { table: name, space: space.into(), ..self }
    }

    /// One line for people.
    pub fn line(&self) -> String {
        format!(
            "{} of {}: budget {}, {} runs: {:.4} ± {:.4}, optimum in {:.1} %, regret {:.4}, {:.1} µs a trial",
            self.proposer,
            self.table,
            self.budget,
            self.runs,
            self.score_mean,
            self.score_sd,
            100.0 * self.optimum_share,
            self.regret_mean,
            1e6 * self.seconds_per_query,
        )
    }
}
