//! Digits: what it is worth that networks see what lies beside what in a picture, by the same replay with and without.
//!
//! In reading order: what is asked for (here), handwritten digits that come in drifts ([`stream`]), and lines of which only the
//! direction counts, for whom digits are not to be had ([`shapes`]). How ways are compared is in [`crate::beside`].

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use crate::beside::{Asked, side_by_side};
use crate::exit::exit;

pub mod shapes;
pub mod stream;

/// Rows and columns of the pictures of both streams.
pub const SIDE: usize = 8;
/// The ways: their names, and what is set in `image` beside the picture; none says nothing of a picture.
const WAYS: [(&str, Option<&str>); 7] = [
    ("tabular", None),
    ("one scale, nobody looks", Some("begin_with = [], units = [], ")),
    ("begin with none, search", Some("begin_with = [], ")),
    ("begin with stem", Some("units = [], begin_with = [{ units = 8, kernel = 3, grid = 2 }], ")),
    (
        "begin with conv",
        Some(
            "units = [], begin_with = [{ units = 8, kernel = 3, blocks = [{ kind = \"conv\", kernel = 3 }], grid = 2 }], ",
        ),
    ),
    (
        "begin with depthwise",
        Some(
            "units = [], begin_with = [{ units = 8, kernel = 3, blocks = [{ kind = \"depthwise\", kernel = 3 }], \
             pooling = \"max\", grid = 2 }], ",
        ),
    ),
    ("default", Some("")),
];

/// Replays pictures with and without whoever looks at them.
#[derive(Clone, Debug, Parser)]
#[command(name = "image-table")]
struct Arguments {
    /// scikit-learn's digits, as `tests/peers/digits` fetches them; without them, lines of which the direction counts.
    #[arg(long)]
    digits: Option<PathBuf>,
    /// Rows.
    #[arg(long, default_value_t = 16_000)]
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

/// What says that the features of both streams are a picture, with `more` in the section.
pub fn picture(more: &str) -> String {
    format!("image = {{ {more}first = \"pixel_00\", height = {SIDE}, width = {SIDE} }}\n")
}

/// The names of the pixels and of the class, as the first line of a file.
fn header() -> String {
    let names: Vec<String> = (0..SIDE * SIDE).map(|pixel| format!("pixel_{pixel:02}")).collect();
    format!("{},class\n", names.join(","))
}

/// Runs the table.
pub fn main() -> ExitCode {
    exit("image-table", table(&Arguments::parse()))
}

fn table(arguments: &Arguments) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let Arguments { rows, label_delay, way, json, .. } = arguments;
    let asked = Asked { rows: *rows, label_delay: *label_delay, way, json: *json };
    let ways = WAYS.map(|(way, settings)| (way, settings.map(picture).unwrap_or_default()));
    for seed in 0..arguments.seeds {
        let data = folder.path().join(format!("pictures_{seed}.csv"));
        match &arguments.digits {
            Some(digits) => stream::write(digits, &data, *rows, seed)?,
            None => shapes::write(&data, *rows, seed)?,
        }
        side_by_side(asked, &data, folder.path(), &ways, seed)?;
    }
    Ok(())
}
