//! Order: what it is worth that networks see the events before each one, by the same replay with and without.
//!
//! In reading order: what is asked for (here), and the stream in which order is the signal ([`stream`]). How ways are compared is
//! in [`crate::beside`].

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use crate::beside::{Asked, side_by_side};
use crate::exit::exit;

pub mod stream;

/// The ways: their names, and what is set in `sequence` beside length and entity; none carries nothing.
const WAYS: [(&str, Option<&str>); 6] = [
    ("tabular", None),
    ("begin with none, search", Some("begin_with = [], ")),
    ("begin with gru", Some("begin_with = [\"gru\"], kinds = [], ")),
    ("begin with conv1d", Some("begin_with = [\"conv1d\"], kinds = [], ")),
    ("begin with attention", Some("begin_with = [\"attention\"], kinds = [], ")),
    ("default", Some("")),
];

/// Replays a stream with and without sequences.
#[derive(Clone, Debug, Parser)]
#[command(name = "order-table")]
struct Arguments {
    /// A stream as a file; without one, the stream in which order is the signal.
    #[arg(long)]
    data: Option<PathBuf>,
    /// The feature that says whose events they are; empty for one past of all.
    #[arg(long, default_value = "sensor")]
    entity: String,
    /// Events that each one carries.
    #[arg(long, default_value_t = 8)]
    length: u8,
    /// Rows.
    #[arg(long, default_value_t = 20_000)]
    rows: u64,
    /// The label of a row arrives after this many further rows.
    #[arg(long, default_value_t = 1_000)]
    label_delay: usize,
    /// Seeds 0 to one below this number.
    #[arg(long, default_value_t = 3)]
    seeds: u64,
    /// Only ways of which the name contains this.
    #[arg(long, default_value = "")]
    way: String,
    /// One JSON object a line instead of a table.
    #[arg(long)]
    json: bool,
}

/// Runs the table.
pub fn main() -> ExitCode {
    exit("order-table", table(&Arguments::parse()))
}

fn table(arguments: &Arguments) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let Arguments { rows, label_delay, way, json, entity, length, .. } = arguments;
    let asked = Asked { rows: *rows, label_delay: *label_delay, way, json: *json };
    let carries = |more: &str| format!("sequence = {{ {more}length = {length}, entity = \"{entity}\" }}\n");
    let ways = WAYS.map(|(way, settings)| (way, settings.map(carries).unwrap_or_default()));
    for seed in 0..arguments.seeds {
        let generated = folder.path().join(format!("order_{seed}.csv"));
        if arguments.data.is_none() {
            stream::write(&generated, *rows, seed)?;
        }
        let data = arguments.data.as_ref().unwrap_or(&generated);
        side_by_side(asked, data, folder.path(), &ways, seed)?;
    }
    Ok(())
}
