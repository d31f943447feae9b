//! Triton: what a server of a model repository has to be told about a graph, and that it should load it.
//!
//! Lives here: `config.pbtxt`, and the one call of the repository API. May not: write files.

use std::fmt::Write as _;
use std::time::Duration;

use model::onnx::{Element, Graph, Port};
use ureq::Agent;

use super::OnnxError;
use crate::store::LABELS_FILE;
use crate::text::shortened;

/// What servers read about a model.
pub const CONFIG_FILE: &str = "config.pbtxt";
/// Rows that a server may answer at once.
const BATCH_MAX: u32 = 4_096;
/// Versions that are loaded: the newest, and the one before, for whoever wants to go back.
const VERSIONS: u32 = 2;
/// How long a server may take to load a model.
const LOAD_TIMEOUT: Duration = Duration::from_mins(1);
/// Most bytes of an answer that are read.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// The text of `config.pbtxt` for this graph.
pub fn config(model: &str, graph: &Graph, labels: bool) -> Result<String, OnnxError> {
    let mut text = format!(
        "name: {}\nbackend: \"onnxruntime\"\nplatform: \"onnxruntime_onnx\"\nmax_batch_size: {BATCH_MAX}\n",
        quoted(model)
    );
    for port in &graph.inputs {
        text += &tensor("input", port, false)?;
    }
    for port in &graph.outputs {
        text += &tensor("output", port, labels)?;
    }
    writeln!(text, "dynamic_batching {{ }}\nversion_policy: {{ latest {{ num_versions: {VERSIONS} }} }}")
        .expect("a string takes all text");
    Ok(text)
}

fn tensor(what: &str, port: &Port, labels: bool) -> Result<String, OnnxError> {
    let kind = match port.element {
        Element::Float => "TYPE_FP32",
        Element::Double => "TYPE_FP64",
        Element::Int64 => "TYPE_INT64",
        Element::Bool => "TYPE_BOOL",
        Element::Text => "TYPE_STRING",
    };
    let shape = match port.columns {
        Some(columns) => format!("dims: [ {columns} ]"),
        // A row of a list is one number, which has no dimension.
        None => "dims: [ 1 ] reshape: { shape: [ ] }".to_owned(),
    };
    if port.name.contains('\0') {
        return Err(OnnxError::Unsupported(format!("`{}` cannot be a tensor's name", shortened(&port.name))));
    }
    let labels = if labels { format!(" label_filename: \"{LABELS_FILE}\"") } else { String::new() };
    Ok(format!("{what} {{ name: {} data_type: {kind} {shape}{labels} }}\n", quoted(&port.name)))
}

/// As protobuf's text format has it; other characters stand for themselves, in UTF-8.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            plain => quoted.push(plain),
        }
    }
    quoted.push('"');
    quoted
}

/// Asks a server to load what its repository has of a model now.
pub fn load(server: &str, model: &str) -> Result<(), OnnxError> {
    let url = format!("{}/v2/repository/models/{model}/load", server.trim_end_matches('/'));
    let agent = Agent::config_builder()
        .timeout_global(Some(LOAD_TIMEOUT))
        .http_status_as_error(false)
        .max_redirects(0)
        .build()
        .new_agent();
    let refused = |what: String| OnnxError::Server { url: url.clone(), message: what };
    let sent = agent.post(&url).content_type("application/json").send("{}");
    let mut response = sent.map_err(|error| refused(error.to_string()))?;
    let code = response.status().as_u16();
    if code == 200 {
        return Ok(());
    }
    let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string();
    let body = body.map_err(|error| refused(error.to_string()))?;
    Err(refused(format!("it answers {code}: {}", shortened(body.trim()))))
}
