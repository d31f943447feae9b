//! What a model that is not ours had said of an event: a class, its probabilities, or a number.
//!
//! Lives here: the shapes in which services log their answers. May not: ask a model, or judge what it said.

use model::{ExternalAnswer, Output, Schema, Target};
use serde_json::Value;

use super::error::DecodeError;
use super::pointer::Pointer;
use super::values;

/// Probabilities that add up to something this far from one are none.
const SUM_OFF_MAX: f32 = 0.01;

/// A class by its name, an object or an array of probabilities, or a number, by what the schema's target is.
pub(super) fn answer(value: &Value, schema: &Schema, at: &Pointer) -> Result<ExternalAnswer, DecodeError> {
    let classes = match schema.target() {
        Target::Regression => {
            return values::number(value, at).map(|number| ExternalAnswer::Output(Output([number].into())));
        }
        Target::Classification { classes } => classes,
    };
    match value {
        Value::Object(fields) => {
            if let Some(name) = fields.keys().find(|name| !classes.contains(name)) {
                return Err(values::out_of_range(
                    &Value::from(name.as_str()),
                    at,
                    "probabilities of declared classes",
                ));
            }
            let probability =
                |class: &String| fields.get(class).map_or(Ok(0.0), |value| values::number(value, at));
            probabilities(classes.iter().map(probability).collect::<Result<_, _>>()?, value, at)
        }
        // One that was made before a class was adopted has said nothing of it.
        Value::Array(items) if items.len() <= classes.len() => {
            let numbers = items.iter().map(|value| values::number(value, at));
            let mut numbers = numbers.collect::<Result<Vec<f32>, _>>()?;
            numbers.resize(classes.len(), 0.0);
            probabilities(numbers, value, at)
        }
        Value::Array(_) => {
            let expected = format!("at most {} probabilities, one for each class,", classes.len());
            Err(values::out_of_range(value, at, &expected))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let class = values::class(value, schema);
            class.map(ExternalAnswer::Class).ok_or_else(|| {
                values::out_of_range(value, at, "the name of a declared class, or the probabilities of all")
            })
        }
    }
}

/// The same, of an output of a server that was asked.
pub(crate) fn of_output(value: &Value, schema: &Schema, output: &str) -> Result<ExternalAnswer, DecodeError> {
    answer(value, schema, &Pointer::of_attribute(output))
}

fn probabilities(numbers: Vec<f32>, value: &Value, at: &Pointer) -> Result<ExternalAnswer, DecodeError> {
    let sum: f32 = numbers.iter().sum();
    if numbers.iter().all(|number| *number >= 0.0) && (sum - 1.0).abs() <= SUM_OFF_MAX {
        return Ok(ExternalAnswer::Output(Output(numbers.into())));
    }
    Err(values::out_of_range(value, at, "probabilities from 0 to 1 that add up to 1"))
}

#[cfg(test)]
mod tests;
