//! Serve bench: how soon rows are answered over HTTP and gRPC, alone, while networks are trained, while what serves changes,
//! and while far more is asked than can be answered; beside the servers that people have.
//!
//! In reading order: what is asked for (here); what goes on when ([`rounds`]); what is asked ([`load`]), over which connections
//! ([`caller`]), when ([`drive`], [`alarm`]), and what became of it ([`tally`]); who is asked ([`server`], [`daemons`],
//! [`peers`]) and what they learn from meanwhile ([`stream`]); what comes out ([`report`]).
//!
//! Requests come by the clock, whether or not the last ones are answered, and a request's time begins when it was due. All
//! servers are there all the time, and all but one are stopped in their tracks: they take turns every few seconds, so that
//! what else the machine does befalls all alike.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Parser;

use crate::exit::exit;

mod alarm;
mod caller;
mod daemons;
mod drive;
mod load;
mod peers;
mod report;
mod rounds;
mod server;
mod stream;
mod tally;

pub use report::{Line, Report};

/// Times answers over HTTP and gRPC, and over the peers that `SERVING_PYTHON` has.
#[derive(Clone, Debug, Parser)]
#[command(name = "serve-bench")]
pub struct Arguments {
    /// Prints objects, one a line, instead of a table.
    #[arg(long)]
    pub json: bool,
    /// Turns of each server at each load; what is told is the middle one.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub rounds: u32,
    /// Seconds of a turn.
    #[arg(long, default_value_t = 2.0)]
    pub seconds: f64,
    /// Share of what a server can answer that is asked in every phase but overload.
    #[arg(long, default_value_t = 0.3)]
    pub share: f64,
    /// Times what it can answer that is asked in overload.
    #[arg(long, default_value_t = 5.0)]
    pub overload: f64,
    /// Labelled events a second, while networks are trained or what serves changes.
    #[arg(long, default_value_t = 50.0)]
    pub labels: f64,
    /// Only loads whose names have this in them.
    #[arg(long, default_value = "")]
    pub only: String,
    /// The core of the server that has its turn, and of its children. Without one, all go where the system puts them.
    #[arg(long)]
    pub server_core: Option<usize>,
    /// The core of whoever asks; it should be another.
    #[arg(long)]
    pub client_core: Option<usize>,
}

impl Arguments {
    fn turn(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }
}

/// What goes on in a daemon beside answering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beside {
    Nothing,
    /// Every label is learned, and trials run all the time.
    Training,
    /// Every label is learned, and what was learned serves at once.
    Swapping,
}

impl Beside {
    const ALL: [Self; 3] = [Self::Nothing, Self::Training, Self::Swapping];

    fn phase(self) -> &'static str {
        match self {
            Self::Nothing => "idle",
            Self::Training => "training",
            Self::Swapping => "swapping",
        }
    }
}

/// Runs it and prints what came out; fails if a request failed.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let told = run(&arguments).and_then(|report| {
        let mut out = std::io::stdout();
        write!(out, "{}", if arguments.json { report.as_json()? } else { report.as_table() })?;
        ensure!(report.errors() == 0, "{} requests failed", report.errors());
        Ok(())
    });
    exit("serve-bench", told)
}

/// All phases.
pub fn run(arguments: &Arguments) -> Result<Report> {
    // Before there are threads, which stay where whoever starts them is.
    if let Some(core) = arguments.client_core {
        server::stay_on(core)?;
    }
    rounds::Rounds::start(arguments)?.run()
}
