//! The detector table: how rarely each detector is wrong, how soon it is right, and what it costs.
//!
//! In reading order: what is asked for, and who is measured on what (here); what they are shown ([`world`]); what is
//! counted ([`measures`]); how it is shown ([`print`]). A further detector is a line in [`entries`], one of another
//! kind of observation a stream in [`world`] besides.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use policies::detect::{
    Adwin, ESr, FeatureDrift, FeatureDriftConfig, HddmA, HddmW, Hindsight, Kswin, KswinConfig, PageHinkley,
};

use crate::exit::exit;

mod measures;
mod print;
mod world;

pub use measures::{Entry, Settings};

use measures::Subject;

/// Outcomes from which a rate is learned.
const REFERENCE: u64 = 5_000;
/// The run length that is stated where false alarms have to be rare ...
const RARE: f64 = 1e6;
/// ... and where enough of them are wanted to be counted.
const COUNTED: f64 = 1e4;

/// Measures each detector on streams that do not drift, and on streams that do.
#[derive(Clone, Debug, Parser)]
#[command(name = "detector-table")]
struct Arguments {
    /// Streams of each kind.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..))]
    runs: u64,
    /// Where chance begins.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Observations after which a stream without drift is given up: longer run lengths show as this.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    limit: u64,
    /// One JSON array instead of a table.
    #[arg(long)]
    json: bool,
}

/// Prints the table.
pub fn main() -> ExitCode {
    exit("detector-table", tell(&Arguments::parse()))
}

fn tell(arguments: &Arguments) -> Result<()> {
    let Arguments { runs, seed, limit, json } = *arguments;
    let found = entries(&Settings { runs, seed, limit });
    let text = if json { serde_json::to_string_pretty(&found)? + "\n" } else { print::table(&found, limit) };
    write!(std::io::stdout(), "{text}")?;
    Ok(())
}

/// Every detector on every stream of its kind.
pub fn entries(settings: &Settings) -> Vec<Entry> {
    let (losses, rows, gains) = (world::losses(), world::rows(), world::gains());
    let known = |average_run_length| move |_| ESr::known(average_run_length, world::ERROR);
    let learned = |average_run_length| move |_| ESr::new(average_run_length, REFERENCE);
    let kswin = |seed| Kswin::new(KswinConfig { seed, ..KswinConfig::default() });
    let config = FeatureDriftConfig::default();
    let features = move |_| FeatureDrift::new(&world::schema(), config);
    [
        Subject::new("e_sr_known", 0, known(RARE)).measured(&losses, settings),
        Subject::new("e_sr_learned", REFERENCE, learned(RARE)).measured(&losses, settings),
        Subject::new("e_sr_known_1e4", 0, known(COUNTED)).measured(&losses, settings),
        Subject::new("e_sr_learned_1e4", REFERENCE, learned(COUNTED)).measured(&losses, settings),
        Subject::new("adwin", 0, |_| Adwin::new(0.002)).measured(&losses, settings),
        Subject::new("page_hinkley", 0, |_| PageHinkley::default()).measured(&losses, settings),
        Subject::new("hddm_a", 0, |_| HddmA::default()).measured(&losses, settings),
        Subject::new("hddm_w", 0, |_| HddmW::default()).measured(&losses, settings),
        Subject::new("kswin", 0, kswin).measured(&losses, settings),
        Subject::new("features", config.reference as u64, features).measured(&rows, settings),
        Subject::new("hindsight", 0, |_| Hindsight::new(RARE)).measured(&gains, settings),
    ]
    .concat()
}

#[cfg(test)]
mod tests;
