//! What ONNX files promise. That others read them as they are meant is held by `tests/peers/onnx_parity.py`.

#![allow(clippy::unwrap_used, reason = "tests may")]

use std::sync::Arc;

use model::onnx::{Categories, Element, Graph, Node, Op, Port, ScoreEnd};
use model::{Device, Feature, FeatureKind, Model, Objective, Schema, Target};
use proptest::prelude::*;
use prost::Message as _;

use super::*;

fn exported(target: Target, counts: &[u64]) -> Graph {
    let feature = |name: &str, kind| Feature { name: name.into(), kind };
    let features = vec![
        feature("price", FeatureKind::Numeric),
        feature("a \"colour\"", FeatureKind::Categorical { buckets: 4 }),
        feature("new", FeatureKind::Boolean),
    ];
    let schema = Arc::new(Schema::new(features, target, Objective::default()).unwrap());
    let mut categories = Categories::default();
    categories.insert("a \"colour\"", "röd").unwrap();
    Model::prior(schema, counts, &Device::cpu()).unwrap().to_graph(&categories).unwrap()
}

fn classes() -> Graph {
    exported(Target::Classification { classes: vec!["down".into(), "up".into()] }, &[2, 6])
}

/// A classifier as scikit-learn's converter writes it.
fn classifier() -> Graph {
    let op = Op::LinearClassifier {
        coefficients: vec![-1.0, -2.0, 1.0, 2.0],
        intercepts: vec![0.0, 0.5],
        classes: vec!["no".into(), "yes".into()],
        end: ScoreEnd::Logistic,
    };
    let mut graph = only(op);
    graph.nodes[0].outputs = vec!["label".into(), "y".into()];
    graph
}

/// One node between an input and an output.
fn only(op: Op) -> Graph {
    let port = |name: &str| Port { name: name.into(), element: Element::Float, columns: Some(2) };
    let node = Node { op, inputs: vec!["x".into()], outputs: vec!["y".into()] };
    Graph { inputs: vec![port("x")], outputs: vec![port("y")], nodes: vec![node], ..Graph::default() }
}

fn decoded(graph: &Graph) -> proto::Model {
    proto::Model::decode(to_bytes(graph).as_slice()).unwrap()
}

#[track_caller]
fn assert_refused(model: &proto::Model, expected: &str) {
    let message = from_bytes(&model.encode_to_vec()).unwrap_err().to_string();
    assert!(message.contains(expected), "{message}");
}

#[test]
fn a_graph_reads_back_as_it_was_written() {
    for graph in [classes(), exported(Target::Regression, &[])] {
        assert_eq!(from_bytes(&to_bytes(&graph)).unwrap(), graph);
        assert_eq!(to_bytes(&graph), to_bytes(&graph));
    }
}

#[test]
fn every_operator_with_attributes_reads_back() {
    for op in [
        Op::Gemm { turned: true },
        Op::Cast(Element::Text),
        Op::Concat { axis: -1 },
        Op::Split { axis: 1 },
        Op::ReduceMean { axis: 0, keeps: false },
        Op::ReduceMax { axis: 2, keeps: false },
        Op::ReduceSum { keeps: true },
        Op::LabelEncoder { names: vec!["å".into()], values: vec![3], other: -1 },
        Op::LogSoftmax { axis: 1 },
        Op::LeakyRelu { alpha: 0.25 },
        Op::BatchNormalization { epsilon: 1e-3 },
        Op::LayerNormalization { axis: 1, epsilon: 1e-3 },
        Op::Scaler { offset: vec![1.0, 2.0], scale: vec![0.5] },
        Op::Normalizer,
        Op::ZipMap { classes: vec!["no".into(), "yes".into()] },
        Op::LinearRegressor { coefficients: vec![1.0, 2.0], intercepts: vec![3.0] },
    ] {
        let graph = only(op);
        assert_eq!(from_bytes(&to_bytes(&graph)).unwrap(), graph);
    }
}

#[test]
fn decisions_beside_the_answer_are_passed_over_with_all_they_rest_on() {
    let graph = classifier();
    let whole = decoded(&graph);
    assert_eq!(from_bytes(&whole.encode_to_vec()).unwrap(), graph);
    let mut zipped = whole.clone();
    let inner = zipped.graph.as_mut().unwrap();
    let made = |op: &str, inputs: &[&str], output: &str, domain: &str| proto::Node {
        op_type: Some(op.into()),
        input: inputs.iter().map(|name| (*name).to_owned()).collect(),
        output: vec![output.into()],
        domain: Some(domain.into()),
        ..proto::Node::default()
    };
    inner.node.push(made("ArrayFeatureExtractor", &["classes", "label"], "decision", "ai.onnx.ml"));
    inner.node.push(made("ZipMap", &["y"], "shares", "ai.onnx.ml"));
    let names =
        proto::Tensor { name: Some("classes".into()), data_type: Some(8), ..proto::Tensor::default() };
    inner.initializer.push(names);
    let tensor = proto::TensorType { elem_type: Some(proto::element::INT64), shape: None };
    let whole_numbers = proto::Type { tensor_type: Some(tensor) };
    inner.output = vec![
        proto::ValueInfo { name: Some("decision".into()), kind: Some(whole_numbers) },
        proto::ValueInfo { name: Some("shares".into()), kind: Some(proto::Type { tensor_type: None }) },
    ];
    let read = from_bytes(&zipped.encode_to_vec()).unwrap();
    let names: Vec<&str> = read.nodes.iter().map(|node| node.op.name()).collect();
    assert_eq!(
        (names.as_slice(), read.outputs[0].name.as_str()),
        (&["LinearClassifier", "ZipMap"][..], "shares")
    );
    inner_output(&mut zipped).swap_remove(0);
    inner_output(&mut zipped).extend(decoded(&graph).graph.unwrap().output);
    assert_refused(&zipped, "has 2 outputs (shares, y), and it has to have one that answers with numbers");
}

