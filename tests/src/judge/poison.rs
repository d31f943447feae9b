//! Poison: a promoted challenger that begins to do harm, and the outcomes until its watch takes it back.
//!
//! Lives here: chance, and asking the watch. May not: decide.
//!
//! Both err on a tenth of the outcomes until the poison; from then on, the new champion errs on a fifth.

use policies::stats::quantile;
use policies::watch::{Watch, WatchVerdict};
use rand::RngExt as _;
use rand_pcg::Pcg64;
use serde::Serialize;

/// Errors of both before, and of the new champion after.
const ERROR: f64 = 0.1;
/// What the new champion errs on in the end.
const POISONED: f64 = 0.2;
/// Of the outcomes, so many are ones on which they differ before the poison, where they are alike.
const DIFFER: f64 = 0.06;

/// How the errors of both go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Errors {
    /// Two networks of one pool: they differ on 6 % of the outcomes, and the poison turns answers over.
    Alike,
    /// Independently: there is no harder case at these error rates than two that know nothing of one another.
    Apart,
}

/// One kind of poison.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Poison {
    /// How errors go together.
    pub errors: Errors,
    /// Outcomes between the promotion and the poison.
    pub after: u64,
    /// Promotions.
    pub promotions: u64,
    /// The watch's.
    pub alpha: f64,
    /// The watch's.
    pub outcomes: u64,
    /// Where chance begins.
    pub seed: u64,
}

/// What became of them.
#[derive(Clone, Debug, Serialize)]
pub struct Caught {
    /// What they were.
    #[serde(flatten)]
    pub poison: Poison,
    /// Share of those that were taken back although nothing was wrong yet.
    pub too_early: f64,
    /// Of the others: share of those taken back before the watch was over.
    pub caught: f64,
    /// Outcomes from the poison until half of the others were taken back; none if fewer were.
    pub median_outcomes: Option<u64>,
    /// The same for 95 %.
    pub p95_outcomes: Option<u64>,
}

/// Watches them all.
pub fn watch(poison: &Poison) -> Caught {
    let ends = (0..poison.promotions).map(|number| taken_back(poison, number));
    let needed: Vec<Option<u64>> = ends.collect();
    let early = |end: &Option<u64>| end.is_some_and(|outcomes| outcomes <= poison.after);
    let late: Vec<f64> = needed
        .iter()
        .filter(|end| !early(end))
        .map(|end| end.map_or(f64::INFINITY, |outcomes| (outcomes - poison.after) as f64))
        .collect();
    let reached = |q| quantile::value(&late, q).filter(|outcomes| outcomes.is_finite());
    Caught {
        poison: *poison,
        too_early: 1.0 - late.len() as f64 / poison.promotions as f64,
        caught: late.iter().filter(|outcomes| outcomes.is_finite()).count() as f64 / late.len().max(1) as f64,
        median_outcomes: reached(0.5).map(|outcomes| outcomes as u64),
        p95_outcomes: reached(0.95).map(|outcomes| outcomes as u64),
    }
}

/// Outcomes after which one was taken back, if it was.
fn taken_back(poison: &Poison, number: u64) -> Option<u64> {
    let mut rng = Pcg64::new(number.into(), poison.seed.into());
    let mut watch = Watch::new(poison.alpha, poison.outcomes, 1);
    while watch.verdict() == WatchVerdict::Watching {
        let poisoned = watch.outcomes() >= poison.after;
        let [new, old] = errors(&mut rng, poison.errors, poisoned);
        watch.observe(f64::from(u8::from(new)), f64::from(u8::from(old)));
    }
    (watch.verdict() == WatchVerdict::Rollback).then(|| watch.outcomes())
}

/// Whether the new champion errs, and the displaced one.
fn errors(rng: &mut Pcg64, errors: Errors, poisoned: bool) -> [bool; 2] {
    match errors {
        Errors::Apart => {
            let new = if poisoned { POISONED } else { ERROR };
            [rng.random::<f64>() < new, rng.random::<f64>() < ERROR]
        }
        Errors::Alike => {
            let (draw, half) = (rng.random::<f64>(), DIFFER / 2.0);
            let new = draw < ERROR;
            let old = draw < ERROR - half || (ERROR..ERROR + half).contains(&draw);
            // A share turned over makes so many errors of right answers, and a few right ones of errors.
            let turned = (POISONED - ERROR) / (1.0 - 2.0 * ERROR);
            [new != (poisoned && rng.random::<f64>() < turned), old]
        }
    }
}
