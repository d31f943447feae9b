//! Imported: what driftform answers with the first champion of a configuration, for whoever trained it to compare.
//!
//! May not: judge; `tests/peers/import_parity.py` does.

use std::io::read_to_string;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;
use daemon::config::Config;
use daemon::import::first_champion;
use model::Row;
use serde::{Deserialize, Serialize};

use crate::exit::exit;

/// Reads cases from standard input, a JSON object a line, and answers each with one.
#[derive(Clone, Debug, Parser)]
#[command(name = "import-answers")]
struct Arguments {}

#[derive(Deserialize)]
struct Case {
    /// With `cold_start.model`.
    config: String,
    rows: Vec<Vec<f32>>,
}

#[derive(Serialize)]
enum Answer {
    /// What is told of the import, the answers row by row, and their unit.
    #[serde(rename = "answers")]
    Answers { told: String, said: Vec<f32>, unit: f32 },
    /// Why it was refused.
    #[serde(rename = "refused")]
    Refused(String),
}

/// Answers.
pub fn main() -> ExitCode {
    Arguments::parse();
    exit("import-answers", answer())
}

#[expect(clippy::print_stdout, reason = "that is what it is for")]
fn answer() -> Result<()> {
    for line in read_to_string(std::io::stdin())?.lines() {
        let Case { config, rows } = serde_json::from_str(line).context("a case")?;
        let answer = said(&config, rows).unwrap_or_else(|error| Answer::Refused(format!("{error:#}")));
        println!("{}", serde_json::to_string(&answer)?);
    }
    Ok(())
}

fn said(config: &str, rows: Vec<Vec<f32>>) -> Result<Answer> {
    let imported = first_champion(&Config::parse(config)?)?.context("`cold_start.model` names no file")?;
    let rows: Vec<Row> = rows.into_iter().map(Row::new).collect::<Result<_, _>>()?;
    let outputs = imported.model.predict(&rows.iter().collect::<Vec<_>>())?;
    let said = outputs.iter().flat_map(|output| output.0.iter().copied()).collect();
    Ok(Answer::Answers { told: imported.told, said, unit: imported.model.encoder().scale() })
}
