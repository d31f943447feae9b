//! Operators: a node's name and attributes as an operator.
//!
//! Lives here: which operators are known, with which attributes. Anything else is refused by name.

use model::onnx::{Op, ScoreEnd};

use super::attributes::Attributes;
use super::{Read, element, unsupported};
use crate::onnx::write::{ML, NORM};
use crate::text::shortened;

/// The epsilon of norms where none is given.
const EPSILON: f32 = 1e-5;
/// The slope of a leaky `Relu` where none is given.
const ALPHA: f32 = 0.01;

pub(super) fn operator(at: &Attributes<'_>) -> Read<Op> {
    let domain = at.node.domain();
    if domain == ML {
        return classical(at);
    }
    if !["", "ai.onnx"].contains(&domain) {
        return refused(at, domain);
    }
    let op = match at.name {
        "Cast" => Op::Cast(element(at.integer("to", 0))?),
        "Concat" => Op::Concat { axis: at.integer("axis", 0) },
        "Gather" => Op::Gather { axis: at.integer("axis", 0) },
        "Split" => Op::Split { axis: at.integer("axis", 0) },
        "Softmax" => Op::Softmax { axis: at.integer("axis", -1) },
        "LogSoftmax" => Op::LogSoftmax { axis: at.integer("axis", -1) },
        "ReduceMean" => Op::ReduceMean { axis: at.only_axis()?, keeps: at.flag("keepdims", true) },
        "ReduceMax" => Op::ReduceMax { axis: at.only_axis()?, keeps: at.flag("keepdims", true) },
        "ReduceSum" => Op::ReduceSum { keeps: at.flag("keepdims", true) },
        "Gemm" => gemm(at)?,
        "Flatten" => flatten(at)?,
        "Gelu" => gelu(at)?,
        "LeakyRelu" => Op::LeakyRelu { alpha: at.float("alpha", ALPHA) },
        "BatchNormalization" => batch_norm(at)?,
        "LayerNormalization" => {
            Op::LayerNormalization { axis: at.integer("axis", -1), epsilon: at.float("epsilon", EPSILON) }
        }
        name => plain(name).map_or_else(|| refused(at, domain), Ok)?,
    };
    Ok(op)
}

/// Operators of the domain for classical models.
fn classical(at: &Attributes<'_>) -> Read<Op> {
    Ok(match at.name {
        "LabelEncoder" => Op::LabelEncoder {
            names: at.texts("keys_strings")?,
            values: at.integers("values_int64s"),
            other: at.integer("default_int64", -1),
        },
        "Scaler" => Op::Scaler { offset: at.floats("offset"), scale: at.floats("scale") },
        "Normalizer" => match at.text("norm")?.as_deref() {
            Some(NORM) => Op::Normalizer,
            other => return unsupported(format!("`Normalizer` has the norm {other:?}; only {NORM} is read")),
        },
        "ZipMap" => Op::ZipMap { classes: classes(at)? },
        "LinearRegressor" => {
            only(at, "post_transform", &[ScoreEnd::None.name()])?;
            Op::LinearRegressor {
                coefficients: at.floats("coefficients"),
                intercepts: at.floats("intercepts"),
            }
        }
        "LinearClassifier" => {
            let names = ScoreEnd::ALL.map(ScoreEnd::name);
            let named = only(at, "post_transform", &names)?;
            Op::LinearClassifier {
                coefficients: at.floats("coefficients"),
                intercepts: at.floats("intercepts"),
                classes: classes(at)?,
                end: ScoreEnd::ALL.into_iter().find(|end| end.name() == named).unwrap_or(ScoreEnd::None),
            }
        }
        _ => return refused(at, ML),
    })
}

/// Names of classes; numbers as the text that they have.
fn classes(at: &Attributes<'_>) -> Read<Vec<String>> {
    let names = at.texts("classlabels_strings")?;
    if !names.is_empty() {
        return Ok(names);
    }
    let numbers = [at.integers("classlabels_int64s"), at.integers("classlabels_ints")].concat();
    Ok(numbers.iter().map(ToString::to_string).collect())
}

/// The text of an attribute, which has to be one of these; the first where there is none.
fn only<'a>(at: &Attributes<'_>, name: &str, allowed: &[&'a str]) -> Read<&'a str> {
    let given = at.text(name)?;
    let found = match &given {
        None => allowed.first(),
        Some(given) => allowed.iter().find(|allowed| *allowed == given),
    };
    match found {
        Some(found) => Ok(found),
        None => unsupported(format!(
            "`{}` has `{name}` {}; only {} is read",
            at.name,
            shortened(&given.unwrap_or_default()),
            allowed.join(" or ")
        )),
    }
}

/// Operators without attributes, or with such as change nothing when nobody learns.
fn plain(name: &str) -> Option<Op> {
    let all = [
        Op::Add,
        Op::Sub,
        Op::Mul,
        Op::Div,
        Op::Max,
        Op::Min,
        Op::MatMul,
        Op::Relu,
        Op::Tanh,
        Op::Sigmoid,
        Op::Erf,
        Op::Sin,
        Op::Cos,
        Op::Log,
        Op::Sqrt,
        Op::IsNan,
        Op::Equal,
        Op::Greater,
        Op::Where,
        Op::Identity,
        Op::Reshape,
        Op::Unsqueeze,
        Op::Neg,
        Op::Dropout,
        Op::Squeeze,
    ];
    all.into_iter().find(|op| op.name() == name)
}

fn gemm(at: &Attributes<'_>) -> Read<Op> {
    at.unscaled("alpha")?;
    at.unscaled("beta")?;
    if at.flag("transA", false) {
        return unsupported("`Gemm` turns its rows on their side (`transA`), which is not supported".into());
    }
    Ok(Op::Gemm { turned: at.flag("transB", false) })
}

fn flatten(at: &Attributes<'_>) -> Read<Op> {
    match at.integer("axis", 1) {
        1 => Ok(Op::Flatten),
        axis => unsupported(format!("`Flatten` has the axis {axis}; only 1 is read")),
    }
}

fn gelu(at: &Attributes<'_>) -> Read<Op> {
    only(at, "approximate", &["none"])?;
    Ok(Op::Gelu)
}

fn batch_norm(at: &Attributes<'_>) -> Read<Op> {
    if at.flag("training_mode", false) {
        return unsupported(
            "`BatchNormalization` still learns (`training_mode`); export it for inference".into(),
        );
    }
    Ok(Op::BatchNormalization { epsilon: at.float("epsilon", EPSILON) })
}

fn refused<T>(at: &Attributes<'_>, domain: &str) -> Read<T> {
    let of = if domain.is_empty() { String::new() } else { format!(" of `{}`", shortened(domain)) };
    let node = at.node.name();
    let node = if node.is_empty() { String::new() } else { format!(" (node `{}`)", shortened(node)) };
    unsupported(format!(
        "the operator `{}`{of} is not supported{node}; accepted are {}",
        shortened(at.name),
        model::onnx::ACCEPTED
    ))
}
