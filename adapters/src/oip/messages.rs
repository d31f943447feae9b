//! Messages of gRPC into requests, and replies into messages.
//!
//! Lives here: contents and raw contents, in both directions. May not: know the schema.
//!
//! Whoever sends raw contents gets raw ones back.

use std::collections::BTreeMap;

use super::answers::Described;
use super::error::Refusal;
use super::front::Reply;
use super::proto::infer_parameter::ParameterChoice;
use super::proto::model_infer_request::InferInputTensor;
use super::proto::model_infer_response::InferOutputTensor;
use super::proto::model_metadata_response::TensorMetadata;
use super::proto::{InferParameter, InferTensorContents, ModelInferRequest, ModelInferResponse};
use super::reply::sizes;
use super::request::{Request, Wanted, check_counts};
use super::tensor::{Data, Datatype, Head, Tensor};
use crate::text::shortened;

/// Reads a message.
pub(super) fn read(message: ModelInferRequest) -> Result<Request, Refusal> {
    let ModelInferRequest { id, inputs, outputs, raw_input_contents: raw, .. } = message;
    check_counts(inputs.len(), outputs.len())?;
    let binary = !raw.is_empty();
    if binary && raw.len() != inputs.len() {
        return Err(Refusal::invalid(format!(
            "{} raw_input_contents for {} inputs; one for each was expected",
            raw.len(),
            inputs.len()
        )));
    }
    let tensors: Vec<Tensor> = if binary {
        inputs.into_iter().zip(&raw).map(|(input, raw)| of_raw(input, raw)).collect::<Result<_, _>>()?
    } else {
        inputs.into_iter().map(of_contents).collect::<Result<_, _>>()?
    };
    let wanted = outputs.into_iter().map(|output| Wanted { name: output.name, binary: None });
    Request::new((!id.is_empty()).then_some(id), tensors, wanted.collect(), binary)
}

fn of_raw(input: InferInputTensor, raw: &[u8]) -> Result<Tensor, Refusal> {
    let InferInputTensor { name, datatype, shape, contents, .. } = input;
    if contents.is_some_and(|contents| contents != InferTensorContents::default()) {
        return Err(Refusal::invalid(format!(
            "input `{}` has contents beside raw_input_contents",
            shortened(&name)
        )));
    }
    Head::new(name, &datatype, &shape)?.with_raw(raw)
}

fn of_contents(input: InferInputTensor) -> Result<Tensor, Refusal> {
    let InferInputTensor { name, datatype, shape, contents, .. } = input;
    let head = Head::new(name, &datatype, &shape)?;
    let data = data(head.datatype, contents.unwrap_or_default())
        .map_err(|why| Refusal::invalid(format!("input `{}`: {why}", shortened(&head.name))))?;
    head.with(data)
}

fn data(datatype: Datatype, contents: InferTensorContents) -> Result<Data, String> {
    let InferTensorContents {
        bool_contents,
        int_contents,
        int64_contents,
        uint_contents,
        uint64_contents,
        fp32_contents,
        fp64_contents,
        bytes_contents,
    } = contents;
    let data = match datatype {
        Datatype::Bool => Data::Bools(bool_contents),
        Datatype::Int8 | Datatype::Int16 | Datatype::Int32 => {
            Data::Signed(int_contents.into_iter().map(i64::from).collect())
        }
        Datatype::Int64 => Data::Signed(int64_contents),
        Datatype::Uint8 | Datatype::Uint16 | Datatype::Uint32 => {
            Data::Unsigned(uint_contents.into_iter().map(u64::from).collect())
        }
        Datatype::Uint64 => Data::Unsigned(uint64_contents),
        Datatype::Fp32 => Data::Floats(fp32_contents.into_iter().map(f64::from).collect()),
        Datatype::Fp64 => Data::Floats(fp64_contents),
        Datatype::Bytes => Data::Bytes(bytes_contents),
        Datatype::Fp16 | Datatype::Bf16 => {
            return Err(format!("{} is taken as raw contents only", datatype.name()));
        }
    };
    let in_range = match (&data, datatype.range()) {
        (Data::Signed(items), Some((least, most))) => {
            items.iter().all(|item| (least..=most.cast_signed()).contains(item))
        }
        (Data::Unsigned(items), Some((_, most))) => items.iter().all(|item| *item <= most),
        _ => true,
    };
    if in_range { Ok(data) } else { Err(format!("a number that is no {}", datatype.name())) }
}

/// Writes a reply.
pub(super) fn write(reply: Reply) -> ModelInferResponse {
    let Reply { model, generation, prior_only, shadow, id, outputs } = reply;
    let raw: Vec<Vec<u8>> =
        outputs.iter().filter(|(_, binary)| *binary).map(|(tensor, _)| tensor.to_raw()).collect();
    let mut parameters = BTreeMap::from([("generation".to_owned(), parameter(generation.0))]);
    for (name, holds) in [("prior_only", prior_only), ("shadow", shadow)] {
        if holds {
            let choice = Some(ParameterChoice::BoolParam(true));
            parameters.insert(name.to_owned(), InferParameter { parameter_choice: choice });
        }
    }
    let outputs = outputs.into_iter().map(|(tensor, binary)| output(tensor, binary)).collect();
    ModelInferResponse {
        model_name: model.to_string(),
        model_version: generation.0.to_string(),
        id,
        parameters,
        outputs,
        raw_output_contents: raw,
    }
}

fn parameter(number: u64) -> InferParameter {
    let number = i64::try_from(number).unwrap_or(i64::MAX);
    InferParameter { parameter_choice: Some(ParameterChoice::Int64Param(number)) }
}

fn output(Tensor { name, datatype, shape, data }: Tensor, binary: bool) -> InferOutputTensor {
    let mut contents = InferTensorContents::default();
    match data {
        Data::Bools(items) => contents.bool_contents = items,
        Data::Unsigned(items) => contents.uint64_contents = items,
        Data::Signed(items) => contents.int64_contents = items,
        Data::Floats(items) => contents.fp32_contents = items.into_iter().map(|item| item as f32).collect(),
        Data::Bytes(items) => contents.bytes_contents = items,
    }
    let shape = shape.into_iter().map(|size| i64::try_from(size).unwrap_or(i64::MAX)).collect();
    InferOutputTensor {
        name,
        datatype: datatype.name().to_owned(),
        shape,
        contents: (!binary).then_some(contents),
        ..InferOutputTensor::default()
    }
}

/// What is known of tensors beforehand.
pub(super) fn described(tensors: Vec<Described>) -> Vec<TensorMetadata> {
    let tensor = |Described { name, datatype, shape }: Described| TensorMetadata {
        name,
        datatype: datatype.name().to_owned(),
        shape: sizes(&shape),
    };
    tensors.into_iter().map(tensor).collect()
}

#[cfg(test)]
mod tests;
