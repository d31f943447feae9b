//! Read: the bytes of an ONNX file as a graph.
//!
//! Lives here: what of a file is understood, and which of its nodes count: those that its answer rests on. Anything else
//! among them is refused by name, so that no file is half understood.
//!
//! In reading order: not too much of anything ([`crowd`]), the parts of a file (here), a node's attributes
//! ([`attributes`]) and which operator it is ([`operators`]).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use model::onnx::{Constant, Element, Graph, Node, Numbers, Port};
use prost::Message as _;

use self::attributes::Attributes;
use super::proto::{self, element};
use super::{FILE_BYTES_MAX, OnnxError};
use crate::text::shortened;

mod attributes;
mod crowd;
mod operators;

/// Operator sets that mean the same by the operators that are read here; what means something else elsewhere looks
/// different there, too.
const OPSETS: std::ops::RangeInclusive<i64> = 9..=25;
/// Where the numbers of a tensor are, if they are in the file itself.
const IN_THE_FILE: i32 = 0;
/// Most numbers that are made of constants: each as often as a file of the largest size has it.
const NUMBERS_MAX: usize = FILE_BYTES_MAX as usize / size_of::<f32>();
/// Outputs that a message names.
const OUTPUTS_SHOWN: usize = 8;

type Read<T> = Result<T, OnnxError>;

/// The graph of a file on the disk.
pub fn from_file(path: &Path) -> Read<Graph> {
    let cannot = |error: std::io::Error| OnnxError::Bytes(format!("it cannot be read: {error}"));
    let file = std::fs::File::open(path).map_err(cannot)?;
    let mut bytes = Vec::new();
    // One byte more than allowed tells a file that is too long from one that just fits.
    std::io::Read::read_to_end(&mut std::io::Read::take(file, FILE_BYTES_MAX + 1), &mut bytes)
        .map_err(cannot)?;
    from_bytes(&bytes)
}

/// The graph of a file.
pub fn from_bytes(bytes: &[u8]) -> Read<Graph> {
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(OnnxError::Bytes(format!("it has more than {FILE_BYTES_MAX} bytes")));
    }
    crowd::check(bytes)?;
    let model = proto::Model::decode(bytes).map_err(|error| OnnxError::Bytes(error.to_string()))?;
    check_opsets(&model.opset_import)?;
    if let Some(function) = model.functions.first() {
        let name = function.name.clone().unwrap_or_default();
        return unsupported(format!("the file defines the function `{}`", shortened(&name)));
    }
    let graph = model.graph.ok_or_else(|| OnnxError::Bytes("there is no graph in it".into()))?;
    let answer = answer(&graph)?.clone();
    let counts = resting_on(&graph, answer.name());
    let used: BTreeSet<&str> =
        counts.iter().flat_map(|at| &graph.node[*at].input).map(String::as_str).collect();
    let mut constants = BTreeMap::new();
    for tensor in &graph.initializer {
        let name = tensor.name.clone().unwrap_or_default();
        if used.contains(name.as_str()) {
            constants.insert(name.clone(), constant(&name, tensor)?);
        }
    }
    let nodes = nodes(&graph, &counts, &mut constants)?;
    // Files of old list what never changes among their inputs, too.
    let stored: BTreeSet<&str> = graph.initializer.iter().map(proto::Tensor::name).collect();
    let input = graph.input.iter().filter(|input| !stored.contains(input.name()));
    let inputs = input.map(port).collect::<Read<_>>()?;
    let entry = |entry: proto::Entry| Some((entry.key?, entry.value.unwrap_or_default()));
    let notes = model.metadata_props.into_iter().filter_map(entry).collect();
    Ok(Graph { inputs, outputs: vec![answer_port(&answer)?], constants, nodes, notes })
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

/// The output that answers: the only one, or the only one that is numbers. Decisions beside it are whole numbers or names.
fn answer(graph: &proto::Graph) -> Read<&proto::ValueInfo> {
    if let [only] = graph.output.as_slice() {
        return Ok(only);
    }
    let numbers = |info: &&proto::ValueInfo| {
        tensor_of(info).is_none_or(|tensor| {
            [element::FLOAT, element::DOUBLE].contains(&tensor.elem_type.unwrap_or_default())
        })
    };
    let mut answers = graph.output.iter().filter(numbers);
    if let (Some(answer), None) = (answers.next(), answers.next()) {
        return Ok(answer);
    }
    let names: Vec<String> =
        graph.output.iter().take(OUTPUTS_SHOWN).map(|output| shortened(output.name())).collect();
    unsupported(format!(
        "the file has {} outputs ({}), and it has to have one that answers with numbers",
        graph.output.len(),
        names.join(", ")
    ))
}

/// The places of the nodes that a value rests on, in their order.
fn resting_on(graph: &proto::Graph, value: &str) -> Vec<usize> {
    let mut makers = BTreeMap::new();
    for (at, node) in graph.node.iter().enumerate() {
        makers.extend(node.output.iter().map(|output| (output.as_str(), at)));
    }
    let (mut counts, mut wanted) = (BTreeSet::new(), vec![value]);
    while let Some(value) = wanted.pop() {
        if let Some(at) = makers.get(value)
            && counts.insert(*at)
        {
            wanted.extend(graph.node[*at].input.iter().map(String::as_str));
        }
    }
    counts.into_iter().collect()
}

