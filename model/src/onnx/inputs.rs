//! Inputs: raw features to the rows that networks see, as operators.
//!
//! Lives here: what [`crate::encoder`] does, in the same order of numbers, for an event and for those before it. Does not live here: embeddings (those are
//! each network's own).

use super::build::{Builder, OWN, whole};
use super::{Categories, Element, Op, Port};
use crate::encoder::{DEVIATIONS_MAX, Encoder, Scale};
use crate::error::ModelError;
use crate::schema::{Schema, category_value};

/// Above it a truth value is true.
const TRUE_ABOVE: f32 = 0.5;
/// What names that are not listed, and missing ones, stand for: no bucket.
const NO_BUCKET: i64 = -1;

/// Whether there was an event, for each of those before: an input of its own.
pub const WAS_THERE: &str = "past";

/// The input with a feature's values of the events before.
fn past_of(feature: &str) -> String {
    format!("past {feature}")
}

/// Adds an input for each feature; returns the table of encoded rows.
pub(super) fn encode(
    builder: &mut Builder,
    schema: &Schema,
    encoder: &Encoder,
    categories: &Categories,
) -> Result<String, ModelError> {
    categories.check(schema)?;
    let mut parts = Parts::default();
    for (feature, scale) in schema.features().iter().zip(encoder.scales()) {
        let name = &feature.name;
        if name.starts_with(OWN) {
            return Err(ModelError::Schema(format!(
                "feature `{name}` has a name that the graph uses itself"
            )));
        }
        builder.graph().inputs.push(Port { name: name.clone(), element: element(scale), columns: Some(1) });
        parts.take(builder, name.clone(), scale, (name, categories));
    }
    Ok(parts.join(builder))
}

/// Adds an input for each feature with its values of the events before, newest first, and one that says which there were;
/// returns the events as a network reads them, rows by events by numbers, itself first. Where rows carry none, nothing.
pub(super) fn events(
    builder: &mut Builder,
    schema: &Schema,
    encoder: &Encoder,
    categories: &Categories,
    encoded: &str,
) -> Result<Option<String>, ModelError> {
    let Some(sequences) = schema.sequences() else { return Ok(None) };
    let length = usize::from(sequences.length);
    let column = builder.integers(vec![-1, 1]);
    let mut parts = Parts::default();
    let flat = |builder: &mut Builder, name: &str, element| -> Result<String, ModelError> {
        if schema.features().iter().any(|feature| feature.name == name) {
            return Err(ModelError::Schema(format!(
                "feature `{name}` has the name of an input for the events before"
            )));
        }
        builder.graph().inputs.push(Port { name: name.into(), element, columns: Some(length) });
        Ok(builder.node(Op::Reshape, &[name, &column]))
    };
    for (feature, scale) in schema.features().iter().zip(encoder.scales()) {
        let values = flat(builder, &past_of(&feature.name), element(scale))?;
        parts.take(builder, values, scale, (&feature.name, categories));
    }
    let there = flat(builder, WAS_THERE, Element::Float)?;
    let features = parts.join(builder);
    let known = builder.multiply(&features, &there);
    let each = builder.concat(&[known, there], 1);
    let shape = builder.integers(vec![-1, whole(length), whole(encoder.width() + 1)]);
    let before = builder.node(Op::Reshape, &[&each, &shape]);
    // A one for each row, of whatever stands first in it.
    let first = builder.integers(vec![0]);
    let any = builder.node(Op::Gather { axis: 1 }, &[encoded, &first]);
    let [zero, one] = [0.0, 1.0].map(|number| builder.scalar(number));
    let nothing = builder.multiply(&any, &zero);
    let ones = builder.add(&nothing, &one);
    let own = builder.concat(&[encoded.to_owned(), ones], 1);
    let deep = builder.integers(vec![1]);
    let own = builder.node(Op::Unsqueeze, &[&own, &deep]);
    Ok(Some(builder.concat(&[own, before], 1)))
}

fn element(scale: Scale) -> Element {
    if matches!(scale, Scale::Categorical { .. }) { Element::Text } else { Element::Float }
}

/// Features of one kind are encoded together and put in their order afterwards.
#[derive(Default)]
struct Parts {
    numbers: Vec<(String, f64, f64)>,
    flags: Vec<String>,
    hot: Vec<(String, usize)>,
    order: Vec<Scale>,
}

