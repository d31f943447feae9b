//! Encoder: a row as the numbers a network sees, and its answer back in the target's own unit.
//!
//! Lives here: running standardisation, one-hot and missing flags. The numbers of a picture share one mean and one deviation:
//! what a stroke looks like must not depend on where it is. Does not live here: how raw values
//! become a row (that is [`crate::schema`]), learning.

use serde::{Deserialize, Serialize};

use crate::cost::Shape;
use crate::image::Picture;
use crate::sample::{Output, Row, Truth};
use crate::schema::{FeatureKind, Schema};

/// A mean never weighs more than this many observations, so it follows a stream that drifts.
pub const MEMORY_MAX: u32 = 10_000;
/// Standardised inputs are cut here: one absurd value must not throw a network off.
pub const DEVIATIONS_MAX: f32 = 8.0;
/// Smallest deviation divided by.
const DEVIATION_MIN: f64 = 1e-9;

/// Mean and variance so far, after Welford, forgetting beyond [`MEMORY_MAX`] observations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Moments {
    count: u32,
    mean: f64,
    variance: f64,
}

impl Moments {
    /// As after as many observations as are remembered.
    fn known(mean: f64, deviation: f64) -> Self {
        Self { count: MEMORY_MAX, mean, variance: deviation * deviation }
    }

    fn observe(&mut self, value: f32) {
        if !value.is_finite() {
            return;
        }
        self.count = (self.count + 1).min(MEMORY_MAX);
        let weight = 1.0 / f64::from(self.count);
        let before = f64::from(value) - self.mean;
        self.mean += before * weight;
        let after = f64::from(value) - self.mean;
        self.variance += (before * after - self.variance) * weight;
    }

    /// One until two observations differ, so that nothing is blown up by what is not known yet.
    fn deviation(&self) -> f64 {
        if self.count < 2 || self.variance <= 0.0 { 1.0 } else { self.variance.sqrt().max(DEVIATION_MIN) }
    }

    /// Of all that several have observed.
    fn together(all: &(impl Iterator<Item = Self> + Clone)) -> Self {
        let count: u32 = all.clone().map(|moments| moments.count).sum();
        let mean_of = |number: &dyn Fn(Self) -> f64| {
            let sum: f64 = all.clone().map(|moments| f64::from(moments.count) * number(moments)).sum();
            sum / f64::from(count.max(1))
        };
        let mean = mean_of(&|moments| moments.mean);
        let variance = mean_of(&|moments| moments.variance + (moments.mean - mean).powi(2));
        Self { count, mean, variance }
    }

    fn standardise(&self, value: f32) -> f32 {
        ((f64::from(value) - self.mean) / self.deviation()) as f32
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Input {
    Numeric(Moments),
    Categorical { buckets: u32 },
    Boolean,
}

impl Input {
    fn new(kind: FeatureKind) -> Self {
        match kind {
            FeatureKind::Numeric => Self::Numeric(Moments::default()),
            FeatureKind::Categorical { buckets } => Self::Categorical { buckets },
            FeatureKind::Boolean => Self::Boolean,
        }
    }

    fn kind(&self) -> FeatureKind {
        match self {
            Self::Numeric(_) => FeatureKind::Numeric,
            Self::Categorical { buckets } => FeatureKind::Categorical { buckets: *buckets },
            Self::Boolean => FeatureKind::Boolean,
        }
    }

    fn width(&self) -> usize {
        self.kind().width()
    }

    fn encode(&self, value: f32, out: &mut Vec<f32>) {
        let missing = value.is_nan();
        match self {
            Self::Numeric(_) if missing => out.extend([0.0, 1.0]),
            Self::Numeric(moments) => {
                out.extend([moments.standardise(value).clamp(-DEVIATIONS_MAX, DEVIATIONS_MAX), 0.0]);
            }
            Self::Categorical { buckets } => {
                let start = out.len();
                out.resize(start + *buckets as usize, 0.0);
                if !missing {
                    // A row holds the category as finely as it may ever be told apart.
                    out[start + (value as u32 % buckets) as usize] = 1.0;
                }
            }
            Self::Boolean if missing => out.push(0.0),
            Self::Boolean => out.push(if value > 0.5 { 1.0 } else { -1.0 }),
        }
    }
}

/// What an encoder does to one feature now, as plain numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scale {
    /// Less the mean, by the deviation, cut at [`DEVIATIONS_MAX`]; and whether it is missing.
    Numeric { mean: f64, deviation: f64 },
    /// One in one of these buckets.
    Categorical { buckets: u32 },
    /// One or minus one.
    Boolean,
}

/// Turns rows into what a network sees, and what it says back into answers.
///
/// ```
/// use model::{Encoder, Feature, FeatureKind, Objective, Row, Schema, Target};
///
/// let feature = |name: &str, kind| Feature { name: name.into(), kind };
/// let features = vec![feature("price", FeatureKind::Numeric), feature("new", FeatureKind::Boolean)];
/// let schema = Schema::new(features, Target::Regression, Objective::default())?;
/// let mut encoder = Encoder::new(&schema);
/// for price in [1.0, 3.0] {
///     encoder.observe(&Row::new(vec![price, 1.0])?);
/// }
/// let mut encoded = Vec::new();
/// encoder.encode(&Row::new(vec![3.0, f32::NAN])?, &mut encoded);
/// assert_eq!(encoded, [1.0, 0.0, 0.0]); // one deviation up, not missing; missing
/// # Ok::<(), model::ModelError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Encoder {
    inputs: Vec<Input>,
    /// Of the target; none if it is a class.
    target: Option<Moments>,
    /// The features that share one scale.
    #[serde(default)]
    picture: Option<Picture>,
}