/// The nodes at these places; what is made of constants alone joins them.
fn nodes(
    graph: &proto::Graph,
    places: &[usize],
    constants: &mut BTreeMap<String, Constant>,
) -> Read<Vec<Node>> {
    let (mut nodes, mut made) = (Vec::with_capacity(places.len()), 0);
    for node in places.iter().map(|at| &graph.node[*at]) {
        let name = node.op_type.as_deref().unwrap_or_default();
        if let Some(constant) = constant_node(node, name, constants)? {
            made += constant.shape.iter().product::<usize>();
            if made > NUMBERS_MAX {
                return unsupported(format!("it makes more than {NUMBERS_MAX} numbers of its constants"));
            }
            constants.insert(node.output.first().cloned().unwrap_or_default(), constant);
            continue;
        }
        let attributes = Attributes { node, name };
        let op = operators::operator(&attributes)?;
        attributes.all_known()?;
        nodes.push(Node { op, inputs: node.input.clone(), outputs: node.output.clone() });
    }
    Ok(nodes)
}

/// The constant that a node is: one that is written as a node, or another one by another name, or on its side.
fn constant_node(
    node: &proto::Node,
    name: &str,
    constants: &BTreeMap<String, Constant>,
) -> Read<Option<Constant>> {
    let source = node.input.first().and_then(|input| constants.get(input));
    match (name, node.domain(), source) {
        ("Constant", "", _) => {
            let output = node.output.first().map(String::as_str).unwrap_or_default();
            let value = node.attribute.iter().find_map(|attribute| {
                let tensor = attribute.t.as_ref().map(|tensor| constant(output, tensor));
                tensor.or_else(|| scalar(attribute).map(Ok))
            });
            match value {
                Some(value) => value.map(Some),
                None => unsupported(format!("the `Constant` {} is no number", shortened(output))),
            }
        }
        ("Identity", "", Some(source)) => Ok(Some(source.clone())),
        ("Transpose", "", Some(source)) => on_its_side(source).map(Some),
        _ => Ok(None),
    }
}

/// One number, as an attribute may say it.
fn scalar(attribute: &proto::Attribute) -> Option<Constant> {
    let numbers = match attribute.name.as_deref()? {
        "value_float" => Numbers::Float(vec![attribute.f?]),
        "value_int" => Numbers::Int64(vec![attribute.i?]),
        _ => return None,
    };
    Some(Constant { shape: Vec::new(), numbers })
}

fn on_its_side(table: &Constant) -> Read<Constant> {
    let (&[rows, columns], Numbers::Float(numbers)) = (table.shape.as_slice(), &table.numbers) else {
        return unsupported("`Transpose` is of something else than a table of floats".into());
    };
    let row = |column: usize| (0..rows).map(move |row| numbers[row * columns + column]);
    let turned = (0..columns).flat_map(row).collect();
    Ok(Constant { shape: vec![columns, rows], numbers: Numbers::Float(turned) })
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

fn tensor_of(info: &proto::ValueInfo) -> Option<&proto::TensorType> {
    info.kind.as_ref().and_then(|kind| kind.tensor_type.as_ref())
}

/// The output, which may also be a list of names and numbers.
fn answer_port(info: &proto::ValueInfo) -> Read<Port> {
    if tensor_of(info).is_some() {
        return port(info);
    }
    Ok(Port { name: info.name().to_owned(), element: Element::Float, columns: None })
}

fn port(info: &proto::ValueInfo) -> Read<Port> {
    let name = info.name().to_owned();
    let Some(tensor) = tensor_of(info) else {
        return unsupported(format!("`{}` is no tensor", shortened(&name)));
    };
    let columns = match tensor.shape.as_ref().map(|shape| shape.dim.as_slice()) {
        // How wide it is, nobody says; the tables will.
        None | Some([_]) => None,
        Some([_, columns]) => match columns.size {
            Some(proto::Size::Value(columns)) if columns > 0 => Some(columns as usize),
            Some(_) | None => None,
        },
        Some(_) => return unsupported(format!("`{}` is neither a list nor a table", shortened(&name))),
    };
    Ok(Port { element: element(i64::from(tensor.elem_type.unwrap_or_default()))?, name, columns })
}

fn constant(name: &str, tensor: &proto::Tensor) -> Read<Constant> {
    let wrong = |what: &str| OnnxError::Unsupported(format!("the tensor `{}` {what}", shortened(name)));
    if tensor.data_location.unwrap_or(IN_THE_FILE) != IN_THE_FILE {
        return Err(wrong("lies in another file"));
    }
    let size = |size: &i64| usize::try_from(*size).map_err(|_| wrong("has a negative size"));
    let shape: Vec<usize> = tensor.dims.iter().map(size).collect::<Read<_>>()?;
    let raw = tensor.raw_data.as_deref().unwrap_or_default();
    let numbers = match tensor.data_type.unwrap_or_default() {
        element::FLOAT => either(&tensor.float_data, raw, f32::from_le_bytes).map(Numbers::Float),
        element::DOUBLE => either(&tensor.double_data, raw, f64::from_le_bytes).map(Numbers::Double),
        element::INT64 => either(&tensor.int64_data, raw, i64::from_le_bytes).map(Numbers::Int64),
        other => return Err(wrong(&format!("has elements of type {other}, which are not supported"))),
    };
    let numbers = numbers.ok_or_else(|| wrong("has no whole numbers of bytes"))?;
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

/// The numbers as they are listed, or as they lie in the raw bytes; none if those are no whole numbers.
fn either<T: Copy, const BYTES: usize>(
    listed: &[T],
    raw: &[u8],
    number: fn([u8; BYTES]) -> T,
) -> Option<Vec<T>> {
    if raw.is_empty() {
        return Some(listed.to_vec());
    }
    let (numbers, rest) = raw.as_chunks();
    rest.is_empty().then(|| numbers.iter().map(|bytes| number(*bytes)).collect())
}
