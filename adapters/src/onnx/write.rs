//! Write: a graph as the bytes of an ONNX file.
//!
//! The same graph always gives the same bytes.

use model::onnx::{Constant, Element, Graph, Node, Numbers, OPSET, OPSET_ML, Op, Port, ROWS};
use prost::Message as _;

use super::proto::{self, element, kind};

/// The version of the format that belongs to [`OPSET`].
const IR_VERSION: i64 = 8;
/// Who wrote the file.
const PRODUCER: &str = "driftform";
/// The domain of operators for classical models.
pub(super) const ML: &str = "ai.onnx.ml";
/// The norm that makes shares of numbers.
pub(super) const NORM: &str = "L1";

/// The bytes of a graph's file.
pub fn to_bytes(graph: &Graph) -> Vec<u8> {
    let set = |domain: &str, version| proto::OperatorSet {
        domain: Some(domain.to_owned()),
        version: Some(version),
    };
    let entry = |(key, value): (&String, &String)| proto::Entry {
        key: Some(key.clone()),
        value: Some(value.clone()),
    };
    let model = proto::Model {
        ir_version: Some(IR_VERSION),
        opset_import: vec![set("", OPSET), set(ML, OPSET_ML)],
        producer_name: Some(PRODUCER.to_owned()),
        graph: Some(proto::Graph {
            node: graph.nodes.iter().map(node).collect(),
            name: Some(PRODUCER.to_owned()),
            initializer: graph.constants.iter().map(|(name, constant)| tensor(name, constant)).collect(),
            input: graph.inputs.iter().map(port).collect(),
            output: graph.outputs.iter().map(port).collect(),
        }),
        metadata_props: graph.notes.iter().map(entry).collect(),
        functions: Vec::new(),
    };
    model.encode_to_vec()
}

fn node(node: &Node) -> proto::Node {
    proto::Node {
        input: node.inputs.clone(),
        output: node.outputs.clone(),
        // Its first result names it as well as anything.
        name: node.outputs.first().cloned(),
        op_type: Some(node.op.name().to_owned()),
        attribute: attributes(&node.op),
        domain: node.op.is_ml().then(|| ML.to_owned()),
    }
}

fn attributes(op: &Op) -> Vec<proto::Attribute> {
    match op {
        Op::Gemm { turned } => vec![integer("transB", i64::from(*turned))],
        Op::Cast(to) => vec![integer("to", i64::from(element_of(*to)))],
        Op::Concat { axis }
        | Op::Gather { axis }
        | Op::Split { axis }
        | Op::Softmax { axis }
        | Op::LogSoftmax { axis } => {
            vec![integer("axis", *axis)]
        }
        Op::ReduceMean { axis, keeps } | Op::ReduceMax { axis, keeps } => {
            vec![integers("axes", vec![*axis]), integer("keepdims", i64::from(*keeps))]
        }
        Op::ReduceSum { keeps } => vec![integer("keepdims", i64::from(*keeps))],
        Op::LabelEncoder { names, values, other } => vec![
            texts("keys_strings", names),
            integers("values_int64s", values.clone()),
            integer("default_int64", *other),
        ],
        Op::LeakyRelu { alpha } => vec![float("alpha", *alpha)],
        Op::BatchNormalization { epsilon } => vec![float("epsilon", *epsilon)],
        Op::LayerNormalization { axis, epsilon } => vec![integer("axis", *axis), float("epsilon", *epsilon)],
        Op::Scaler { offset, scale } => vec![floats("offset", offset), floats("scale", scale)],
        Op::Normalizer => vec![text("norm", NORM)],
        Op::ZipMap { classes } => vec![texts("classlabels_strings", classes)],
        Op::LinearRegressor { coefficients, intercepts } => {
            vec![floats("coefficients", coefficients), floats("intercepts", intercepts)]
        }
        Op::LinearClassifier { coefficients, intercepts, classes, end } => vec![
            floats("coefficients", coefficients),
            floats("intercepts", intercepts),
            texts("classlabels_strings", classes),
            text("post_transform", end.name()),
        ],
        Op::Add
        | Op::Sub
        | Op::Mul
        | Op::Div
        | Op::Max
        | Op::Min
        | Op::MatMul
        | Op::Relu
        | Op::Tanh
        | Op::Sigmoid
        | Op::Erf
        | Op::Sin
        | Op::Cos
        | Op::Log
        | Op::Sqrt
        | Op::IsNan
        | Op::Equal
        | Op::Greater
        | Op::Where
        | Op::Identity
        | Op::Reshape
        | Op::Unsqueeze
        | Op::Neg
        | Op::Dropout
        | Op::Flatten
        | Op::Squeeze
        | Op::Gelu => Vec::new(),
    }
}

