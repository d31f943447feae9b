//! `driftform worker`: limits itself, then answers trials until its pipe closes.

use std::io::{BufReader, BufWriter};

use model::DeviceChoice;
use rustix::process::Resource;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Where networks are computed: cpu or cuda:0.
    #[arg(long, default_value = "cpu")]
    device: DeviceChoice,
    /// Memory this process may map, or write to where networks are on a card; over it, it dies and the trial is an
    /// observation.
    #[arg(long, default_value_t = 4 * 1024 * 1024 * 1024)]
    memory_max_bytes: u64,
    /// Added to its niceness, so that serving goes first.
    #[arg(long, default_value_t = 10)]
    niceness: i32,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    limit(arguments);
    let mut from = BufReader::new(std::io::stdin().lock());
    let mut to = BufWriter::new(std::io::stdout().lock());
    crate::trials::worker::serve(&mut from, &mut to, arguments.device)
}

/// What the limit counts. CUDA reserves addresses for all memory of the machine and of its cards when a card is opened,
/// far beyond any limit and never used; so there only what may be written to counts, and a card's own memory does not.
fn limited(device: DeviceChoice) -> Resource {
    match device {
        DeviceChoice::Cpu => Resource::As,
        DeviceChoice::Cuda(_) => Resource::Data,
    }
}

/// A limit that the system refuses is no reason not to work; it is said.
fn limit(arguments: &Arguments) {
    use rustix::process::{Rlimit, nice, setrlimit};
    let limit =
        Rlimit { current: Some(arguments.memory_max_bytes), maximum: Some(arguments.memory_max_bytes) };
    if let Err(error) = setrlimit(limited(arguments.device), limit) {
        tracing::warn!("the memory limit was refused: {error}");
    }
    if let Err(error) = nice(arguments.niceness) {
        tracing::warn!("the niceness was refused: {error}");
    }
}