fn inner_output(model: &mut proto::Model) -> &mut Vec<proto::ValueInfo> {
    &mut model.graph.as_mut().unwrap().output
}

#[test]
fn what_is_made_of_constants_alone_is_one() {
    let mut model = decoded(&only(Op::Add));
    let inner = model.graph.as_mut().unwrap();
    let table = |dims: Vec<i64>, numbers: Vec<f32>| proto::Tensor {
        dims,
        data_type: Some(proto::element::FLOAT),
        float_data: numbers,
        name: Some("w".into()),
        ..proto::Tensor::default()
    };
    inner.initializer.push(table(vec![2, 1], vec![3.0, 4.0]));
    let turned = proto::Node {
        op_type: Some("Transpose".into()),
        input: vec!["w".into()],
        output: vec!["turned".into()],
        ..proto::Node::default()
    };
    inner.node.insert(0, turned);
    inner.node[1].input.push("turned".into());
    let read = from_bytes(&model.encode_to_vec()).unwrap();
    assert_eq!((read.nodes.len(), read.constants["turned"].shape.as_slice()), (1, &[1, 2][..]));
}

#[test]
fn a_file_that_would_be_far_more_in_memory_is_refused() {
    // An empty node: its field, and no length.
    let nodes = [0x0a, 0x00].repeat(1 << 20);
    let mut bytes = vec![0x3a];
    prost::encoding::encode_varint(nodes.len() as u64, &mut bytes);
    bytes.extend(nodes);
    let refused = from_bytes(&bytes).unwrap_err().to_string();
    assert!(refused.contains("more than 1048576 fields"), "{refused}");
}

#[test]
fn what_is_not_supported_is_named() {
    let mut model = decoded(&only(Op::Relu));
    let node = |model: &mut proto::Model| model.graph.as_mut().unwrap().node[0].clone();
    let with = |model: &mut proto::Model, node| model.graph.as_mut().unwrap().node[0] = node;
    let conv = proto::Node { op_type: Some("Conv".into()), ..node(&mut model) };
    with(&mut model, conv);
    assert_refused(&model, "the operator `Conv` is not supported (node `y`); accepted are Gemm");
    let own =
        proto::Node { op_type: Some("Relu".into()), domain: Some("com.example".into()), ..node(&mut model) };
    with(&mut model, own);
    assert_refused(&model, "the operator `Relu` of `com.example` is not supported");
    let attribute = proto::Attribute { name: Some("max".into()), ..proto::Attribute::default() };
    let odd = proto::Node { attribute: vec![attribute], domain: None, ..node(&mut model) };
    with(&mut model, odd);
    assert_refused(&model, "`Relu` has the attribute `max`");
}

#[test]
fn what_would_mean_something_else_is_refused() {
    let whole = decoded(&classes());
    let mut model = whole.clone();
    model.opset_import[0].version = Some(8);
    assert_refused(&model, "is of operator set 8; convert it to one of 9 to 25");
    let mut model = whole.clone();
    model.functions.push(proto::Function { name: Some("mine".into()) });
    assert_refused(&model, "defines the function `mine`");
    let mut model = whole.clone();
    model.graph.as_mut().unwrap().initializer[0].data_location = Some(1);
    assert_refused(&model, "lies in another file");
    let mut model = whole.clone();
    model.graph.as_mut().unwrap().initializer[0].dims.push(7);
    assert_refused(&model, "numbers");
    let mut model = whole;
    model.graph = None;
    assert_refused(&model, "there is no graph in it");
}

proptest! {
    #[test]
    fn bytes_that_are_cut_or_turned_are_refused_or_read(at: proptest::sample::Index, bit in 0_u8..8) {
        let mut bytes = to_bytes(&classes());
        let at = at.index(bytes.len());
        // Neither may panic; what is read is some graph.
        drop(from_bytes(&bytes[..at]));
        bytes[at] ^= 1 << bit;
        drop(from_bytes(&bytes));
    }
}

#[test]
fn a_server_is_told_what_goes_in_and_comes_out() {
    let config = triton::config("churn", &classes(), true).unwrap();
    let expected = r#"name: "churn"
backend: "onnxruntime"
platform: "onnxruntime_onnx"
max_batch_size: 4096
input { name: "price" data_type: TYPE_FP32 dims: [ 1 ] }
input { name: "a \"colour\"" data_type: TYPE_STRING dims: [ 1 ] }
input { name: "new" data_type: TYPE_FP32 dims: [ 1 ] }
output { name: "probabilities" data_type: TYPE_FP32 dims: [ 2 ] label_filename: "labels.txt" }
dynamic_batching { }
version_policy: { latest { num_versions: 2 } }
"#;
    assert_eq!(config, expected);
    let config = triton::config("churn", &exported(Target::Regression, &[]), false).unwrap();
    assert!(config.contains(
        "output { name: \"prediction\" data_type: TYPE_FP32 dims: [ 1 ] reshape: { shape: [ ] } }"
    ));
}

#[test]
fn a_library_that_is_not_there_is_named() {
    let refused = Runtime::load(std::path::Path::new("/nowhere/libonnxruntime.so")).unwrap_err();
    assert!(refused.to_string().contains("/nowhere/libonnxruntime.so"), "{refused}");
}