impl Encoder {
    /// An encoder that has seen nothing.
    pub fn new(schema: &Schema) -> Self {
        Self {
            inputs: schema.features().iter().map(|feature| Input::new(feature.kind)).collect(),
            target: (!schema.target().is_classification()).then(Moments::default),
            picture: schema.picture(),
        }
    }

    /// An encoder that knows mean and deviation of each feature, as far as it is numeric, and of the target, if it is
    /// a number.
    pub fn scaled(schema: &Schema, inputs: &[(f64, f64)], target: (f64, f64)) -> Self {
        let mut scaled = Self::new(schema);
        for (input, (mean, deviation)) in scaled.inputs.iter_mut().zip(inputs) {
            if let Input::Numeric(moments) = input {
                *moments = Moments::known(*mean, *deviation);
            }
        }
        scaled.target = scaled.target.map(|_| Moments::known(target.0, target.1));
        scaled
    }

    /// Numbers in an encoded row.
    pub fn width(&self) -> usize {
        self.inputs.iter().map(Input::width).sum()
    }

    /// Where the standardised numbers stand in an encoded row.
    pub fn numbers(&self) -> Vec<usize> {
        let starts = self.inputs.iter().scan(0, |at, input| {
            let start = *at;
            *at += input.width();
            Some((start, input))
        });
        starts.filter(|(_, input)| matches!(input, Input::Numeric(_))).map(|(start, _)| start).collect()
    }

    /// Whether it encodes rows of this schema.
    pub fn fits(&self, schema: &Schema) -> bool {
        let kinds = schema.features().iter().map(|feature| feature.kind);
        self.target.is_none() == schema.target().is_classification()
            && self.picture == schema.picture()
            && self.inputs.iter().map(Input::kind).eq(kinds)
    }

    /// The same scale for the rows of a schema that evolved from its own; what is new has seen nothing.
    #[must_use]
    pub fn widened(&self, schema: &Schema) -> Self {
        let mut wider = Self::new(schema);
        wider.target = self.target;
        for (input, before) in wider.inputs.iter_mut().zip(&self.inputs) {
            if matches!(before, Input::Numeric(_)) {
                *input = *before;
            }
        }
        wider
    }

    /// Learns the scale of the inputs from one more row.
    pub fn observe(&mut self, row: &Row) {
        for (input, value) in self.inputs.iter_mut().zip(row.values()) {
            if let Input::Numeric(moments) = input {
                moments.observe(*value);
            }
        }
    }

    /// Learns the scale of the target from one more label.
    pub fn observe_truth(&mut self, truth: &Truth) {
        if let (Some(moments), Truth::Number(number)) = (&mut self.target, truth) {
            moments.observe(*number);
        }
    }

    /// Appends [`Encoder::width`] numbers for the row; a value the row lacks is missing.
    pub fn encode(&self, row: &Row, out: &mut Vec<f32>) {
        let values = row.values().iter().copied().chain(std::iter::repeat(f32::NAN));
        for (input, value) in self.seen().zip(values) {
            input.encode(value, out);
        }
    }

    /// Each input as it is now: those of a picture with the scale that they share.
    fn seen(&self) -> impl Iterator<Item = Input> {
        let picture = self.picture.map_or(0..0, Picture::features);
        let moments = self.inputs[picture.clone()].iter().filter_map(|input| match input {
            Input::Numeric(moments) => Some(*moments),
            Input::Categorical { .. } | Input::Boolean => None,
        });
        let shared = Input::Numeric(Moments::together(&moments));
        let inputs = self.inputs.iter().enumerate();
        inputs.map(move |(at, input)| if picture.contains(&at) { shared } else { *input })
    }

    /// Appends what a row carries of the events before it: for each, newest first, its features and a one; zeros where
    /// there was none.
    pub fn encode_past(&self, row: &Row, shape: Shape, out: &mut Vec<f32>) {
        for at in 0..shape.steps {
            let end = out.len() + shape.step();
            if let Some(step) = row.past().get(at) {
                self.encode(&step.row, out);
                out.push(1.0);
            }
            out.resize(end, 0.0);
        }
    }

    /// What the network should have said: the position of the class, or the standardised number.
    pub fn goal(&self, truth: &Truth) -> f32 {
        match truth {
            Truth::Class(class) => *class as f32,
            Truth::Number(number) => self.target.map_or(*number, |moments| moments.standardise(*number)),
        }
    }

    /// The answer in the target's own unit.
    pub fn output(&self, raw: &[f32]) -> Output {
        match self.target {
            None => Output(raw.into()),
            Some(moments) => {
                let own_unit = |said: &f32| (f64::from(*said) * moments.deviation() + moments.mean) as f32;
                Output(raw.iter().map(own_unit).collect())
            }
        }
    }

    /// What is done to each feature.
    pub(crate) fn scales(&self) -> impl Iterator<Item = Scale> {
        self.seen().map(|input| match input {
            Input::Numeric(moments) => Scale::Numeric { mean: moments.mean, deviation: moments.deviation() },
            Input::Categorical { buckets } => Scale::Categorical { buckets },
            Input::Boolean => Scale::Boolean,
        })
    }

    /// Mean and deviation of the target, if it is a number.
    pub(crate) fn target_scale(&self) -> Option<(f64, f64)> {
        self.target.map(|moments| (moments.mean, moments.deviation()))
    }

    /// Deviation of the target in its own unit; 1 for classes.
    pub fn scale(&self) -> f32 {
        self.target.map_or(1.0, |moments| moments.deviation() as f32)
    }
}

#[cfg(test)]
mod tests;
