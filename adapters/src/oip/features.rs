//! Tensors into rows of the schema.
//!
//! Lives here: which tensor is which feature, and what an element means for it. May not: know how tensors came.
//!
//! There are two ways to ask about `n` rows. **A tensor a feature**, named as the feature, of shape `[n]` or `[n, 1]`:
//! `BYTES` for a category, `BOOL` or 0 and 1 for a boolean, any datatype of numbers for a number. A feature without a
//! tensor is missing in every row, so clients of a schema that has grown since need not change. **One tensor of all
//! features**, of shape `[n, features]` in the order of the schema, under any name that is no feature's: only where no
//! feature is a category, because a number would be taken for a name. A missing value is `NaN` (null in JSON), and of a
//! category empty.

use model::{Feature, FeatureKind, Row, Schema, category_value};
use serde_json::{Map, Value, json};

use super::error::{Reason, Refusal};
use super::request::Inputs;
use super::tensor::{Data, Datatype, Head, Tensor};
use crate::text::{did_you_mean, shortened};

/// Bytes of a raw `FP32`.
const FP32_BYTES: usize = size_of::<f32>();

/// What is asked, as columns of the schema's features.
pub(super) struct Columns<'a> {
    schema: &'a Schema,
    features: Vec<Option<Column<'a>>>,
    rows: usize,
}

/// Where the values of one feature lie: from the first of them on, one in so many elements.
#[derive(Clone, Copy)]
struct Column<'a> {
    data: &'a Data,
    first: usize,
    every: usize,
}

/// The one tensor of a raw request, or those of another.
pub(super) fn tensors(inputs: Inputs, schema: &Schema) -> Result<Vec<Tensor>, Refusal> {
    match inputs {
        Inputs::Tensors(tensors) => Ok(tensors),
        Inputs::Raw(bytes) => Ok(vec![of_raw(bytes, schema)?]),
    }
}

/// A raw request is one row: all numbers of it as `FP32`, or the one category as it is.
fn of_raw(bytes: Vec<u8>, schema: &Schema) -> Result<Tensor, Refusal> {
    let features = schema.features();
    if let [Feature { name, kind: FeatureKind::Categorical { .. } }] = features {
        let data = Data::Bytes(vec![bytes]);
        return Ok(Tensor { name: name.clone(), datatype: Datatype::Bytes, shape: vec![1], data });
    }
    if let Some(feature) = category(schema) {
        return Err(Refusal::invalid(format!(
            "a raw request is one row of numbers, but feature `{}` is a category; send a tensor a feature",
            shortened(&feature.name)
        )));
    }
    if bytes.len() != features.len() * FP32_BYTES {
        return Err(Refusal::invalid(format!(
            "a raw request of {} bytes; one row of {} features has {} (FP32)",
            bytes.len(),
            features.len(),
            features.len() * FP32_BYTES
        )));
    }
    let shape = [1, i64::try_from(features.len()).unwrap_or(i64::MAX)];
    Head::new(String::new(), Datatype::Fp32.name(), &shape)?.with_raw(&bytes)
}

fn category(schema: &Schema) -> Option<&Feature> {
    schema.features().iter().find(|feature| matches!(feature.kind, FeatureKind::Categorical { .. }))
}

impl<'a> Columns<'a> {
    /// Finds each feature's values; refuses what is no feature, and rows that are none or too many.
    pub(super) fn find(tensors: &'a [Tensor], schema: &'a Schema, rows_max: usize) -> Result<Self, Refusal> {
        let columns = match tensors {
            [] => return Err(Refusal::invalid("no inputs; send a tensor a feature")),
            [tensor] if at(schema, &tensor.name).is_none() && tensor.shape.len() == 2 => {
                together(tensor, schema)?
            }
            tensors => one_each(tensors, schema)?,
        };
        let rows = tensors[0].shape.first().copied().unwrap_or_default();
        match rows {
            0 => Err(Refusal::invalid("no rows; the first dimension of each input is how many")),
            rows if rows > rows_max => Err(Refusal::new(
                Reason::TooLarge,
                format!("{rows} rows; at most {rows_max} are taken at once"),
            )),
            rows => Ok(Self { schema, features: columns, rows }),
        }
    }

    /// Rows that are asked about.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// The rows, as a model takes them.
    pub(super) fn to_rows(&self) -> Result<Vec<Row>, Refusal> {
        let features = self.schema.features();
        let mut rows: Vec<_> = (0..self.rows).map(|_| Vec::with_capacity(features.len())).collect();
        for (feature, column) in features.iter().zip(&self.features) {
            for (at, row) in rows.iter_mut().enumerate() {
                row.push(match column {
                    Some(column) => column.number(at, feature)?,
                    None => f32::NAN,
                });
            }
        }
        let named = self.schema.naming().and_then(|at| self.features.get(at).copied().flatten());
        let row = |(at, values)| {
            let row = Row::new(values).map_err(|error| Refusal::invalid(error.to_string()))?;
            Ok(match named.and_then(|column| column.name(at)) {
                Some(name) => row.of(name),
                None => row,
            })
        };
        rows.into_iter().enumerate().map(row).collect()
    }

    /// The features of one row as an event has them; what is missing is not there.
    pub(super) fn told(&self, at: usize) -> Map<String, Value> {
        let features = self.schema.features().iter().zip(&self.features);
        features
            .filter_map(|(feature, column)| Some((feature.name.clone(), (*column)?.told(at, feature.kind)?)))
            .collect()
    }
}

