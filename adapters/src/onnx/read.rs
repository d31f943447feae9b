//! Read: the bytes of an ONNX file as a graph.
//!
//! Lives here: what of a file is understood. Anything else is refused by name, so that no file is half understood.

use std::collections::BTreeMap;

use model::onnx::{Constant, Element, Graph, Node, Numbers, Op, Port};
use prost::Message as _;

use super::proto::{self, element};
use super::write::ML;
use super::{FILE_BYTES_MAX, OnnxError};
use crate::text::shortened;

/// Operator sets that mean the same by the operators that are read here.
const OPSETS: std::ops::RangeInclusive<i64> = 13..=17;
/// Where the numbers of a tensor are, if they are in the file itself.
const IN_THE_FILE: i32 = 0;

type Read<T> = Result<T, OnnxError>;

/// The graph of a file.
pub fn from_bytes(bytes: &[u8]) -> Read<Graph> {
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(OnnxError::Bytes(format!("{} bytes are more than any has", bytes.len())));
    }
    let model = proto::Model::decode(bytes).map_err(|error| OnnxError::Bytes(error.to_string()))?;
    check_opsets(&model.opset_import)?;
    if let Some(function) = model.functions.first() {
        let name = function.name.clone().unwrap_or_default();
        return unsupported(format!("the file defines the function `{}`", shortened(&name)));
    }
    let graph = model.graph.ok_or_else(|| OnnxError::Bytes("there is no graph in it".into()))?;
    let mut constants = BTreeMap::new();
    for tensor in graph.initializer {
        let name = tensor.name.clone().unwrap_or_default();
        constants.insert(name.clone(), constant(&name, tensor)?);
    }
    let mut nodes = Vec::with_capacity(graph.node.len());
    for node in graph.node {
        nodes.extend(self::node(node, &mut constants)?);
    }
    // Files of old list what never changes among their inputs, too.
    let input = graph.input.iter().filter(|input| !constants.contains_key(input.name()));
    let inputs = input.map(port).collect::<Read<_>>()?;
    let outputs = graph.output.iter().map(port).collect::<Read<_>>()?;
    let entry = |entry: proto::Entry| Some((entry.key?, entry.value.unwrap_or_default()));
    let notes = model.metadata_props.into_iter().filter_map(entry).collect();
    Ok(Graph { inputs, outputs, constants, nodes, notes })
}

fn unsupported<T>(message: String) -> Read<T> {
    Err(OnnxError::Unsupported(message))
}

fn check_opsets(sets: &[proto::OperatorSet]) -> Read<()> {
    for set in sets {
        let (domain, version) = (set.domain.as_deref().unwrap_or_default(), set.version.unwrap_or_default());
        if ["", "ai.onnx"].contains(&domain) && !OPSETS.contains(&version) {
            return unsupported(format!(
                "the file is of operator set {version}; convert it to one of {} to {}",
                OPSETS.start(),
                OPSETS.end()
            ));
        }
    }
    Ok(())
}

/// A node; a constant that is written as one joins the others.
fn node(node: proto::Node, constants: &mut BTreeMap<String, Constant>) -> Read<Option<Node>> {
    let name = node.op_type.as_deref().unwrap_or_default();
    if name == "Constant" && node.domain() == "" {
        let output = node.output.first().cloned().unwrap_or_default();
        let Some(tensor) = node.attribute.into_iter().find_map(|attribute| attribute.t) else {
            return unsupported(format!("the `Constant` {} is no tensor", shortened(&output)));
        };
        constants.insert(output.clone(), constant(&output, tensor)?);
        return Ok(None);
    }
    let attributes = Attributes { node: &node, name };
    let op = operator(&attributes)?;
    attributes.all_known()?;
    Ok(Some(Node { op, inputs: node.input, outputs: node.output }))
}

/// The attributes of a node, asked for by name.
struct Attributes<'a> {
    node: &'a proto::Node,
    name: &'a str,
}

/// Attributes that are read, or that change nothing as they are checked.
const KNOWN: [&str; 11] = [
    "axis",
    "axes",
    "keepdims",
    "to",
    "transA",
    "transB",
    "alpha",
    "beta",
    "keys_strings",
    "values_int64s",
    "default_int64",
];

