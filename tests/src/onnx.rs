//! Onnx: random models as ONNX files, with rows and what the models say of them.
//!
//! In reading order: what is written (here), which models ([`models`]). Somebody else's software reads the files and says
//! whether it says the same: `tests/peers/onnx_parity.py`, or this program itself where it is given ONNX Runtime.
//!
//! May not: judge by anything but the answers.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use adapters::onnx::{Runtime, to_bytes};
use anyhow::{Context as _, Result, bail};
use clap::Parser;
use daemon::parity;
use model::onnx::{Column, Probe};
use serde::Serialize;

use crate::exit::exit;

pub mod models;

/// Writes random models as ONNX files, each with rows and expected answers beside it.
#[derive(Clone, Debug, Parser)]
#[command(name = "onnx-cases")]
struct Arguments {
    /// The folder to write to; created if need be.
    #[arg(long)]
    to: PathBuf,
    /// How many.
    #[arg(long, default_value_t = 200)]
    count: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Rows of each.
    #[arg(long, default_value_t = 64)]
    rows: usize,
    /// ONNX Runtime, to be asked at once.
    #[arg(long)]
    onnxruntime: Option<PathBuf>,
}

/// What stands beside a file.
#[derive(Serialize)]
struct Case {
    model: String,
    inputs: BTreeMap<String, Values>,
    output: String,
    expected: Vec<f32>,
    /// In which they are judged.
    unit: f32,
}

/// Missing numbers are null.
#[derive(Serialize)]
#[serde(untagged)]
enum Values {
    Numbers(Vec<Option<f32>>),
    Names(Vec<String>),
}

/// Writes the files.
pub fn main() -> ExitCode {
    exit("onnx-cases", write(&Arguments::parse()))
}

fn write(arguments: &Arguments) -> Result<()> {
    fs::create_dir_all(&arguments.to)?;
    let runtime = arguments.onnxruntime.as_deref().map(Runtime::load).transpose()?;
    for seed in arguments.seed..arguments.seed + arguments.count {
        case(arguments, seed, runtime.as_ref()).with_context(|| format!("seed {seed}"))?;
    }
    Ok(())
}

fn case(arguments: &Arguments, seed: u64, runtime: Option<&Runtime>) -> Result<()> {
    let (model, categories) = models::random(seed)?;
    let graph = model.to_graph(&categories)?;
    let bytes = to_bytes(&graph);
    let probe = Probe::draw(&model, &categories, arguments.rows, seed)?;
    let expected = probe.expected(&model)?;
    let [output] = graph.outputs.as_slice() else { bail!("a graph has one output") };
    if let Some(runtime) = runtime {
        let said = runtime.open(&bytes, &graph.inputs, &output.name)?.answer(&probe.columns)?;
        parity::check(&said, &expected, model.encoder().scale())?;
    }
    let names = graph.inputs.iter().map(|port| port.name.clone());
    let case = Case {
        model: model.mixture().to_string(),
        inputs: names.zip(probe.columns.iter().map(values)).collect(),
        output: output.name.clone(),
        expected,
        unit: model.encoder().scale(),
    };
    let path =
        |ending: &str| -> PathBuf { Path::new(&arguments.to).join(format!("case-{seed:04}.{ending}")) };
    fs::write(path("onnx"), bytes)?;
    fs::write(path("json"), serde_json::to_vec(&case)?)?;
    Ok(())
}

fn values(column: &Column) -> Values {
    match column {
        Column::Numbers(numbers) => {
            Values::Numbers(numbers.iter().map(|number| number.is_finite().then_some(*number)).collect())
        }
        Column::Names(names) => Values::Names(names.clone()),
    }
}
