//! What is counted: run lengths, delays, time and bytes.
//!
//! Lives here: the protocol. May not: know a detector or a stream.
//!
//! Without a drift, the run length is that from the end of learning to the first alarm, at most the limit; its mean is
//! a lower bound of the average run length if any run got that far. With a drift, everybody first watches
//! [`BEFORE`] observations without it, alarms included, and then has [`WITHIN`] to find it; the delay counts from its
//! beginning. An alarm that would have come anyway counts as found: who alarms all the time is never late.

use std::hint::black_box;
use std::time::Instant;

use policies::detect::Detector;
use policies::stats::quantile;
use rand_pcg::Pcg64;
use serde::Serialize;

use super::world::{Scenario, Stream};

/// Observations before a drift.
pub const BEFORE: u64 = 8_000;
/// Observations in which a drift is found or missed.
pub const WITHIN: u64 = 10_000;
/// Observations that are timed at a time, and how often.
const TIMED: usize = 10_000;
const REPEATS: usize = 5;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Streams of each kind.
    pub runs: u64,
    /// Where chance begins.
    pub seed: u64,
    /// Observations after which a stream without drift is given up.
    pub limit: u64,
}

/// A detector on one kind of stream; none where a figure does not apply.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Who watched.
    pub detector: String,
    /// What.
    pub scenario: String,
    /// Mean observations to a false alarm; a lower bound if runs reached the limit.
    pub average_run_length: Option<f64>,
    /// Median observations from the beginning of the drift to its alarm, misses counted as later than any; none if
    /// more than half are.
    pub delay_median: Option<f64>,
    /// Share of drifts that were not found.
    pub missed_share: Option<f64>,
    /// Nanoseconds for one observation, with nothing to find.
    pub ns_per_observation: f64,
    /// Of the state as it is saved.
    pub bytes: usize,
}

/// A kind of detector, and how it begins.
pub struct Subject<F> {
    name: &'static str,
    learns: u64,
    fresh: F,
}

impl<F, D> Subject<F>
where
    F: Fn(u64) -> D,
    D: Detector + Clone + Serialize,
    D::Observation: Sized,
{
    /// One that first learns from so many observations; a fresh one is made from a seed.
    pub fn new(name: &'static str, learns: u64, fresh: F) -> Self {
        Self { name, learns, fresh }
    }

    /// One entry for each scenario.
    pub fn measured<S>(&self, scenarios: &[Scenario<S>], settings: &Settings) -> Vec<Entry>
    where
        S: Stream<Observation = D::Observation>,
    {
        let Some(first) = scenarios.first() else { return Vec::new() };
        let (ns, bytes) = self.costs(first, settings);
        let entry = |scenario: &Scenario<S>| {
            let entry = Entry {
                detector: self.name.to_owned(),
                scenario: scenario.name.clone(),
                average_run_length: None,
                delay_median: None,
                missed_share: None,
                ns_per_observation: ns,
                bytes,
            };
            match scenario.drift {
                None => self.run_length(scenario, settings, entry),
                Some(over) => self.delay(scenario, over, settings, entry),
            }
        };
        scenarios.iter().map(entry).collect()
    }

    fn run_length<S>(&self, scenario: &Scenario<S>, settings: &Settings, entry: Entry) -> Entry
    where
        S: Stream<Observation = D::Observation>,
    {
        let length = |run| {
            let mut watch = self.watch(scenario, run, settings);
            watch.pass(self.learns);
            watch.first_alarm(settings.limit, |_| 0.0).unwrap_or(settings.limit) as f64
        };
        let mean = (0..settings.runs).map(length).sum::<f64>() / settings.runs as f64;
        Entry { average_run_length: Some(mean), ..entry }
    }

    fn delay<S>(&self, scenario: &Scenario<S>, over: u64, settings: &Settings, entry: Entry) -> Entry
    where
        S: Stream<Observation = D::Observation>,
    {
        let delay = |run| {
            let mut watch = self.watch(scenario, run, settings);
            watch.pass(BEFORE.max(self.learns));
            let drifted = |at: u64| if at >= over { 1.0 } else { at as f64 / over as f64 };
            watch.first_alarm(WITHIN, drifted).map_or(f64::INFINITY, |delay| delay as f64)
        };
        let delays: Vec<f64> = (0..settings.runs).map(delay).collect();
        let missed = delays.iter().filter(|delay| delay.is_infinite()).count();
        Entry {
            delay_median: quantile::value(&delays, 0.5).filter(|delay| delay.is_finite()),
            missed_share: Some(missed as f64 / settings.runs as f64),
            ..entry
        }
    }

    /// Nanoseconds an observation, the best of a few; and bytes.
    fn costs<S>(&self, scenario: &Scenario<S>, settings: &Settings) -> (f64, usize)
    where
        S: Stream<Observation = D::Observation>,
    {
        let mut watch = self.watch(scenario, 0, settings);
        watch.pass(BEFORE.max(self.learns));
        let bytes = postcard::to_stdvec(&watch.detector).expect("plain data can be written").len();
        let mut best = f64::INFINITY;
        for _ in 0..REPEATS {
            let seen: Vec<_> = (0..TIMED).map(|_| watch.stream.next(0.0, &mut watch.rng)).collect();
            let begun = Instant::now();
            for observation in &seen {
                drop(black_box(watch.detector.observe(observation)));
            }
            best = best.min(begun.elapsed().as_nanos() as f64 / TIMED as f64);
        }
        (best, bytes)
    }

    /// The same stream for every detector.
    fn watch<S: Stream>(&self, scenario: &Scenario<S>, run: u64, settings: &Settings) -> Watch<D, S> {
        Watch {
            detector: (self.fresh)(run),
            stream: scenario.stream.clone(),
            rng: Pcg64::new(run.into(), settings.seed.into()),
        }
    }
}

/// One detector on one stream.
struct Watch<D, S> {
    detector: D,
    stream: S,
    rng: Pcg64,
}

impl<D, S> Watch<D, S>
where
    D: Detector,
    D::Observation: Sized,
    S: Stream<Observation = D::Observation>,
{
    /// Without drift, whatever is said.
    fn pass(&mut self, observations: u64) {
        for _ in 0..observations {
            drop(self.detector.observe(&self.stream.next(0.0, &mut self.rng)));
        }
    }

    /// Observations to the first alarm, while the drift comes as far as it does at each.
    fn first_alarm(&mut self, most: u64, drifted: impl Fn(u64) -> f64) -> Option<u64> {
        (1..=most).find(|at| self.detector.observe(&self.stream.next(drifted(*at), &mut self.rng)).is_some())
    }
}
