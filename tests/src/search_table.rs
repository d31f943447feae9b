//! The search table: how good what the daemon's own proposers find is, where every answer is known beforehand.
//!
//! In reading order: what is asked for (here); the table, read once ([`lookup`], [`formats`], [`csv`]) and what is known
//! of its members without a trial ([`features`]); one search, trial by trial ([`search`]); many of them, and what is said
//! of them ([`report`]). A further format is a variant of [`Format`] and a layout in [`formats`].
//!
//! May not: propose anything itself; that is `policies::search`.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Parser, ValueEnum};
use policies::search::AnyProposer;

mod csv;
mod features;
mod formats;
mod lookup;
mod report;
mod search;

pub use lookup::{Row, Table};
pub use report::Report;

/// How a table's file is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Format {
    /// NAS-Bench-201: six edges of five operations; validation and test accuracy after 200 epochs.
    Nb201,
    /// `HPOBench`, MLPs: five ordered genes; mean validation accuracy of five seeds, searched and reported.
    Hpobench,
    /// NAS-Bench-Graph: a topology and four operations; validation and test accuracy.
    NbGraph,
}

/// Which accuracy of NAS-Bench-201 is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Dataset {
    /// CIFAR-10.
    C10,
    /// CIFAR-100.
    C100,
}

/// Searches a table of known results again and again: what is found is chosen by validation, and reported on test.
#[derive(Clone, Debug, Parser)]
#[command(name = "search-table")]
struct Arguments {
    /// The table, as csv or csv.gz.
    #[arg(long)]
    table: PathBuf,
    /// How it is laid out.
    #[arg(long, value_enum)]
    space: Format,
    /// Which data set of nb201; other tables have but one.
    #[arg(long, value_enum, default_value = "c10")]
    dataset: Dataset,
    /// What is known before a trial: a csv of codes and numbers.
    #[arg(long)]
    features: Option<PathBuf>,
    /// Who proposes.
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(AnyProposer::NAMES))]
    proposer: String,
    /// Trials of each search, the first member included.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    budget: u64,
    /// Searches.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    runs: u64,
    /// Where chance begins.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// One JSON object instead of a line for people.
    #[arg(long)]
    json: bool,
}

/// Prints what was found.
pub fn main() -> ExitCode {
    match tell(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            drop(writeln!(std::io::stderr(), "search-table: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn tell(arguments: &Arguments) -> Result<()> {
    let report = measured(arguments)?;
    let text = if arguments.json { serde_json::to_string_pretty(&report)? } else { report.line() };
    writeln!(std::io::stdout(), "{text}")?;
    Ok(())
}

fn measured(arguments: &Arguments) -> Result<Report> {
    let Arguments { table, space, dataset, proposer, budget, runs, seed, .. } = arguments;
    let lookup = formats::read(table, *space, *dataset)?;
    let known = match &arguments.features {
        Some(path) => features::read(path, *space, &lookup)?,
        None => features::Known::default(),
    };
    let proposer = AnyProposer::named(proposer).with_context(|| format!("`{proposer}` proposes nothing"))?;
    let searches = report::Searches { budget: *budget, runs: *runs, seed: *seed };
    let format = space.to_possible_value().expect("no format is skipped");
    Ok(searches.of(&proposer, &lookup, &known).named(table, format.get_name()))
}

#[cfg(test)]
mod tests;