fn integer(name: &str, value: i64) -> proto::Attribute {
    proto::Attribute { i: Some(value), ..attribute(name, kind::INT) }
}

fn float(name: &str, value: f32) -> proto::Attribute {
    proto::Attribute { f: Some(value), ..attribute(name, kind::FLOAT) }
}

fn floats(name: &str, values: &[f32]) -> proto::Attribute {
    proto::Attribute { floats: values.to_vec(), ..attribute(name, kind::FLOATS) }
}

fn text(name: &str, value: &str) -> proto::Attribute {
    proto::Attribute { s: Some(value.as_bytes().to_vec()), ..attribute(name, kind::STRING) }
}

fn integers(name: &str, values: Vec<i64>) -> proto::Attribute {
    proto::Attribute { ints: values, ..attribute(name, kind::INTS) }
}

fn texts(name: &str, values: &[String]) -> proto::Attribute {
    let strings = values.iter().map(|value| value.clone().into_bytes()).collect();
    proto::Attribute { strings, ..attribute(name, kind::STRINGS) }
}

fn attribute(name: &str, kind: i32) -> proto::Attribute {
    proto::Attribute { name: Some(name.to_owned()), kind: Some(kind), ..proto::Attribute::default() }
}

fn tensor(name: &str, constant: &Constant) -> proto::Tensor {
    let (kind, bytes): (i32, Vec<u8>) = match &constant.numbers {
        Numbers::Float(numbers) => {
            (element::FLOAT, numbers.iter().flat_map(|number| number.to_le_bytes()).collect())
        }
        Numbers::Double(numbers) => {
            (element::DOUBLE, numbers.iter().flat_map(|number| number.to_le_bytes()).collect())
        }
        Numbers::Int64(numbers) => {
            (element::INT64, numbers.iter().flat_map(|number| number.to_le_bytes()).collect())
        }
    };
    proto::Tensor {
        dims: constant.shape.iter().copied().map(whole).collect(),
        data_type: Some(kind),
        name: Some(name.to_owned()),
        raw_data: Some(bytes),
        ..proto::Tensor::default()
    }
}

fn port(port: &Port) -> proto::ValueInfo {
    let rows = proto::Size::Param(ROWS.to_owned());
    let columns = port.columns.map(|columns| proto::Size::Value(whole(columns)));
    let dim = std::iter::once(rows).chain(columns).map(|size| proto::Dimension { size: Some(size) });
    let shape = proto::Shape { dim: dim.collect() };
    let tensor = proto::TensorType { elem_type: Some(element_of(port.element)), shape: Some(shape) };
    proto::ValueInfo { name: Some(port.name.clone()), kind: Some(proto::Type { tensor_type: Some(tensor) }) }
}

/// A size as messages have it; none is near the end of what fits.
fn whole(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

pub(super) fn element_of(element: Element) -> i32 {
    match element {
        Element::Float => element::FLOAT,
        Element::Double => element::DOUBLE,
        Element::Int64 => element::INT64,
        Element::Bool => element::BOOL,
        Element::Text => element::STRING,
    }
}
