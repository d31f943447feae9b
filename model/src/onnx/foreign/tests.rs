//! What foreign networks promise: the model says what the graph says, and what is no plain network is refused by name.

#![allow(clippy::unwrap_used, reason = "tests may")]

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::super::Port;
use super::*;
use crate::sample::{Row, Truth};
use crate::schema::{Feature, FeatureKind, Objective};
use crate::testing::random_numbers;

const HIDDEN: usize = 5;

fn schema(target: Target) -> Arc<Schema> {
    let feature = |name: &str, kind| Feature { name: name.into(), kind };
    let features = vec![
        feature("price", FeatureKind::Numeric),
        feature("new", FeatureKind::Boolean),
        feature("size", FeatureKind::Numeric),
    ];
    Arc::new(Schema::new(features, target, Objective::default()).unwrap())
}

fn classes(count: usize) -> Target {
    Target::Classification { classes: (0..count).map(|at| at.to_string()).collect() }
}

fn node(op: Op, inputs: &[&str], output: &str) -> Node {
    Node { op, inputs: inputs.iter().map(|name| (*name).to_owned()).collect(), outputs: vec![output.into()] }
}

/// `Gemm` on its side, `Tanh`, `MatMul`, `Add`, and this end.
fn graph(outputs: usize, end: Option<Op>, rng: &mut Pcg64) -> Graph {
    let port =
        |name: &str, columns| Port { name: name.into(), element: Element::Float, columns: Some(columns) };
    let mut nodes = vec![
        node(Op::Gemm { turned: true }, &["x", "w0", "b0"], "s0"),
        node(Op::Tanh, &["s0"], "h0"),
        node(Op::MatMul, &["h0", "w1"], "p1"),
        node(Op::Add, &["b1", "p1"], "s1"),
    ];
    nodes.push(node(end.unwrap_or(Op::Identity), &["s1"], "y"));
    let mut graph =
        Graph { inputs: vec![port("x", 3)], outputs: vec![port("y", outputs)], nodes, ..Graph::default() };
    let tables = [
        ("w0", vec![HIDDEN, 3]),
        ("b0", vec![HIDDEN]),
        ("w1", vec![HIDDEN, outputs]),
        ("b1", vec![1, outputs]),
    ];
    for (name, shape) in tables {
        let numbers = Numbers::Float(random_numbers(shape.iter().product(), 0.5, rng));
        graph.constants.insert(name.into(), Constant { shape, numbers });
    }
    graph
}

fn numbers<'a>(graph: &'a Graph, name: &str) -> &'a [f32] {
    match &graph.constants[name].numbers {
        Numbers::Float(numbers) => numbers,
        Numbers::Double(_) | Numbers::Int64(_) => &[],
    }
}

/// The last sums, computed plainly.
fn sums(graph: &Graph, x: &[f32]) -> Vec<f32> {
    let [w0, b0, w1, b1] = ["w0", "b0", "w1", "b1"].map(|name| numbers(graph, name));
    let unit = |at: usize| -> f32 { b0[at] + (0..3).map(|from| x[from] * w0[at * 3 + from]).sum::<f32>() };
    let units: Vec<f32> = (0..HIDDEN).map(|at| unit(at).tanh()).collect();
    (0..b1.len())
        .map(|to| b1[to] + (0..HIDDEN).map(|at| units[at] * w1[at * b1.len() + to]).sum::<f32>())
        .collect()
}

fn encoder(schema: &Schema, rng: &mut Pcg64) -> Encoder {
    let mut encoder = Encoder::new(schema);
    for _ in 0..50 {
        encoder
            .observe(&Row::new(vec![rng.random_range(-9.0..5.0), 1.0, rng.random_range(0.0..0.1)]).unwrap());
        encoder.observe_truth(&Truth::Number(rng.random_range(10.0..20.0)));
    }
    encoder
}

/// Of some rows, what the model says and the last sums of the graph.
fn both(target: Target, outputs: usize, end: Option<Op>, seed: u64) -> Vec<(Vec<f32>, Vec<f32>)> {
    let mut rng = Pcg64::seed_from_u64(seed);
    let (schema, graph) = (schema(target), graph(outputs, end, &mut rng));
    let encoder = encoder(&schema, &mut rng);
    let model = Model::from_plain_graph(&graph, schema, encoder, &Device::cpu()).unwrap();
    let mut said = Vec::new();
    for _ in 0..20 {
        let x = vec![
            rng.random_range(-9.0..5.0),
            f32::from(u8::from(rng.random::<bool>())),
            rng.random_range(0.0..0.1),
        ];
        let answer = model.predict(&[&Row::new(x.clone()).unwrap()]).unwrap()[0].0.to_vec();
        said.push((answer, sums(&graph, &x)));
    }
    said
}

fn close(a: f32, b: f32) -> bool {
    (a - b).abs() <= 2e-5 * a.abs().max(1.0)
}

proptest! {
    #[test]
    fn a_model_of_classes_says_what_its_graph_says(seed: u64, with_end: bool) {
        let end = with_end.then_some(Op::Softmax { axis: -1 });
        for (said, mut expected) in both(classes(3), 3, end, seed) {
            crate::loss::softmax(&mut expected);
            prop_assert!(said.iter().zip(&expected).all(|(a, b)| close(*a, *b)), "{said:?} {expected:?}");
        }
    }

    #[test]
    fn a_sigmoid_is_the_second_of_two_classes(seed: u64) {
        for (said, sums) in both(classes(2), 1, Some(Op::Sigmoid), seed) {
            let expected = 1.0 / (1.0 + (-sums[0]).exp());
            prop_assert!(close(said[1], expected) && close(said[0], 1.0 - expected));
        }
    }

    #[test]
    fn a_number_is_in_its_own_unit(seed: u64) {
        for (said, sums) in both(Target::Regression, 1, None, seed) {
            prop_assert!(close(said[0], sums[0]), "{} {}", said[0], sums[0]);
        }
    }
}

#[track_caller]
fn assert_refused(target: Target, change: impl Fn(&mut Graph), expected: &str) {
    let mut graph = graph(2, None, &mut Pcg64::seed_from_u64(1));
    change(&mut graph);
    let schema = schema(target);
    let encoder = Encoder::new(&schema);
    let refused = Model::from_plain_graph(&graph, schema, encoder, &Device::cpu()).unwrap_err().to_string();
    assert!(refused.contains(expected), "{refused}");
}

#[test]
fn what_is_no_plain_network_is_refused_naming_the_operator() {
    let two = || classes(2);
    assert_refused(two(), |graph| graph.nodes[1].op = Op::Erf, "the operator `Erf` is not supported");
    assert_refused(two(), |graph| graph.nodes[1].op = Op::Sigmoid, "`MatMul` stands behind the end");
    assert_refused(two(), |graph| graph.nodes[2].inputs[0] = "s0".into(), "`MatMul` does not follow");
    assert_refused(two(), |graph| drop(graph.nodes.remove(3)), "`Identity` does not follow");
    assert_refused(two(), |graph| drop(graph.constants.remove("w1")), "`w1` is no constant of floats");
    assert_refused(two(), |graph| graph.inputs[0].columns = Some(4), "[N, 3] for the features");
    assert_refused(classes(3), |_| {}, "ends with 2 outputs and Nothing, which is no answer of 3 classes");
    assert_refused(
        Target::Regression,
        |graph| graph.nodes[4].op = Op::Softmax { axis: -1 },
        "no answer of 1 number",
    );
    assert_refused(two(), |graph| graph.nodes[1].op = Op::Identity, "nothing stands between the table `w1`");
}