impl Attributes<'_> {
    fn find(&self, name: &str) -> Option<&proto::Attribute> {
        self.node.attribute.iter().find(|attribute| attribute.name.as_deref() == Some(name))
    }

    fn integer(&self, name: &str, otherwise: i64) -> i64 {
        self.find(name).and_then(|attribute| attribute.i).unwrap_or(otherwise)
    }

    fn flag(&self, name: &str, otherwise: bool) -> bool {
        self.integer(name, i64::from(otherwise)) != 0
    }

    /// Refuses a factor other than one.
    fn unscaled(&self, name: &str) -> Read<()> {
        match self.find(name).and_then(|attribute| attribute.f) {
            Some(factor) if factor.to_bits() != 1.0_f32.to_bits() => {
                unsupported(format!("`{}` has `{name}` {factor}; only 1 is read", self.name))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn only_axis(&self) -> Read<i64> {
        match self.find("axes").map(|attribute| attribute.ints.as_slice()) {
            Some([axis]) => Ok(*axis),
            Some(_) | None => unsupported(format!("`{}` has to have one axis", self.name)),
        }
    }

    fn texts(&self, name: &str) -> Read<Vec<String>> {
        let strings = self.find(name).map(|attribute| attribute.strings.as_slice()).unwrap_or_default();
        let text = |bytes: &Vec<u8>| {
            String::from_utf8(bytes.clone())
                .map_err(|_| OnnxError::Unsupported(format!("`{name}` of `{}` is no text", self.name)))
        };
        strings.iter().map(text).collect()
    }

    /// Refuses attributes that nobody asks for: they would change what the node does.
    fn all_known(&self) -> Read<()> {
        let stranger = self
            .node
            .attribute
            .iter()
            .find(|attribute| !KNOWN.contains(&attribute.name.as_deref().unwrap_or("")));
        match stranger {
            None => Ok(()),
            Some(attribute) => unsupported(format!(
                "`{}` has the attribute `{}`, which is not supported",
                self.name,
                shortened(attribute.name.as_deref().unwrap_or_default())
            )),
        }
    }
}

fn operator(at: &Attributes<'_>) -> Read<Op> {
    let domain = at.node.domain();
    if domain == ML && at.name == "LabelEncoder" {
        let names = at.texts("keys_strings")?;
        let values = at.find("values_int64s").map(|values| values.ints.clone()).unwrap_or_default();
        return Ok(Op::LabelEncoder { names, values, other: at.integer("default_int64", -1) });
    }
    if !["", "ai.onnx"].contains(&domain) {
        return refused(at.name, domain);
    }
    let op = match at.name {
        "Cast" => Op::Cast(element(at.integer("to", 0))?),
        "Concat" => Op::Concat { axis: at.integer("axis", 0) },
        "Gather" => Op::Gather { axis: at.integer("axis", 0) },
        "Split" => Op::Split { axis: at.integer("axis", 0) },
        "Softmax" => Op::Softmax { axis: at.integer("axis", -1) },
        "ReduceMean" => Op::ReduceMean { axis: at.only_axis()?, keeps: at.flag("keepdims", true) },
        "ReduceSum" => Op::ReduceSum { keeps: at.flag("keepdims", true) },
        "Gemm" => gemm(at)?,
        name => plain(name).map_or_else(|| refused(name, domain), Ok)?,
    };
    Ok(op)
}

/// Operators without attributes.
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

fn refused<T>(name: &str, domain: &str) -> Read<T> {
    let of = if domain.is_empty() { String::new() } else { format!(" of `{}`", shortened(domain)) };
    unsupported(format!("the operator `{}`{of} is not supported", shortened(name)))
}

fn element(kind: i64) -> Read<Element> {
    match i32::try_from(kind) {
        Ok(element::FLOAT) => Ok(Element::Float),
        Ok(element::DOUBLE) => Ok(Element::Double),
        Ok(element::INT64) => Ok(Element::Int64),
        Ok(element::BOOL) => Ok(Element::Bool),
        Ok(element::STRING) => Ok(Element::Text),
        Ok(_) | Err(_) => unsupported(format!("elements of type {kind} are not supported")),
    }
}

fn port(info: &proto::ValueInfo) -> Read<Port> {
    let name = info.name().to_owned();
    let tensor = info.kind.as_ref().and_then(|kind| kind.tensor_type.as_ref());
    let Some(tensor) = tensor else { return unsupported(format!("`{}` is no tensor", shortened(&name))) };
    let dims = tensor.shape.as_ref().map(|shape| shape.dim.as_slice()).unwrap_or_default();
    let columns = match dims {
        [_] => None,
        [_, columns] => match columns.size {
            Some(proto::Size::Value(columns)) if columns > 0 => Some(columns as usize),
            Some(_) | None => {
                return unsupported(format!("`{}` does not say how wide it is", shortened(&name)));
            }
        },
        _ => return unsupported(format!("`{}` is neither a list nor a table", shortened(&name))),
    };
    Ok(Port { element: element(i64::from(tensor.elem_type.unwrap_or_default()))?, name, columns })
}

fn constant(name: &str, tensor: proto::Tensor) -> Read<Constant> {
    let wrong = |what: &str| OnnxError::Unsupported(format!("the tensor `{}` {what}", shortened(name)));
    if tensor.data_location.unwrap_or(IN_THE_FILE) != IN_THE_FILE {
        return Err(wrong("lies in another file"));
    }
    let size = |size: &i64| usize::try_from(*size).map_err(|_| wrong("has a negative size"));
    let shape: Vec<usize> = tensor.dims.iter().map(size).collect::<Read<_>>()?;
    let raw = tensor.raw_data.unwrap_or_default();
    let numbers = match tensor.data_type.unwrap_or_default() {
        element::FLOAT => Numbers::Float(either(tensor.float_data, &raw, f32::from_le_bytes)),
        element::DOUBLE => Numbers::Double(either(tensor.double_data, &raw, f64::from_le_bytes)),
        element::INT64 => Numbers::Int64(either(tensor.int64_data, &raw, i64::from_le_bytes)),
        other => return Err(wrong(&format!("has elements of type {other}, which are not supported"))),
    };
    let count = match &numbers {
        Numbers::Float(numbers) => numbers.len(),
        Numbers::Double(numbers) => numbers.len(),
        Numbers::Int64(numbers) => numbers.len(),
    };
    let expected = shape.iter().try_fold(1_usize, |product, size| product.checked_mul(*size));
    if expected != Some(count) {
        return Err(wrong(&format!("has shape {shape:?} but {count} numbers")));
    }
    Ok(Constant { shape, numbers })
}

/// The numbers as they are listed, or as they lie in the raw bytes.
fn either<T, const BYTES: usize>(listed: Vec<T>, raw: &[u8], number: fn([u8; BYTES]) -> T) -> Vec<T> {
    if raw.is_empty() { listed } else { raw.as_chunks().0.iter().map(|bytes| number(*bytes)).collect() }
}
