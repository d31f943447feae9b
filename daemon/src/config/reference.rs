//! Reference: every key as the defaults have it, for people, editors and other programs.
//!
//! Lives here: reading the commented defaults, and the JSON schema and the page made of them. May not: check a configuration:
//! the schema says what is sure to be wrong, the rest is said where it is read.

use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Lines;

use serde_json::{Map, Value, json};

use super::raw::DEFAULTS;
use super::reload::takes_effect_at_once;

/// Keys with a few words to choose from.
const CHOICES: [(&str, &[&str]); 14] = [
    ("schema.task", &["classification", "regression"]),
    ("schema.evolve", &["refuse", "adopt"]),
    ("champion.external", &["", "events", "oip"]),
    ("repository.format", &["onnx", "safetensors"]),
    ("serve.memory_policy", &["availability", "resource"]),
    ("mixture.rule", &["mean", "leader", "few", "hedge", "stacked", "adaptive", "corrected"]),
    ("search.proposer", &["local", "evolution", "bayesian", "random", "portfolio", "controller", "relaxed"]),
    ("search.predictor", &["gaussian_process", "ensemble", "rgpe", "graph"]),
    ("search.recall_by", &["genome", "graph"]),
    ("search.scheduler", &["successive_halving", "asha", "pasha", "extrapolated", "full_budget"]),
    ("trials.run_by", &["child", "workers"]),
    ("gate.alpha_rule", &["each", "e_lond"]),
    ("gate.approval", &["none", "promotions"]),
    ("gate.quality_on", &["all", "holdback"]),
];

/// One key.
#[derive(Clone, Debug, PartialEq)]
struct Key {
    /// The section.
    section: String,
    /// Its name in that.
    name: String,
    /// What it is where nobody says otherwise.
    default: toml::Value,
    /// What it means, as the defaults say it.
    meaning: String,
}

impl Key {
    /// As it is named in messages.
    fn path(&self) -> String {
        format!("{}.{}", self.section, self.name)
    }

    /// Whether a change counts while the daemon runs.
    fn is_at_once(&self) -> bool {
        takes_effect_at_once(&self.path())
    }

    fn schema(&self) -> Value {
        let path = self.path();
        let mut schema = match &self.default {
            toml::Value::Boolean(_) => json!({ "type": "boolean" }),
            toml::Value::Integer(_) => json!({ "type": "integer" }),
            toml::Value::Float(_) => json!({ "type": "number" }),
            toml::Value::Array(_) => json!({ "type": "array" }),
            // Any key may stand in those that the defaults have empty.
            toml::Value::Table(_) => {
                json!({ "type": "object", "additionalProperties": { "type": "string" } })
            }
            toml::Value::String(_) | toml::Value::Datetime(_) => json!({ "type": "string" }),
        };
        if let Some((_, words)) = CHOICES.iter().find(|(key, _)| *key == path) {
            schema["enum"] = json!(words);
        }
        schema["default"] = json!(self.default);
        schema["description"] = json!(self.meaning);
        schema["x-takes-effect"] = json!(if self.is_at_once() { "at once" } else { "after a restart" });
        schema
    }
}

/// Every key, in the order of the defaults.
fn keys() -> Vec<Key> {
    let defaults: toml::Table = DEFAULTS.parse().expect("the embedded defaults are valid TOML, by a test");
    let (mut keys, mut section, mut meaning) = (Vec::new(), String::new(), String::new());
    let mut lines = DEFAULTS.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            name.clone_into(&mut section);
        } else if let Some(first) = line.strip_prefix('#') {
            meaning = comment(first, &mut lines);
        } else if let Some((name, _)) = line.split_once(" = ").filter(|_| !line.starts_with(' ')) {
            let default = defaults.get(&section).and_then(|table| table.get(name));
            // What stands in a table of its own is part of that.
            let Some(default) = default.cloned() else { continue };
            let (section, meaning) = (section.clone(), meaning.clone());
            keys.push(Key { section, name: name.to_owned(), default, meaning });
        }
    }
    keys
}

/// A comment of several lines as one; what is further in is an example, and stands on lines of its own.
fn comment(first: &str, lines: &mut Peekable<Lines<'_>>) -> String {
    let mut text = first.trim().to_owned();
    while let Some(line) = lines.next_if(|line| line.starts_with('#')) {
        let line = line.trim_start_matches('#');
        let is_example = line.starts_with("   ");
        let (between, line) = if is_example { ("\n", line.trim_end()) } else { (" ", line.trim()) };
        let _infallible = write!(text, "{between}{line}");
    }
    text
}

/// The JSON schema (draft 2020-12) of a configuration.
pub fn json_schema() -> Value {
    let mut sections = Map::new();
    for key in keys() {
        let section = sections
            .entry(key.section.clone())
            .or_insert_with(|| json!({ "type": "object", "additionalProperties": false, "properties": {} }));
        section["properties"][&key.name] = key.schema();
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The configuration of Driftform",
        "description": "Written from config/default.toml by `driftform schema`.",
        "type": "object",
        "additionalProperties": false,
        "properties": sections,
    })
}

/// The page of all keys, in Markdown.
pub fn page() -> String {
    let mut page = String::from(HEAD);
    let mut section = String::new();
    for key in keys() {
        if key.section != section {
            section.clone_from(&key.section);
            let _infallible = write!(page, "\n## `[{section}]`\n\n{TABLE}");
        }
        let effect = if key.is_at_once() { "at once" } else { "restart" };
        let meaning = key.meaning.lines().next().unwrap_or_default().replace('|', "\\|");
        let default = short(&key.default);
        let _infallible = writeln!(page, "| `{}` | {default} | {effect} | {meaning} |", key.name);
    }
    page
}

const HEAD: &str = "# Every key of the configuration\n\nWritten from `config/default.toml` by `driftform schema --page`; a test \
compares them. A file says what differs from the defaults, `DRIFTFORM__SECTION__KEY` in the environment overrides it, and \
`driftform check --config FILE --sources` says what is in effect and where it comes from. Keys that take effect *at once* do so \
while the daemon runs: at SIGHUP, and a few seconds after the file has changed. The others want a restart, which the log and \
`driftform_config_reloads_total` say.\n";
const TABLE: &str = "| key | default | a change takes effect | |\n|---|---|---|---|\n";
/// Letters of a default that fit a table.
const DEFAULT_MAX: usize = 40;

fn short(default: &toml::Value) -> String {
    let text = default.to_string();
    if text.len() > DEFAULT_MAX { "(see the file)".into() } else { format!("`{text}`") }
}

#[cfg(test)]
mod tests;
