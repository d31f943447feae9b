//! Onnx: a model as a graph of the operators that other servers know.
//!
//! Lives here: what such a graph is, and the way from a model to its graph and back. Does not live here: the bytes of
//! a file (those are for the adapters), running a graph of ours.
//!
//! In reading order: the graph itself (this file), how one grows ([`build`]); raw features to encoded rows
//! ([`inputs`]), one network ([`network`]), what the mixer makes of several ([`mixing`]), all of a model ([`export`]);
//! rows to try a graph on ([`probe`]); a graph back into a model ([`import`]), also a plain network that somebody else
//! trained ([`mod@foreign`]).
//!
//! Raw features go in, so that whoever serves the file needs nothing else: numbers and truth values as `FLOAT [N, 1]`
//! with NaN for what is missing, categories as `STRING [N, 1]` with the empty string for what is missing. Out come
//! `probabilities [N, classes]`, or `prediction [N]` in the target's own unit.
//!
//! A daemon hashes any name of a category. No operator of ONNX can do that, so the graph lists names: of those it says
//! what the model says. A name that is not listed is taken for missing, where the model would take it for the names
//! that share its bucket.

use std::collections::BTreeMap;

mod build;
mod categories;
mod export;
mod foreign;
mod image;
mod import;
mod inputs;
mod mixing;
mod network;
mod probe;
mod sequence;

pub use categories::{Categories, NAMES_MAX};
pub use export::{MANIFEST_NOTE, PREDICTION, PROBABILITIES};
pub use foreign::{ACCEPTED, Imported};
pub use inputs::WAS_THERE;
pub use probe::{Column, Probe};

/// The version of the operators of the standard domain. Old enough for servers of these years, and the last one in
/// which means take their axes as attributes.
pub const OPSET: i64 = 17;
/// The version of the operators of the domain `ai.onnx.ml`.
pub const OPSET_ML: i64 = 3;
/// The size of a batch, in the shapes of inputs and outputs.
pub const ROWS: &str = "N";

/// What the elements of a value are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// 32 bits.
    Float,
    /// 64 bits.
    Double,
    /// Whole numbers.
    Int64,
    /// Truth values.
    Bool,
    /// Strings.
    Text,
}

/// An input or output of a graph: a table of one row for each event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// The name by which a client asks.
    pub name: String,
    /// What it holds.
    pub element: Element,
    /// The width of the table; none for a plain list of one number a row.
    pub columns: Option<usize>,
}

/// Numbers that never change.
#[derive(Clone, Debug, PartialEq)]
pub enum Numbers {
    /// 32 bits.
    Float(Vec<f32>),
    /// 64 bits.
    Double(Vec<f64>),
    /// Whole numbers.
    Int64(Vec<i64>),
}

/// A tensor that never changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Constant {
    /// Its shape; empty for one number.
    pub shape: Vec<usize>,
    /// Its numbers, row by row.
    pub numbers: Numbers,
}

/// An operator, as far as graphs of models need it, ours and those of others.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "they are named and described by the specification of ONNX")]
pub enum Op {
    Add,
    Sub,
    Mul,
    Div,
    Max,
    Min,
    MatMul,
    /// Of two tables and a bias, without scaling; a stored table may lie on its side.
    Gemm {
        turned: bool,
    },
    Relu,
    Tanh,
    Sigmoid,
    Erf,
    Sin,
    Cos,
    Log,
    Sqrt,
    IsNan,
    Equal,
    Greater,
    Where,
    Identity,
    Reshape,
    Cast(Element),
    Concat {
        axis: i64,
    },
    Gather {
        axis: i64,
    },
    Split {
        axis: i64,
    },
    Unsqueeze,
    Softmax {
        axis: i64,
    },
    ReduceMean {
        axis: i64,
        keeps: bool,
    },
    ReduceSum {
        keeps: bool,
    },
    ReduceMax {
        axis: i64,
        keeps: bool,
    },
    /// Names to whole numbers.
    LabelEncoder {
        names: Vec<String>,
        values: Vec<i64>,
        other: i64,
    },
    Neg,
    /// As it is when nobody learns: it changes nothing.
    Dropout,
    Flatten,
    Squeeze,
    /// The exact one.
    Gelu,
    LeakyRelu {
        alpha: f32,
    },
    LogSoftmax {
        axis: i64,
    },
    BatchNormalization {
        epsilon: f32,
    },
    LayerNormalization {
        axis: i64,
        epsilon: f32,
    },
    /// `(x - offset) scale`.
    Scaler {
        offset: Vec<f32>,
        scale: Vec<f32>,
    },
    /// To a sum of one.
    Normalizer,
    /// Names beside the numbers.
    ZipMap {
        classes: Vec<String>,
    },
    /// Tables that lie on their side, with what is added.
    LinearRegressor {
        coefficients: Vec<f32>,
        intercepts: Vec<f32>,
    },
    /// The same for classes; the second result are the scores.
    LinearClassifier {
        coefficients: Vec<f32>,
        intercepts: Vec<f32>,
        classes: Vec<String>,
        end: ScoreEnd,
    },
}

