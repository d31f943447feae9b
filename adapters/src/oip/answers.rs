//! Answers into tensors, and what a client may know beforehand of what goes in and comes out.
//!
//! Lives here: the names, datatypes and shapes of outputs. May not: know how tensors go.

use std::sync::Arc;

use model::{Feature, FeatureKind, Generation, Output, Schema, Target, Truth};

use super::error::{Reason, Refusal};
use super::request::Wanted;
use super::tensor::{Data, Datatype, Tensor};
use crate::text::{did_you_mean, shortened};

/// A probability a class.
const PROBABILITIES: &str = "probabilities";
/// The name of the class that is decided for.
const LABEL: &str = "label";
/// The number that is predicted.
const PREDICTION: &str = "prediction";
/// Whether the answer is not to be acted on.
const HOLDBACK: &str = "holdback";

/// What the model says of the rows of one request.
#[derive(Clone, Debug)]
pub struct Answers {
    /// Who says it.
    pub generation: Generation,
    /// What they know.
    pub schema: Arc<Schema>,
    /// Whether nobody has learned anything yet.
    pub prior_only: bool,
    /// Whether the champion is another model, and this one only learns beside it.
    pub shadow: bool,
    /// One for each row.
    pub answers: Vec<Answer>,
}

/// What the model says of one row.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its numbers.
    pub output: Output,
    /// What follows from them.
    pub decision: Truth,
    /// Whether it is not to be acted on.
    pub holdback: bool,
}

/// What is known of a tensor beforehand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Described {
    pub(super) name: String,
    pub(super) datatype: Datatype,
    /// Any number where there is none.
    pub(super) shape: Vec<Option<usize>>,
}

/// What a model takes.
pub(super) fn inputs(schema: &Schema) -> Vec<Described> {
    let describe = |Feature { name, kind }: &Feature| {
        let datatype = match kind {
            FeatureKind::Numeric => Datatype::Fp32,
            FeatureKind::Categorical { .. } => Datatype::Bytes,
            FeatureKind::Boolean => Datatype::Bool,
        };
        Described { name: name.clone(), datatype, shape: vec![None] }
    };
    schema.features().iter().map(describe).collect()
}

/// What a model says.
pub(super) fn outputs(schema: &Schema, holds_back: bool) -> Vec<Described> {
    let of = |name: &str, datatype, shape| Described { name: name.into(), datatype, shape };
    let mut outputs = match schema.target() {
        Target::Classification { classes } => vec![
            of(PROBABILITIES, Datatype::Fp32, vec![None, Some(classes.len())]),
            of(LABEL, Datatype::Bytes, vec![None]),
        ],
        Target::Regression => vec![of(PREDICTION, Datatype::Fp32, vec![None])],
    };
    if holds_back {
        outputs.push(of(HOLDBACK, Datatype::Bool, vec![None]));
    }
    outputs
}

/// The outputs that are asked for, by their place among [`outputs`] and whether each goes as raw bytes.
pub(super) fn chosen(
    wanted: &[Wanted],
    binary: bool,
    schema: &Schema,
    holds_back: bool,
) -> Result<Vec<(Described, bool)>, Refusal> {
    let known = outputs(schema, holds_back);
    if wanted.is_empty() {
        return Ok(known.into_iter().map(|output| (output, binary)).collect());
    }
    let find = |wanted: &Wanted| {
        let found = known.iter().find(|output| output.name == wanted.name);
        let found = found.ok_or_else(|| {
            let hint = did_you_mean(&wanted.name, known.iter().map(|output| output.name.as_str()));
            Refusal::invalid(format!("the model has no output `{}`{hint}", shortened(&wanted.name)))
        })?;
        Ok((found.clone(), wanted.binary.unwrap_or(binary)))
    };
    wanted.iter().map(find).collect()
}

/// The tensor of one output.
pub(super) fn tensor(described: Described, answers: &[Answer], schema: &Schema) -> Result<Tensor, Refusal> {
    let Described { name, datatype, shape } = described;
    let shape = shape.into_iter().map(|size| size.unwrap_or(answers.len())).collect();
    let data = match name.as_str() {
        LABEL => Data::Bytes(answers.iter().map(|answer| label(answer, schema)).collect()),
        HOLDBACK => Data::Bools(answers.iter().map(|answer| answer.holdback).collect()),
        // `probabilities` or `prediction`: the network's own numbers either way.
        _ => numbers(answers)?,
    };
    Ok(Tensor { name, datatype, shape, data })
}

fn label(answer: &Answer, schema: &Schema) -> Vec<u8> {
    let name = match answer.decision {
        Truth::Class(index) => schema.class_name(index),
        Truth::Number(_) => None,
    };
    name.unwrap_or_default().as_bytes().to_vec()
}

/// JSON has no words for others than finite numbers, and nobody could use them.
fn numbers(answers: &[Answer]) -> Result<Data, Refusal> {
    if !answers.iter().all(|answer| answer.output.is_finite()) {
        return Err(Refusal::new(Reason::Internal, "the model's answer is not finite"));
    }
    Ok(Data::Floats(
        answers.iter().flat_map(|answer| answer.output.0.iter().copied()).map(f64::from).collect(),
    ))
}
