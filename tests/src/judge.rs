//! How often the quality gate errs: challengers that are no better, judged after every outcome, from a seed.
//!
//! In reading order: what is asked for and what comes out (here); how a challenger's losses differ from the control's
//! ([`losses`]); when labels come ([`labels`]); and how soon a watch takes back one that begins to do harm ([`poison`]).
//!
//! The gate is asked without its harm side, which only ever takes challengers out earlier: what is counted is at least
//! what a daemon would promote.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use policies::gate::{Claim, Evidence, Gate as _, QualityEvidence, QualityGate, Verdict};
use policies::stats::{EProcess, proportion, quantile};
use rand_pcg::Pcg64;
use serde::Serialize;

use crate::exit::exit;

mod labels;
mod losses;
mod poison;

pub use labels::Labels;
pub use losses::Losses;
pub use poison::{Caught, Errors, Poison, watch};

use labels::Pipeline;
use losses::Stream;

/// Confidence of the bound on the share of promotions.
const CONFIDENCE: f64 = 0.99;
/// Outcomes of a watch, as `watch.outcomes` is by default.
const WATCH_OUTCOMES: u64 = 2_000;
/// Outcomes between a promotion and its poison.
const POISONED_AFTER: [u64; 5] = [0, 200, 500, 1_000, 1_500];

/// Counts how many challengers the quality gate promotes, and how soon a poisoned one is taken back.
#[derive(Clone, Debug, Parser)]
#[command(name = "false-promotions")]
struct Arguments {
    /// Challengers of each kind.
    #[arg(long, default_value_t = 10_000)]
    challengers: u64,
    /// Outcomes after which a challenger is given up.
    #[arg(long, default_value_t = 10_000)]
    outcomes: u64,
    /// The gate's alpha.
    #[arg(long, default_value_t = 0.05)]
    alpha: f64,
    /// Where chance begins.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// One kind of challenger, and how it is judged.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Setting {
    /// How its losses differ from the control's.
    pub losses: Losses,
    /// When labels come.
    pub labels: Labels,
    /// Outcomes in one bet.
    pub block: u64,
    /// Challengers.
    pub challengers: u64,
    /// Outcomes after which one is given up.
    pub outcomes: u64,
    /// The gate's.
    pub alpha: f64,
    /// Where chance begins.
    pub seed: u64,
}

/// What became of them.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    /// Who they were.
    #[serde(flatten)]
    pub setting: Setting,
    /// How many were promoted.
    pub promoted: u64,
    /// Their share.
    pub rate: f64,
    /// The largest share of which so few could come, with a confidence of 99 % (Clopper and Pearson).
    pub rate_upper: f64,
    /// Outcomes until half of all were promoted; none if fewer were.
    pub median_outcomes: Option<u64>,
    /// The same for four fifths.
    pub p80_outcomes: Option<u64>,
}

/// Prints one line of JSON for each kind.
pub fn main() -> ExitCode {
    exit("false-promotions", tell(&Arguments::parse()))
}

fn tell(arguments: &Arguments) -> Result<()> {
    let Arguments { challengers, outcomes, alpha, seed } = *arguments;
    let setting =
        |losses, labels, block| Setting { losses, labels, block, challengers, outcomes, alpha, seed };
    let late = Labels::Late { events: 2_000 };
    let mut settings = Vec::new();
    for losses in
        [Losses::EQUAL, Losses::ONE_POINT_WORSE, Losses::TWO_POINTS_BETTER, Losses::Brier { spread: 0.05 }]
    {
        settings.extend([Labels::AtOnce, late].map(|labels| setting(losses, labels, 1)));
    }
    settings.push(setting(Losses::EQUAL, Labels::LossesLate { events: 2_000 }, 1));
    let tides = [10, 30, 100, 300, 1_000].map(|length| Losses::Tides { length });
    let autoregressive =
        [0.5, 0.7, 0.9, 0.97, 0.99].map(|correlation| Losses::Autoregressive { correlation });
    for losses in tides.into_iter().chain(autoregressive) {
        let memory = losses.memory();
        let blocks = [1.0, memory, 2.0 * memory, 4.0 * memory, 8.0 * memory];
        settings.extend(blocks.map(|block| setting(losses, Labels::AtOnce, block.ceil() as u64)));
    }
    for block in [2, 5, 10, 20, 50] {
        settings.push(setting(Losses::TWO_POINTS_BETTER, Labels::AtOnce, block));
    }
    for poison in poisons(arguments) {
        writeln!(std::io::stdout(), "{}", serde_json::to_string(&watch(&poison))?)?;
    }
    for setting in &settings {
        writeln!(std::io::stdout(), "{}", serde_json::to_string(&run(setting))?)?;
    }
    Ok(())
}

