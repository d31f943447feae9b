//! The search table: how good what the daemon's own proposers find is, where every answer is known beforehand.
//!
//! In reading order: what is asked for (here); the table, read once ([`lookup`], [`formats`], [`csv`]) and what is known
//! of its members without a trial ([`features`]); one search, trial by trial ([`search`]); many of them, and what is said
//! of them ([`report`]). A further format is a variant of [`Format`] and a layout in [`formats`]. Where a table is of
//! learning curves, it is schedulers that are scored ([`taskset`]); a front of two objectives, beside a peer ([`objectives`]); and predictors, by
//! the order of what they have not seen ([`ranking`]).
//!
//! May not: propose anything itself; that is `policies::search`.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::{Parser, ValueEnum};
use policies::search::predictor::{AnyPredictor, Predictor as _, gaussian_process};
use policies::search::{AnyProposer, AnyScheduler, Bayesian, Proposer as _};

use crate::exit::exit;

mod csv;
mod features;
mod formats;
mod lookup;
mod objectives;
mod ranking;
mod report;
mod search;
mod taskset;

pub use lookup::{Row, Table};
pub use report::Report;

/// How a table's file is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// NAS-Bench-201: six edges of five operations; validation and test accuracy after 200 epochs.
    Nb201,
    /// `HPOBench`, MLPs: five ordered genes; mean validation accuracy of five seeds, searched and reported.
    Hpobench,
    /// NAS-Bench-Graph: a topology and four operations; validation and test accuracy.
    NbGraph,
}

/// What a table is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Space {
    /// NAS-Bench-201.
    Nb201,
    /// `HPOBench`.
    Hpobench,
    /// NAS-Bench-Graph.
    NbGraph,
    /// `TaskSet`: learning curves, on which schedulers are scored; the budget is in points of curves.
    Taskset,
}

impl Space {
    fn name(self) -> &'static str {
        match self {
            Self::Nb201 => "nb201",
            Self::Hpobench => "hpobench",
            Self::NbGraph => "nb_graph",
            Self::Taskset => "taskset",
        }
    }

    /// How the members of a space that can be searched are laid out.
    fn format(self) -> Option<Format> {
        match self {
            Self::Nb201 => Some(Format::Nb201),
            Self::Hpobench => Some(Format::Hpobench),
            Self::NbGraph => Some(Format::NbGraph),
            Self::Taskset => None,
        }
    }
}

/// Which accuracy of NAS-Bench-201 is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Dataset {
    /// CIFAR-10.
    C10,
    /// CIFAR-100.
    C100,
    /// CIFAR-10, searched by validation after 12 epochs of 200; the budget is in seconds of training.
    C10Early,
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
    space: Space,
    /// Which data set of nb201; other tables have but one.
    #[arg(long, value_enum, default_value = "c10")]
    dataset: Dataset,
    /// What is known before a trial: a csv of codes and numbers.
    #[arg(long)]
    features: Option<PathBuf>,
    /// Who proposes; curves are drawn at random.
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(AnyProposer::NAMES), default_value = "random")]
    proposer: String,
    /// By what `bayesian` predicts.
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(AnyPredictor::NAMES))]
    predictor: Option<String>,
    /// Who decides how long each trains, where the table is of curves.
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(AnyScheduler::NAMES), default_value = "successive_halving")]
    scheduler: String,
    /// Scores the front of validation and cost instead, beside NSGA-II.
    #[arg(long)]
    objectives: bool,
    /// Scores the predictor instead: how it orders members that it has not seen, having learned from as many as the budget.
    #[arg(long, conflicts_with = "objectives")]
    ranking: bool,
    /// Trials of each search, the first member included; seconds of training for `c10-early`.
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
    exit("search-table", tell(&Arguments::parse()))
}

