//! Asking another server over the Open Inference Protocol what it says of rows.
//!
//! Lives here: one request of a batch (`POST /v2/models/NAME/infer`), and what its answer means. May not: decide when to ask,
//! or what follows where there is no answer.
//!
//! Each feature is a tensor of one column under its name: a number `FP32`, null where it is missing; a boolean `BOOL`; a category
//! its name as `BYTES`, empty where it is missing.

use std::time::Duration;

use model::{ExternalAnswer, Feature, FeatureKind, Schema, Target};
use serde::Deserialize;
use serde_json::{Value, json};
use ureq::Agent;

use crate::codec::{DecodeError, said};
use crate::text::shortened;

/// Rows of one request.
pub const ROWS_MAX: usize = 256;
/// Most bytes of an answer that are read.
pub const ANSWER_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Most characters of what a server says of a request that it refuses.
const SAID_MAX: usize = 200;
/// How deep lists in lists may be.
const DEPTH_MAX: usize = 4;

/// Who is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskConfig {
    /// The address of its server, with the path under which it serves, if it has one.
    pub url: String,
    /// Its name there.
    pub model: String,
    /// The output that is its answer; none means the first that can be.
    pub output: Option<String>,
    /// How long an answer may take, from connecting to the last byte.
    pub timeout: Duration,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// Nobody answers there.
    #[error("the server cannot be reached: {0}")]
    Unreachable(String),
    /// The answer took too long.
    #[error("the server took too long")]
    TimedOut,
    /// The server does not answer this.
    #[error("the server refuses with {code}: {said}")]
    Refused {
        /// The status code.
        code: u16,
        /// In its words.
        said: String,
    },
    /// The answer is longer than [`ANSWER_BYTES_MAX`].
    #[error("the answer is longer than {ANSWER_BYTES_MAX} bytes")]
    TooLarge,
    /// The answer is not one of the protocol, or of this schema.
    #[error("the answer cannot be read: {0}")]
    Unreadable(String),
}

/// A way to a server. Connections are kept from one question to the next.
#[derive(Clone, Debug)]
pub struct Asker {
    config: AskConfig,
    agent: Agent,
}

impl Asker {
    /// Connects to nothing yet.
    pub fn new(config: AskConfig) -> Self {
        let agent = Agent::config_builder()
            .timeout_global(Some(config.timeout))
            .http_status_as_error(false)
            .max_redirects(0)
            .build()
            .new_agent();
        Self { config, agent }
    }

    /// What it says of each of these rows, which have a value a feature in the schema's order, as events show them.
    pub fn ask(&self, schema: &Schema, rows: &[Vec<Value>]) -> Result<Vec<ExternalAnswer>, NoAnswer> {
        let AskConfig { url, model, output, .. } = &self.config;
        let url = format!("{}/v2/models/{model}/infer", url.trim_end_matches('/'));
        let request = self.agent.post(url).header("Content-Type", "application/json");
        let mut response = request.send(question(schema, rows).to_string()).map_err(no_answer)?;
        let code = response.status().as_u16();
        let limited = response.body_mut().with_config().limit(ANSWER_BYTES_MAX);
        let body = limited.read_to_vec().map_err(no_answer)?;
        if code != 200 {
            let said = String::from_utf8_lossy(&body).trim().chars().take(SAID_MAX).collect();
            return Err(NoAnswer::Refused { code, said });
        }
        answers(schema, rows.len(), output.as_deref(), &body)
    }
}

fn no_answer(error: ureq::Error) -> NoAnswer {
    match error {
        ureq::Error::Timeout(_) => NoAnswer::TimedOut,
        ureq::Error::BodyExceedsLimit(_) => NoAnswer::TooLarge,
        other => NoAnswer::Unreachable(other.to_string()),
    }
}

fn question(schema: &Schema, rows: &[Vec<Value>]) -> Value {
    let column = |(at, feature): (usize, &Feature)| {
        let values: Vec<&Value> = rows.iter().map(|row| row.get(at).unwrap_or(&Value::Null)).collect();
        let (datatype, data) = match feature.kind {
            FeatureKind::Categorical { .. } => ("BYTES", values.into_iter().map(name).collect()),
            FeatureKind::Boolean if values.iter().all(|value| !value.is_null()) => {
                ("BOOL", values.into_iter().map(|value| truth(value).into()).collect())
            }
            FeatureKind::Boolean => {
                let number =
                    |value: &Value| if value.is_null() { Value::Null } else { u8::from(truth(value)).into() };
                ("FP32", values.into_iter().map(number).collect())
            }
            FeatureKind::Numeric => ("FP32", values.into_iter().cloned().collect::<Vec<Value>>()),
        };
        json!({ "name": feature.name, "shape": [rows.len()], "datatype": datatype, "data": data })
    };
    let inputs: Vec<Value> = schema.features().iter().enumerate().map(column).collect();
    json!({ "inputs": inputs })
}

fn truth(value: &Value) -> bool {
    value.as_bool().unwrap_or_else(|| value.as_f64().is_some_and(|number| number > 0.0))
}

fn name(value: &Value) -> Value {
    match value {
        Value::Null => "".into(),
        Value::String(_) => value.clone(),
        other => other.to_string().into(),
    }
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    outputs: Vec<Tensor>,
}

#[derive(Deserialize)]
struct Tensor {
    name: String,
    #[serde(default)]
    data: Value,
}

/// The answers in one of the outputs: numbers, probabilities a row, or a class a row, the fuller first.
fn answers(
    schema: &Schema,
    rows: usize,
    wanted: Option<&str>,
    body: &[u8],
) -> Result<Vec<ExternalAnswer>, NoAnswer> {
    let unreadable = |what: String| NoAnswer::Unreadable(what);
    let answer: Answer = serde_json::from_slice(body).map_err(|error| unreadable(error.to_string()))?;
    let mut outputs = Vec::new();
    for Tensor { name, data } in answer.outputs {
        if wanted.is_none_or(|wanted| wanted == name) {
            let mut flat = Vec::new();
            flatten(data, DEPTH_MAX, &mut flat)?;
            outputs.push((name, flat));
        }
    }
    let widths: &[usize] = match schema.target() {
        Target::Regression => &[1],
        Target::Classification { classes } => &[classes.len(), 1],
    };
    let fits = |width: usize| outputs.iter().find(|(_, flat)| rows > 0 && flat.len() == rows * width);
    let Some((width, (name, flat))) = widths.iter().find_map(|width| Some((*width, fits(*width)?))) else {
        let names: Vec<_> =
            outputs.iter().map(|(name, flat)| format!("{} of {}", shortened(name), flat.len())).collect();
        return Err(unreadable(format!(
            "no output has an answer for each of {rows} rows: {}",
            names.join(", ")
        )));
    };
    let one = |row: &[Value]| match row {
        [one] => said::of_output(one, schema, name),
        probabilities => said::of_output(&Value::Array(probabilities.to_vec()), schema, name),
    };
    let read: Result<Vec<ExternalAnswer>, DecodeError> = flat.chunks(width).map(one).collect();
    read.map_err(|error| unreadable(error.to_string()))
}

/// The elements of lists in lists, in their order.
fn flatten(data: Value, depth: usize, into: &mut Vec<Value>) -> Result<(), NoAnswer> {
    match data {
        Value::Array(_) if depth == 0 => Err(NoAnswer::Unreadable("lists are too deep".into())),
        Value::Array(items) => items.into_iter().try_for_each(|item| flatten(item, depth - 1, into)),
        one => {
            into.push(one);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests;