/// Promoted challengers that begin to do harm, at once or in the course of the watch.
fn poisons(arguments: &Arguments) -> Vec<Poison> {
    let Arguments { challengers: promotions, alpha, seed, .. } = *arguments;
    let poison = |errors, after| Poison { errors, after, promotions, alpha, outcomes: WATCH_OUTCOMES, seed };
    let kinds = [Errors::Alike, Errors::Apart];
    kinds.into_iter().flat_map(|errors| POISONED_AFTER.map(|after| poison(errors, after))).collect()
}

/// Judges them all.
pub fn run(setting: &Setting) -> Found {
    let needed: Vec<f64> = (0..setting.challengers)
        .map(|number| outcomes_needed(setting, number).map_or(f64::INFINITY, |outcomes| outcomes as f64))
        .collect();
    let promoted = needed.iter().filter(|outcomes| outcomes.is_finite()).count() as u64;
    let reached = |q| quantile::value(&needed, q).filter(|outcomes| outcomes.is_finite());
    Found {
        setting: *setting,
        promoted,
        rate: promoted as f64 / setting.challengers as f64,
        rate_upper: proportion::upper_bound(promoted, setting.challengers, CONFIDENCE),
        median_outcomes: reached(0.5).map(|outcomes| outcomes as u64),
        p80_outcomes: reached(0.8).map(|outcomes| outcomes as u64),
    }
}

/// One challenger, looked at after every outcome; at which it was promoted, if it was.
fn outcomes_needed(setting: &Setting, number: u64) -> Option<u64> {
    let mut rng = Pcg64::new(number.into(), setting.seed.into());
    let mut stream = Stream::new(setting.losses, &mut rng);
    let mut pipeline = Pipeline::new(setting.labels);
    let mut gain = EProcess::in_blocks(0.0, setting.block);
    let gate = QualityGate { alpha: setting.alpha, alpha_harm: 0.0, deadline_outcomes: setting.outcomes };
    let (mut evidence, mut known) = (0.0, Vec::new());
    loop {
        pipeline.event(stream.next(&mut rng), &mut rng, &mut known);
        for paired in known.drain(..) {
            gain.observe(paired);
            // A tie changes no evidence, and without a change the verdict is what it was.
            let is_tie = setting.block == 1 && paired.abs() < f64::MIN_POSITIVE;
            let before = evidence;
            if !is_tie {
                evidence = gain.log_value();
            }
            let passes = evidence > before && verdict(&gate, &gain) == Verdict::Pass;
            if passes || gain.count() >= setting.outcomes {
                return passes.then_some(gain.count());
            }
        }
    }
}

fn verdict(gate: &QualityGate, gain: &EProcess) -> Verdict {
    let quality = QualityEvidence {
        claim: Claim::Better,
        log_gain: gain.log_value(),
        log_harm: f64::MIN,
        log_futile: f64::MIN,
        outcomes: gain.count(),
        mean_gain: gain.mean(),
    };
    gate.judge(&Evidence { quality: Some(quality), ..Evidence::default() }).verdict
}
