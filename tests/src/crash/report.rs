//! How long it goes on, and where its figures are kept.

use std::str::FromStr;

use anyhow::{Context as _, Result};
use serde_json::Value;

/// Names the folder that figures are written to.
const FOLDER_VARIABLE: &str = "DRIFTFORM_REPORT";

/// A number from the environment, or the one for every day.
pub fn setting<T: FromStr>(variable: &str, usual: T) -> Result<T> {
    match std::env::var(variable) {
        Ok(text) => text.parse().ok().with_context(|| format!("{variable}={text} is no number")),
        Err(_) => Ok(usual),
    }
}

/// Writes figures as `NAME.json`, where somebody wants them.
#[expect(clippy::print_stdout, reason = "for whoever looks at a test's output")]
pub fn report(name: &str, figures: &Value) -> Result<()> {
    println!("{name}: {figures}");
    let Ok(folder) = std::env::var(FOLDER_VARIABLE) else { return Ok(()) };
    let path = std::path::Path::new(&folder).join(format!("{name}.json"));
    std::fs::write(&path, format!("{figures}\n")).with_context(|| format!("writing {}", path.display()))
}
