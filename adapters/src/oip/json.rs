//! Requests in JSON, with raw tensors behind it where the binary tensor extension is used.
//!
//! Lives here: bytes into a [`Request`]. May not: know HTTP or the schema.
//!
//! Elements are read straight into their tensor, once its datatype and shape are known: a body never becomes a tree many
//! times its size.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::error::Refusal;
use super::numbers;
use super::request::{Request, Wanted, check_counts};
use super::tensor::{Data, Datatype, Head, Tensor};
use crate::text::shortened;

#[derive(Deserialize)]
struct Body<'a> {
    id: Option<String>,
    parameters: Option<Parameters>,
    #[serde(borrow)]
    inputs: Vec<Input<'a>>,
    outputs: Option<Vec<Output>>,
}

/// Those with a meaning; others are passed over, as the protocol wants.
#[derive(Default, Deserialize)]
struct Parameters {
    /// Raw bytes of an input.
    #[serde(rename = "binary_data_size")]
    size: Option<usize>,
    /// Whether an output goes as raw bytes.
    #[serde(rename = "binary_data")]
    raw: Option<bool>,
    /// Whether all outputs do.
    #[serde(rename = "binary_data_output")]
    all_raw: Option<bool>,
}

#[derive(Deserialize)]
struct Input<'a> {
    name: String,
    shape: Vec<i64>,
    datatype: String,
    parameters: Option<Parameters>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Output {
    name: String,
    parameters: Option<Parameters>,
}

/// Reads a body of which the first bytes, or all where nothing is said, are JSON.
pub(super) fn read(body: &[u8], header_bytes: Option<usize>) -> Result<Request, Refusal> {
    let header_bytes = header_bytes.unwrap_or(body.len());
    if header_bytes == 0 && !body.is_empty() {
        return Ok(Request::raw(body));
    }
    let (json, raw) = body.split_at_checked(header_bytes).ok_or_else(|| {
        Refusal::invalid(format!(
            "Inference-Header-Content-Length is {header_bytes}, but the body has {} bytes",
            body.len()
        ))
    })?;
    let body: Body<'_> = serde_json::from_slice(json)
        .map_err(|error| Refusal::invalid(format!("not an inference request: {error}")))?;
    let outputs = body.outputs.unwrap_or_default();
    check_counts(body.inputs.len(), outputs.len())?;
    let tensors = tensors(body.inputs, raw)?;
    let wanted = outputs.into_iter().map(|Output { name, parameters }| {
        let binary = parameters.and_then(|parameters| parameters.raw);
        Wanted { name, binary }
    });
    let binary = body.parameters.and_then(|parameters| parameters.all_raw).unwrap_or(false);
    Request::new(body.id, tensors, wanted.collect(), binary)
}

/// Raw tensors lie behind the JSON in the order of their inputs.
fn tensors(inputs: Vec<Input<'_>>, mut raw: &[u8]) -> Result<Vec<Tensor>, Refusal> {
    let mut tensors = Vec::with_capacity(inputs.len());
    for Input { name, shape, datatype, parameters, data } in inputs {
        let head = Head::new(name, &datatype, &shape)?;
        let size = parameters.and_then(|parameters| parameters.size);
        tensors.push(match (size, data) {
            (Some(size), None) => {
                let (bytes, rest) = raw.split_at_checked(size).ok_or_else(|| {
                    let name = shortened(&head.name);
                    Refusal::invalid(format!(
                        "input `{name}` has {size} raw bytes, but {} are left",
                        raw.len()
                    ))
                })?;
                raw = rest;
                head.with_raw(bytes)?
            }
            (None, Some(data)) => in_json(head, data)?,
            (Some(_), Some(_)) => return Err(either(&head, "both `data` and `binary_data_size`")),
            (None, None) => return Err(either(&head, "neither `data` nor `binary_data_size`")),
        });
    }
    match raw.len() {
        0 => Ok(tensors),
        left => Err(Refusal::invalid(format!("{left} bytes behind the last raw tensor"))),
    }
}

fn in_json(head: Head, data: &RawValue) -> Result<Tensor, Refusal> {
    if matches!(head.datatype, Datatype::Fp16 | Datatype::Bf16) {
        let (name, datatype) = (shortened(&head.name), head.datatype.name());
        return Err(Refusal::invalid(format!("input `{name}`: {datatype} is taken as raw bytes only")));
    }
    let data: Data = numbers::read(data.get(), head.datatype, &head.shape)
        .map_err(|error| Refusal::invalid(format!("input `{}`: {error}", shortened(&head.name))))?;
    head.with(data)
}

fn either(head: &Head, what: &str) -> Refusal {
    Refusal::invalid(format!("input `{}` has {what}", shortened(&head.name)))
}

#[cfg(test)]
mod tests;