/// What [`Op::LinearClassifier`] makes of its scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScoreEnd {
    /// Nothing.
    None,
    /// A softmax of each row.
    Softmax,
    /// A sigmoid of each number.
    Logistic,
}

impl ScoreEnd {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::None, Self::Softmax, Self::Logistic];

    /// The name in the specification.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Softmax => "SOFTMAX",
            Self::Logistic => "LOGISTIC",
        }
    }
}

impl Op {
    /// Whether it is of the domain `ai.onnx.ml`; the others are of the standard one.
    pub fn is_ml(&self) -> bool {
        matches!(
            self,
            Self::LabelEncoder { .. }
                | Self::Scaler { .. }
                | Self::Normalizer
                | Self::ZipMap { .. }
                | Self::LinearRegressor { .. }
                | Self::LinearClassifier { .. }
        )
    }

    /// The name in the specification.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Add => "Add",
            Self::Sub => "Sub",
            Self::Mul => "Mul",
            Self::Div => "Div",
            Self::Max => "Max",
            Self::Min => "Min",
            Self::MatMul => "MatMul",
            Self::Gemm { .. } => "Gemm",
            Self::Relu => "Relu",
            Self::Tanh => "Tanh",
            Self::Sigmoid => "Sigmoid",
            Self::Erf => "Erf",
            Self::Sin => "Sin",
            Self::Cos => "Cos",
            Self::Log => "Log",
            Self::Sqrt => "Sqrt",
            Self::IsNan => "IsNaN",
            Self::Equal => "Equal",
            Self::Greater => "Greater",
            Self::Where => "Where",
            Self::Identity => "Identity",
            Self::Reshape => "Reshape",
            Self::Cast(_) => "Cast",
            Self::Concat { .. } => "Concat",
            Self::Gather { .. } => "Gather",
            Self::Split { .. } => "Split",
            Self::Unsqueeze => "Unsqueeze",
            Self::Softmax { .. } => "Softmax",
            Self::ReduceMean { .. } => "ReduceMean",
            Self::ReduceSum { .. } => "ReduceSum",
            Self::ReduceMax { .. } => "ReduceMax",
            Self::LabelEncoder { .. } => "LabelEncoder",
            Self::Neg => "Neg",
            Self::Dropout => "Dropout",
            Self::Flatten => "Flatten",
            Self::Squeeze => "Squeeze",
            Self::Gelu => "Gelu",
            Self::LeakyRelu { .. } => "LeakyRelu",
            Self::LogSoftmax { .. } => "LogSoftmax",
            Self::BatchNormalization { .. } => "BatchNormalization",
            Self::LayerNormalization { .. } => "LayerNormalization",
            Self::Scaler { .. } => "Scaler",
            Self::Normalizer => "Normalizer",
            Self::ZipMap { .. } => "ZipMap",
            Self::LinearRegressor { .. } => "LinearRegressor",
            Self::LinearClassifier { .. } => "LinearClassifier",
        }
    }
}

/// One step of a graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What is done.
    pub op: Op,
    /// To which values, by name.
    pub inputs: Vec<String>,
    /// What the results are called.
    pub outputs: Vec<String>,
}

/// A model as operators; nodes stand in the order in which they can be done.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    /// What is asked.
    pub inputs: Vec<Port>,
    /// What is answered.
    pub outputs: Vec<Port>,
    /// What never changes, by name.
    pub constants: BTreeMap<String, Constant>,
    /// What is done.
    pub nodes: Vec<Node>,
    /// What the file says besides, by name.
    pub notes: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests;