fn tell(arguments: &Arguments) -> Result<()> {
    if arguments.dataset == Dataset::C10Early && (arguments.objectives || arguments.ranking) {
        bail!(
            "the budget of `c10-early` is in seconds, that of fronts and rankings in trials; give another data set"
        );
    }
    let text = if arguments.objectives {
        covered(arguments)?.text(arguments.json)?
    } else if arguments.ranking {
        ranked(arguments)?.text(arguments.json)?
    } else {
        let report = measured(arguments)?;
        if arguments.json { serde_json::to_string_pretty(&report)? } else { report.line() }
    };
    writeln!(std::io::stdout(), "{text}")?;
    Ok(())
}

impl Arguments {
    fn searches(&self) -> report::Searches {
        report::Searches { budget: self.budget, runs: self.runs, seed: self.seed }
    }

    fn known(&self, format: Format, table: &Table) -> Result<features::Known> {
        match &self.features {
            Some(path) => features::read(path, format, table),
            None => Ok(features::Known::default()),
        }
    }

    fn named_proposer(&self) -> Result<AnyProposer> {
        let known = AnyProposer::named(&self.proposer);
        match (
            known.with_context(|| format!("`{}` proposes nothing", self.proposer))?,
            self.predictor.as_deref(),
        ) {
            (proposer, None) => Ok(proposer),
            (AnyProposer::Bayesian(_), Some(name)) => {
                let predictor =
                    AnyPredictor::named(name).with_context(|| format!("`{name}` predicts nothing"))?;
                Ok(AnyProposer::Bayesian(Bayesian::new(predictor)))
            }
            (other, Some(_)) => bail!("`{}` asks no predictor; `bayesian` does", other.name()),
        }
    }
}

fn measured(arguments: &Arguments) -> Result<Report> {
    let Arguments { table, space, dataset, .. } = arguments;
    let searches = arguments.searches();
    let Some(format) = space.format() else {
        let curves = taskset::Table::read(table)?;
        let name = arguments.scheduler.as_str();
        let scheduler =
            taskset::scheduler(name).with_context(|| format!("no scheduler is called `{name}`"))?;
        return Ok(taskset::report(&curves, name, &scheduler, searches).named(table, space.name()));
    };
    let lookup = formats::read(table, format, *dataset)?;
    let known = arguments.known(format, &lookup)?;
    let proposer = arguments.named_proposer()?;
    let report = searches.of(&proposer, &lookup, &known).named(table, space.name());
    Ok(Report { predictor: predictor_of(&proposer), ..report })
}

/// By what it predicts, where it does.
fn predictor_of(proposer: &AnyProposer) -> Option<String> {
    match proposer {
        AnyProposer::Bayesian(bayesian) => Some(bayesian.predictor().name().to_owned()),
        AnyProposer::Local(_)
        | AnyProposer::Evolution(_)
        | AnyProposer::Random(_)
        | AnyProposer::Portfolio(_)
        | AnyProposer::Controller(_)
        | AnyProposer::Relaxed(_) => None,
    }
}

fn covered(arguments: &Arguments) -> Result<objectives::Covered> {
    let Arguments { table, space, dataset, .. } = arguments;
    let format = space.format().context("curves have one objective")?;
    let lookup = objectives::Table::of(&formats::read(table, format, *dataset)?);
    Ok(objectives::covered(&lookup, &arguments.named_proposer()?, arguments.searches()))
}

fn ranked(arguments: &Arguments) -> Result<ranking::Ranked> {
    let Arguments { table, space, dataset, .. } = arguments;
    let format = space.format().context("curves are not predicted from genomes")?;
    let lookup = formats::read(table, format, *dataset)?;
    let known = arguments.known(format, &lookup)?;
    let name = arguments.predictor.as_deref().unwrap_or(gaussian_process::NAME);
    let predictor = AnyPredictor::named(name).with_context(|| format!("`{name}` predicts nothing"))?;
    Ok(ranking::ranked(&lookup, &known, &predictor, arguments.searches()))
}

#[cfg(test)]
mod tests;
