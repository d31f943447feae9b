//! The swap storm: swaps, refused candidates and rollbacks while requests keep coming.
//!
//! In reading order: what is asked for and what comes out (here); what is done to the slot, from a seed ([`plan`]);
//! models that answer with a number that gives their generation away ([`magic`]); the writer ([`writer`]) and the
//! readers ([`reader`]); and what is counted ([`measures`]).
//!
//! Requests come by the clock, whether or not the last ones are answered, and a request's time begins when it comes:
//! a pause is paid by all who came in it. Swaps happen in every other slice of time, so that requests around a swap
//! are compared with requests of the same moment that had none. The readers are the serve plane's own unit of work,
//! [`daemon::serve::Answerer`], without Kafka around it.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use daemon::slot::{self, Slot};
use serde::Serialize;

use crate::exit::exit;

mod magic;
mod measures;
mod plan;
mod reader;
mod writer;

use measures::Histogram;
use plan::Plan;
use reader::Seen;

/// Length of a slice of time, with swaps or without.
const SLICE: Duration = Duration::from_millis(250);
/// Threads that answer.
const READERS: usize = 2;

/// Swaps models under constant load and checks every answer.
#[derive(Clone, Debug, Parser)]
#[command(name = "swap-storm")]
pub struct Arguments {
    /// Changes of what is served: a tenth are refused candidates, a twentieth rollbacks.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub swaps: u64,
    /// Requests at least; they go on until the last swap is done.
    #[arg(long, default_value_t = 1_000_000)]
    pub requests: u64,
    /// Requests a second.
    #[arg(long, default_value_t = 25_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub rate: u64,
    /// Where the order of swaps begins.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
}

/// What happened.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Requests made.
    pub requests: u64,
    /// Requests without an answer.
    pub dropped: u64,
    /// Answers to another event, with a number that is not their generation's, or of a generation that did not serve
    /// while the request was under way.
    pub wrong: u64,
    /// Changes asked for; those that were refused and those that went back are among them.
    pub swaps: u64,
    /// Candidates that were refused, half for damaged files and half by a gate.
    pub refused: u64,
    /// Displaced models that served again.
    pub rollbacks: u64,
    /// How long 99.9 % of the pointer stores took at most, in microseconds.
    pub store_p999_us: f64,
    /// How long it took at most from the decision to go back until the displaced model had answered, in microseconds;
    /// none without a rollback.
    pub rollback_max_us: Option<f64>,
    /// How long 99 % of the requests took at most, from when they came, in milliseconds.
    pub p99_ms: f64,
    /// By how much that is more in slices with swaps than in those without.
    pub added_p99_ms: f64,
    /// Models in memory at once, at most, the candidate being built included.
    pub models_alive_max: usize,
    /// Slope of the resident memory over the swaps after the first fifth; none if there were too few.
    pub rss_growth_bytes_per_swap: Option<f64>,
}

/// What writer and readers share.
struct Storm {
    slot: Arc<Slot>,
    plan: Plan,
    started: Instant,
    /// Steps of the plan begun, and done: what may serve lies between.
    begun: AtomicUsize,
    done: AtomicUsize,
    over: AtomicBool,
}

impl Storm {
    /// Whether there are swaps in this slice of time.
    fn is_stormy(at: Duration) -> bool {
        (at.as_nanos() / SLICE.as_nanos()) % 2 == 1
    }
}

/// Runs it and prints the report as JSON; fails if a request was dropped or answered wrongly.
pub fn main() -> ExitCode {
    let told = run(&Arguments::parse()).and_then(|report| {
        writeln!(std::io::stdout(), "{}", serde_json::to_string(&report)?)?;
        ensure!(report.dropped == 0 && report.wrong == 0, "requests were dropped or answered wrongly");
        Ok(())
    });
    exit("swap-storm", told)
}

/// One storm.
pub fn run(arguments: &Arguments) -> Result<Report> {
    let plan = Plan::new(arguments.swaps, arguments.seed);
    let slot = Arc::new(slot::open(magic::served(plan.serving()[0])?)?);
    let storm = Storm {
        slot,
        plan,
        started: Instant::now(),
        begun: AtomicUsize::new(0),
        done: AtomicUsize::new(0),
        over: AtomicBool::new(false),
    };
    let pace = arguments.requests as f64 / arguments.rate as f64 / 2.0 / arguments.swaps as f64;
    let (written, seen) = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS)
            .map(|number| {
                scope.spawn({
                    let storm = &storm;
                    move || reader::read(storm, number, arguments)
                })
            })
            .collect();
        let written = writer::write(&storm, Duration::from_secs_f64(pace));
        storm.over.store(true, std::sync::atomic::Ordering::Release);
        let seen: Result<Vec<Seen>> = readers
            .into_iter()
            .map(|reader| reader.join().map_err(|_| anyhow::anyhow!("a reader panicked"))?)
            .collect();
        (written, seen)
    });
    report(&storm, &written.context("the writer failed")?, &seen?)
}

fn report(storm: &Storm, written: &writer::Written, seen: &[Seen]) -> Result<Report> {
    let sum = |of: fn(&Seen) -> u64| seen.iter().map(of).sum::<u64>();
    let mut latencies = [Histogram::default(), Histogram::default()];
    for reader in seen {
        for (all, one) in latencies.iter_mut().zip(&reader.latencies) {
            all.add(one);
        }
    }
    let [quiet, stormy] = latencies.each_ref().map(|all| all.quantile(0.99));
    let mut together = latencies[0].clone();
    together.add(&latencies[1]);
    ensure!(
        written.refused + written.rollbacks <= storm.plan.steps().len() as u64,
        "more happened than was asked for"
    );
    Ok(Report {
        requests: sum(|seen| seen.requests),
        dropped: sum(|seen| seen.dropped),
        wrong: sum(|seen| seen.wrong),
        swaps: storm.plan.steps().len() as u64,
        refused: written.refused,
        rollbacks: written.rollbacks,
        store_p999_us: 1e6 * written.stores.quantile(0.999),
        rollback_max_us: (written.rollbacks > 0).then(|| 1e6 * written.answered.quantile(1.0)),
        p99_ms: 1e3 * together.quantile(0.99),
        added_p99_ms: 1e3 * (stormy - quiet),
        models_alive_max: written.alive_max.max(storm.slot.models_alive_max()),
        rss_growth_bytes_per_swap: measures::slope(&written.resident),
    })
}