fn at(schema: &Schema, name: &str) -> Option<usize> {
    schema.features().iter().position(|feature| feature.name == name)
}

fn together<'a>(tensor: &'a Tensor, schema: &'a Schema) -> Result<Vec<Option<Column<'a>>>, Refusal> {
    let (features, name) = (schema.features(), shortened(&tensor.name));
    if let Some(feature) = category(schema) {
        let known = features.iter().map(|feature| feature.name.as_str());
        return Err(Refusal::invalid(format!(
            "input `{name}` is no feature{}; all features in one tensor are numbers, but `{}` is a category, which is \
             sent as its name in a BYTES tensor of its own",
            did_you_mean(&tensor.name, known),
            shortened(&feature.name)
        )));
    }
    if tensor.shape[1] != features.len() {
        return Err(Refusal::invalid(format!(
            "input `{name}` has rows of {}; the schema has {} features",
            tensor.shape[1],
            features.len()
        )));
    }
    let column = |first| Some(Column { data: &tensor.data, first, every: features.len() });
    Ok((0..features.len()).map(column).collect())
}

fn one_each<'a>(tensors: &'a [Tensor], schema: &'a Schema) -> Result<Vec<Option<Column<'a>>>, Refusal> {
    let mut columns = vec![None; schema.features().len()];
    let rows = tensors[0].shape.first();
    for tensor in tensors {
        let name = shortened(&tensor.name);
        let Some(at) = at(schema, &tensor.name) else {
            let known = schema.features().iter().map(|feature| feature.name.as_str());
            let hint = did_you_mean(&tensor.name, known);
            return Err(Refusal::invalid(format!("input `{name}` is no feature of the model{hint}")));
        };
        if !matches!(tensor.shape[..], [_] | [_, 1]) {
            let shape = &tensor.shape;
            return Err(Refusal::invalid(format!(
                "input `{name}` has shape {shape:?}; [n] or [n, 1] was expected"
            )));
        }
        if tensor.shape.first() != rows {
            return Err(Refusal::invalid(format!(
                "input `{name}` has another number of rows than the first input"
            )));
        }
        if columns[at].replace(Column { data: &tensor.data, first: 0, every: 1 }).is_some() {
            return Err(Refusal::invalid(format!("input `{name}` is there twice")));
        }
    }
    Ok(columns)
}

impl<'a> Column<'a> {
    /// The number a row holds.
    fn number(self, row: usize, feature: &Feature) -> Result<f32, Refusal> {
        let at = self.first + row * self.every;
        let refuse = |what: &str, expected: &str| {
            let name = shortened(&feature.name);
            Refusal::invalid(format!("{what} in row {row} of input `{name}`; {expected} was expected"))
        };
        match (feature.kind, self.data) {
            (FeatureKind::Categorical { buckets }, Data::Bytes(items)) => {
                match std::str::from_utf8(&items[at]) {
                    Ok("") => Ok(f32::NAN),
                    Ok(text) => Ok(category_value(text, buckets)),
                    Err(_) => Err(refuse("bytes that are not UTF-8", "the name of a category")),
                }
            }
            (FeatureKind::Categorical { .. }, _) => {
                Err(refuse("a number", "the name of a category, as BYTES,"))
            }
            (FeatureKind::Numeric, data) => {
                let number = number(data, at).ok_or_else(|| refuse("no number", "one"))?;
                let narrow = number as f32;
                let finite = narrow.is_finite() || number.is_nan();
                finite
                    .then_some(narrow)
                    .ok_or_else(|| refuse(&number.to_string(), "a number that is finite in 32 bits"))
            }
            (FeatureKind::Boolean, Data::Bools(items)) => Ok(f32::from(u8::from(items[at]))),
            (FeatureKind::Boolean, data) => match number(data, at) {
                Some(bit) if bit.is_nan() || matches!(bit, 0.0 | 1.0) => Ok(bit as f32),
                _ => Err(refuse("something else", "true, false, 1 or 0")),
            },
        }
    }

    /// The name of a row's category, if it is one.
    fn name(self, row: usize) -> Option<&'a str> {
        match self.data {
            Data::Bytes(items) => std::str::from_utf8(items.get(self.first + row * self.every)?).ok(),
            Data::Unsigned(_) | Data::Signed(_) | Data::Floats(_) | Data::Bools(_) => None,
        }
    }

    /// The value an event has; nothing where it is missing.
    fn told(self, row: usize, kind: FeatureKind) -> Option<Value> {
        let at = self.first + row * self.every;
        match (kind, self.data) {
            (_, Data::Bytes(items)) => {
                std::str::from_utf8(&items[at]).ok().filter(|text| !text.is_empty()).map(Value::from)
            }
            (_, Data::Bools(items)) => Some(Value::from(items[at])),
            (FeatureKind::Boolean, data) => {
                number(data, at).filter(|bit| !bit.is_nan()).map(|bit| Value::from(bit > 0.5))
            }
            // A NaN is no JSON.
            (_, data) => {
                number(data, at).filter(|number| number.is_finite()).map(|number| json!(number as f32))
            }
        }
    }
}

fn number(data: &Data, at: usize) -> Option<f64> {
    match data {
        Data::Unsigned(items) => Some(items[at] as f64),
        Data::Signed(items) => Some(items[at] as f64),
        Data::Floats(items) => Some(items[at]),
        Data::Bools(_) | Data::Bytes(_) => None,
    }
}

#[cfg(test)]
mod tests;
