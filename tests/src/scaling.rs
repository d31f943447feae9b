//! Scaling: how far more workers make an episode shorter.
//!
//! Lives here: what is measured on this machine ([`measures`]: real trials of every rung, real workers), and what is made of it:
//! episodes with 1 to 1,000 workers ([`world`]), and their [`plot`]. May not: judge what comes out.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use serde::Serialize;

use crate::exit::exit;

mod measures;
mod plot;
mod world;

use measures::{Measured, measure};
use world::{Network, Simulated, simulate};

/// Candidates an episode begins with: the default, and three times that again and again.
const CANDIDATES: [usize; 4] = [9, 27, 243, 2_187];
/// Workers.
const WORKERS: [usize; 10] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 1_000];

/// Measures trials and workers, and simulates episodes with many.
#[derive(Clone, Debug, Parser)]
#[command(name = "worker-scaling")]
pub struct Arguments {
    /// Trials of each rung that are measured.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(3..=1_000))]
    pub trials: u64,
    /// Bytes a second that brokers send to all workers together. An assumption: by default ten gigabits.
    #[arg(long, default_value_t = 1.25e9)]
    pub broker_bytes_per_second: f64,
    /// Bytes a second that one worker receives. An assumption: by default one gigabit.
    #[arg(long, default_value_t = 1.25e8)]
    pub worker_bytes_per_second: f64,
    /// Seed of the simulation.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Where the plot is written, as SVG.
    #[arg(long)]
    pub plot: Option<PathBuf>,
}

/// What comes out.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// On this machine.
    pub measured: Measured,
    /// From that.
    pub simulated: Vec<Simulated>,
}

/// Prints one JSON object.
pub fn main() -> ExitCode {
    let done = run(&Arguments::parse()).and_then(|report| {
        writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(&report)?)?;
        Ok(())
    });
    exit("worker-scaling", done)
}

fn run(arguments: &Arguments) -> Result<Report> {
    let measured = measure(arguments.trials)?;
    let network = Network {
        of_brokers: arguments.broker_bytes_per_second,
        of_worker: arguments.worker_bytes_per_second,
    };
    let mut simulated = Vec::new();
    for candidates in CANDIDATES {
        simulated
            .extend(WORKERS.map(|workers| simulate(&measured, network, candidates, workers, arguments.seed)));
    }
    if let Some(path) = &arguments.plot {
        std::fs::write(path, plot::draw(&simulated)?)?;
    }
    Ok(Report { measured, simulated })
}
