//! Worth: the difference that a way makes, with its interval.
//!
//! Lives here: pairing blocks, and the table. May not: replay.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Replayed;
use super::ways::Way;
use crate::table::paired::{Difference, difference};

/// Where the entry is about all streams.
const ALL: &str = "all";

/// What the default gains over a way's settings on one stream, or on all.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// The way that was switched.
    pub way: &'static str,
    /// The stream; `all` for the mean of streams.
    pub data: String,
    /// Accuracy of the default, and with the way switched.
    pub accuracy: f64,
    /// With the way switched.
    pub switched: f64,
    /// Accuracy that the default gains, in points.
    pub worth: f64,
    /// Half of its 95 % interval (Student, over blocks of rows, or over streams); none of a single block or stream.
    pub half_width: Option<f64>,
    /// Processor time of the default over that of the other.
    pub compute: f64,
    /// Candidates trained by the default, and by the other.
    pub trials: [u64; 2],
    /// Candidates that served.
    pub promotions: [u64; 2],
    /// What the champion loses at the end, as rows are (`none`) and under each stress: by default, and with the way switched.
    pub stressed: BTreeMap<String, [f64; 2]>,
}

/// Of one stream.
pub fn entry(way: Way, data: &str, usual: &[Replayed], other: &[Replayed]) -> Entry {
    let pairs: Vec<(f64, f64)> = usual
        .iter()
        .zip(other)
        .flat_map(|(usual, other)| usual.blocks.iter().zip(&other.blocks))
        .map(|(usual, other)| (share(usual), share(other)))
        .collect();
    let found = difference(&pairs).unwrap_or(Difference { mean: 0.0, half_width: None });
    let both = [usual, other];
    let seconds = both.map(|replays| replays.iter().map(|one| one.cpu_seconds).sum::<f64>());
    Entry {
        way: way.name(),
        data: data.to_owned(),
        accuracy: mean(pairs.iter().map(|(usual, _)| *usual)),
        switched: mean(pairs.iter().map(|(_, other)| *other)),
        worth: 100.0 * found.mean,
        half_width: found.half_width.map(|half| 100.0 * half),
        compute: seconds[0] / seconds[1].max(f64::MIN_POSITIVE),
        trials: both.map(|replays| replays.iter().map(|one| one.trials).sum()),
        promotions: both.map(|replays| replays.iter().map(|one| one.promotions).sum()),
        stressed: means(&usual.iter().zip(other).map(stressed).collect::<Vec<_>>()),
    }
}

/// What two champions lose under what both were put under.
fn stressed((usual, other): (&Replayed, &Replayed)) -> BTreeMap<String, [f64; 2]> {
    let both =
        usual.stressed.iter().map(|(name, loss)| Some((name.clone(), [*loss, *other.stressed.get(name)?])));
    both.flatten().collect()
}

/// Means of each by its name, over those that have it.
fn means(each: &[BTreeMap<String, [f64; 2]>]) -> BTreeMap<String, [f64; 2]> {
    let names: BTreeSet<&String> = each.iter().flat_map(BTreeMap::keys).collect();
    let known = |name: &String| each.iter().filter_map(|of| of.get(name)).collect::<Vec<_>>();
    let of_both = |all: Vec<&[f64; 2]>| [0, 1].map(|at| mean(all.iter().map(|both| both[at])));
    names.into_iter().map(|name| (name.clone(), of_both(known(name)))).collect()
}

/// Of all streams, each as important; none of fewer than two.
pub fn over_all(way: Way, entries: &[Entry]) -> Option<Entry> {
    let of_way: Vec<&Entry> = entries.iter().filter(|entry| entry.way == way.name()).collect();
    let pairs: Vec<(f64, f64)> = of_way.iter().map(|entry| (entry.worth, 0.0)).collect();
    let found = difference(&pairs).filter(|_| of_way.len() > 1)?;
    let sum = |of: fn(&Entry) -> [u64; 2], at: usize| of_way.iter().map(|entry| of(entry)[at]).sum();
    let [trials, promotions] = [|entry: &Entry| entry.trials, |entry: &Entry| entry.promotions];
    Some(Entry {
        way: way.name(),
        data: ALL.into(),
        accuracy: mean(of_way.iter().map(|entry| entry.accuracy)),
        switched: mean(of_way.iter().map(|entry| entry.switched)),
        worth: found.mean,
        half_width: found.half_width,
        compute: mean(of_way.iter().map(|entry| entry.compute)),
        trials: [sum(trials, 0), sum(trials, 1)],
        promotions: [sum(promotions, 0), sum(promotions, 1)],
        stressed: means(&of_way.iter().map(|entry| entry.stressed.clone()).collect::<Vec<_>>()),
    })
}

fn share((rows, right): &(u64, u64)) -> f64 {
    *right as f64 / (*rows).max(1) as f64
}

fn mean(numbers: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = numbers.len().max(1) as f64;
    numbers.sum::<f64>() / count
}

/// For people: a line each.
pub fn table(entries: &[Entry]) -> String {
    let head = "way                   worth, points      of   stream";
    let head = format!("{head:<64}  compute  trials      promotions");
    std::iter::once(head).chain(entries.iter().map(line)).map(|line| line + "\n").collect()
}

fn line(entry: &Entry) -> String {
    let interval = entry.half_width.map_or(String::new(), |half| format!("± {half:.2}"));
    let name = entry.data.rsplit('/').next().unwrap_or(ALL);
    let [trials, promotions] =
        [entry.trials, entry.promotions].map(|[usual, other]| format!("{usual} / {other}"));
    let Entry { way, worth, accuracy, compute, .. } = entry;
    let accuracy = 100.0 * accuracy;
    format!(
        "{way:<20} {worth:>6.2} {interval:<8} {accuracy:>7.2}   {name:<22} {compute:>6.2}  {trials:<10}  {promotions}"
    )
}