impl Parts {
    /// One more feature, whose values these are.
    fn take(
        &mut self,
        builder: &mut Builder,
        values: String,
        scale: Scale,
        (feature, categories): (&str, &Categories),
    ) {
        match scale {
            Scale::Numeric { mean, deviation } => self.numbers.push((values, mean, deviation)),
            Scale::Boolean => self.flags.push(values),
            Scale::Categorical { buckets } => {
                let hot = one_hot(builder, &values, (feature, buckets), categories);
                self.hot.push((hot, buckets as usize));
            }
        }
        self.order.push(scale);
    }

    fn join(&self, builder: &mut Builder) -> String {
        let mut tables = Vec::new();
        if !self.numbers.is_empty() {
            tables.extend(standardise(builder, &self.numbers));
        }
        if !self.flags.is_empty() {
            tables.push(truths(builder, &self.flags));
        }
        tables.extend(self.hot.iter().map(|(table, _)| table.clone()));
        let joined = builder.concat(&tables, 1);
        let places = self.places();
        if places.iter().copied().eq(0..whole(places.len())) {
            return joined;
        }
        let places = builder.integers(places);
        builder.node(Op::Gather { axis: 1 }, &[&joined, &places])
    }

    /// Where each number of an encoded row stands in the joined tables.
    fn places(&self) -> Vec<i64> {
        let numbers = self.numbers.len();
        let (mut number, mut flag, mut hot) = (0, 2 * numbers, 2 * numbers + self.flags.len());
        let mut places: Vec<usize> = Vec::new();
        for scale in &self.order {
            match scale {
                Scale::Numeric { .. } => {
                    places.extend([number, numbers + number]);
                    number += 1;
                }
                Scale::Boolean => {
                    places.push(flag);
                    flag += 1;
                }
                Scale::Categorical { buckets } => {
                    places.extend(hot..hot + *buckets as usize);
                    hot += *buckets as usize;
                }
            }
        }
        places.into_iter().map(whole).collect()
    }
}

/// Standardised numbers, and which of them are missing.
fn standardise(builder: &mut Builder, numbers: &[(String, f64, f64)]) -> [String; 2] {
    let names: Vec<String> = numbers.iter().map(|(name, ..)| name.clone()).collect();
    let raw = builder.concat(&names, 1);
    let missing = builder.node(Op::IsNan, &[&raw]);
    // In 64 bits, as the encoder does it: a large mean would take the digits that tell rows apart.
    let wide = builder.node(Op::Cast(Element::Double), &[&raw]);
    let means = builder.doubles(numbers.iter().map(|(_, mean, _)| *mean).collect());
    let deviations = builder.doubles(numbers.iter().map(|(.., deviation)| *deviation).collect());
    let centred = builder.node(Op::Sub, &[&wide, &means]);
    let scaled = builder.node(Op::Div, &[&centred, &deviations]);
    let narrow = builder.node(Op::Cast(Element::Float), &[&scaled]);
    let [zero, least, most] = [0.0, -DEVIATIONS_MAX, DEVIATIONS_MAX].map(|number| builder.scalar(number));
    let known = builder.node(Op::Where, &[&missing, &zero, &narrow]);
    let above = builder.node(Op::Max, &[&known, &least]);
    let cut = builder.node(Op::Min, &[&above, &most]);
    [cut, builder.node(Op::Cast(Element::Float), &[&missing])]
}

/// One for true, minus one for false, zero for missing.
fn truths(builder: &mut Builder, flags: &[String]) -> String {
    let raw = builder.concat(flags, 1);
    let missing = builder.node(Op::IsNan, &[&raw]);
    let [above, one, minus, zero] = [TRUE_ABOVE, 1.0, -1.0, 0.0].map(|number| builder.scalar(number));
    let is_true = builder.node(Op::Greater, &[&raw, &above]);
    let sign = builder.node(Op::Where, &[&is_true, &one, &minus]);
    builder.node(Op::Where, &[&missing, &zero, &sign])
}

/// A one in the bucket of the name.
fn one_hot(
    builder: &mut Builder,
    said: &str,
    (feature, buckets): (&str, u32),
    categories: &Categories,
) -> String {
    let names: Vec<String> = categories.of(feature).map(str::to_owned).collect();
    let bucket = |name: &String| i64::from(category_value(name, buckets) as u32 % buckets.max(1));
    let values = names.iter().map(bucket).collect();
    let place = builder.node(Op::LabelEncoder { names, values, other: NO_BUCKET }, &[said]);
    let all = builder.integers((0..i64::from(buckets)).collect());
    let same = builder.node(Op::Equal, &[&place, &all]);
    builder.node(Op::Cast(Element::Float), &[&same])
}
