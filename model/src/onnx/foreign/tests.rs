//! What foreign networks promise: the model says what the graph says, and what is no plain network is refused by name.

#![allow(clippy::unwrap_used, reason = "tests may")]

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::super::{Constant, Element, Graph, Node, Numbers, Op, Port, ScoreEnd};
use super::*;
use crate::sample::Truth;
use crate::schema::{Feature, Objective, Target};
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
    let model = Model::from_plain_graph(&graph, schema, Some(&encoder), &Device::cpu()).unwrap().model;
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

/// A graph under construction: each node takes what the last one made, and more.
struct Sketch {
    graph: Graph,
    last: String,
    rng: Pcg64,
}

impl Sketch {
    fn new(features: usize) -> Self {
        let input = Port { name: "x".into(), element: Element::Float, columns: Some(features) };
        let graph = Graph { inputs: vec![input], ..Graph::default() };
        Self { graph, last: "x".into(), rng: Pcg64::seed_from_u64(7) }
    }

    /// A constant of this shape, of numbers between these.
    fn constant(&mut self, shape: &[usize], from: f32, to: f32) -> String {
        let count = shape.iter().product();
        let numbers = (0..count).map(|_| self.rng.random_range(from..to)).collect();
        self.exactly(shape, numbers)
    }

    fn exactly(&mut self, shape: &[usize], numbers: Vec<f32>) -> String {
        let name = format!("c{}", self.graph.constants.len());
        let constant = Constant { shape: shape.to_vec(), numbers: Numbers::Float(numbers) };
        self.graph.constants.insert(name.clone(), constant);
        name
    }

    /// The name of what it makes of these.
    fn make(&mut self, op: Op, inputs: &[&str]) -> String {
        let output = format!("v{}", self.graph.nodes.len());
        let inputs: Vec<&str> = inputs.to_vec();
        self.graph.nodes.push(node(op, &inputs, &output));
        self.last.clone_from(&output);
        output
    }

    fn then(&mut self, op: Op, more: &[&str]) -> &mut Self {
        let last = self.last.clone();
        let inputs: Vec<&str> = std::iter::once(last.as_str()).chain(more.iter().copied()).collect();
        self.make(op, &inputs);
        self
    }

    fn table(&mut self, rows: usize, columns: usize) -> &mut Self {
        let (table, bias) =
            (self.constant(&[rows, columns], -0.6, 0.6), self.constant(&[columns], -0.6, 0.6));
        self.then(Op::Gemm { turned: false }, &[&table, &bias])
    }

    fn done(&mut self) -> Graph {
        self.graph.outputs = vec![Port { name: self.last.clone(), element: Element::Float, columns: None }];
        self.graph.clone()
    }
}

/// The model of a graph, which says what the graph says, computed plainly.
#[track_caller]
fn agreed(graph: &Graph, target: Target) -> Imported {
    let imported = Model::from_plain_graph(graph, schema(target), None, &Device::cpu()).unwrap();
    let rows = imported.rows(64, 3).unwrap();
    let expected = imported.expected(graph, &rows).unwrap();
    let said = imported.model.predict(&rows.iter().collect::<Vec<_>>()).unwrap();
    let unit = imported.model.encoder().scale();
    for (said, expected) in said.iter().flat_map(|output| output.0.iter()).zip(&expected) {
        let allowed = 1e-5 * expected.abs().max(unit);
        assert!((said - expected).abs() <= allowed, "{said} where the graph says {expected}");
    }
    imported
}

fn blocks(imported: &Imported) -> String {
    let blocks = &imported.model.mixture().members[0].blocks;
    blocks.iter().map(|block| format!("{block};")).collect::<Vec<_>>().concat()
}

#[test]
fn each_activation_is_found_however_it_is_written() {
    type Bend = fn(&mut Sketch);
    let cases: [(&str, Bend); 10] = [
        ("5 relu;", |graph| _ = graph.then(Op::Relu, &[])),
        ("5 tanh;", |graph| _ = graph.then(Op::Tanh, &[])),
        ("5 gelu;", |graph| _ = graph.then(Op::Gelu, &[])),
        ("10 relu;", |graph| _ = graph.then(Op::LeakyRelu { alpha: 0.2 }, &[])),
        ("5 tanh;", |graph| _ = graph.then(Op::Sigmoid, &[])),
        ("5 silu;", |graph| {
            let sums = graph.last.clone();
            graph.then(Op::Sigmoid, &[]).then(Op::Mul, &[&sums]);
        }),
        ("5 gelu;", |graph| {
            let sums = graph.last.clone();
            let [root, one, half] = [std::f32::consts::SQRT_2, 1.0, 0.5].map(|n| graph.exactly(&[], vec![n]));
            graph.then(Op::Div, &[&root]).then(Op::Erf, &[]).then(Op::Add, &[&one]);
            graph.then(Op::Mul, &[&sums]).then(Op::Mul, &[&half]);
        }),
        ("5 gelu;", |graph| {
            let sums = graph.last.clone();
            let [root, one, half] =
                [std::f32::consts::FRAC_1_SQRT_2, 1.0, 0.5].map(|n| graph.exactly(&[1], vec![n]));
            graph.then(Op::Mul, &[&root]).then(Op::Erf, &[]).then(Op::Add, &[&one]);
            graph.then(Op::Mul, &[&half]).then(Op::Mul, &[&sums]);
        }),
        ("5 silu layer;", |graph| {
            let (gain, shift) = (graph.exactly(&[5], vec![1.0; 5]), graph.exactly(&[5], vec![0.0; 5]));
            let norm = Op::LayerNormalization { axis: -1, epsilon: 1e-5 };
            let normed = graph.then(norm, &[&gain, &shift]).last.clone();
            graph.then(Op::Sigmoid, &[]).then(Op::Mul, &[&normed]);
        }),
        ("5 relu layer;", |graph| {
            let (gain, shift) = (graph.constant(&[5], 0.5, 2.0), graph.exactly(&[5], vec![0.0; 5]));
            let norm = Op::LayerNormalization { axis: -1, epsilon: 1e-3 };
            graph.then(norm, &[&gain, &shift]).then(Op::Relu, &[]);
        }),
    ];
    for (expected, bend) in cases {
        let mut graph = Sketch::new(3);
        bend(graph.table(3, 5));
        let graph = graph.table(5, 2).then(Op::Softmax { axis: 1 }, &[]).done();
        assert_eq!(blocks(&agreed(&graph, classes(2))), expected);
    }
}

#[test]
fn what_changes_no_block_goes_into_tables() {
    let mut graph = Sketch::new(3);
    graph.table(3, 6).table(6, 5);
    let [gain, shift, mean] = [(0.5, 1.5), (-1.0, 1.0), (-1.0, 1.0)].map(|(a, b)| graph.constant(&[5], a, b));
    let variance = graph.constant(&[5], 0.5, 2.0);
    graph.then(Op::BatchNormalization { epsilon: 1e-5 }, &[&gain, &shift, &mean, &variance]);
    graph.then(Op::Dropout, &[]).then(Op::Relu, &[]).then(Op::Neg, &[]).then(Op::Flatten, &[]);
    let three = graph.constant(&[1, 1], 3.0, 3.1);
    let places = Numbers::Int64(vec![4, 0, -2]);
    graph.graph.constants.insert("places".into(), Constant { shape: vec![3], numbers: places });
    graph.then(Op::Sub, &[&three]).then(Op::Gather { axis: 1 }, &["places"]).table(3, 3);
    let graph = graph.then(Op::LogSoftmax { axis: -1 }, &[]).done();
    assert_eq!(blocks(&agreed(&graph, classes(3))), "5 relu;");
}

#[test]
fn each_feature_may_come_under_its_own_name() {
    let mut graph = Sketch::new(3);
    let port = |name: &str| Port { name: name.into(), element: Element::Float, columns: Some(1) };
    graph.graph.inputs = ["size", "new", "price"].map(port).to_vec();
    graph.make(Op::Concat { axis: 1 }, &["price", "size", "new"]);
    let graph = graph.table(3, 4).then(Op::Tanh, &[]).table(4, 1).done();
    let imported = agreed(&graph, Target::Regression);
    assert_eq!(blocks(&imported), "4 tanh;");
    let mut other = graph.clone();
    other.inputs[1].name = "old".into();
    let refused = Model::from_plain_graph(&other, schema(Target::Regression), None, &Device::cpu());
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("3 input(s): `size` [N, 1], `old` [N, 1]"), "{refused}");
}

#[test]
fn the_answer_may_see_layers_before_the_last() {
    let mut graph = Sketch::new(3);
    let first = graph.table(3, 4).then(Op::Relu, &[]).last.clone();
    graph.table(4, 5).then(Op::Tanh, &[]).table(5, 2);
    let (deep, table) = (graph.last.clone(), graph.constant(&[4, 2], -1.0, 1.0));
    let shallow = graph.make(Op::MatMul, &[&first, &table]);
    graph.make(Op::Add, &[&deep, &shallow]);
    let graph = graph.done();
    assert_eq!(blocks(&agreed(&graph, classes(2))), "4 relu skip;5 tanh;");
}

#[test]
fn the_scale_by_which_a_graph_begins_is_that_of_its_rows() {
    let (offset, scale) = (vec![5_000.0, 0.5, -2.0], vec![0.01, 2.0, 4.0]);
    let mut graph = Sketch::new(3);
    let graph =
        graph.then(Op::Scaler { offset, scale }, &[]).table(3, 4).then(Op::Relu, &[]).table(4, 2).done();
    let imported = agreed(&graph, classes(2));
    assert!(imported.unscaled.is_empty(), "{:?}", imported.unscaled);
    let scales: Vec<crate::encoder::Scale> = imported.model.encoder().scales().collect();
    let expected = |mean: f64, deviation: f64| {
        move |scale: &crate::encoder::Scale| {
            matches!(scale, crate::encoder::Scale::Numeric { mean: m, deviation: d }
            if (m - mean).abs() < 1e-3 && (d - deviation).abs() < 1e-3)
        }
    };
    assert!(expected(5_000.0, 100.0)(&scales[0]) && expected(-2.0, 0.25)(&scales[2]), "{scales:?}");
    let mut bare = Sketch::new(3);
    let bare = bare.table(3, 2).done();
    assert_eq!(agreed(&bare, classes(2)).unscaled, ["price", "size"]);
}

#[test]
fn classes_are_those_of_the_schema_or_only_counted() {
    let classifier = |names: [&str; 2]| {
        let end = ScoreEnd::Logistic;
        let (coefficients, intercepts) = (vec![-0.5, 0.25, -1.0, 0.5, -0.25, 1.0], vec![-0.1, 0.1]);
        let classes = names.map(str::to_owned).to_vec();
        let mut graph = Sketch::new(3);
        graph.then(Op::LinearClassifier { coefficients, intercepts, classes: classes.clone(), end }, &[]);
        graph.graph.nodes[0].outputs = vec!["label".into(), "v0".into()];
        graph.then(Op::Normalizer, &[]).then(Op::ZipMap { classes }, &[]).done()
    };
    agreed(&classifier(["0", "1"]), classes(2));
    let refused = |graph: &Graph| {
        let refused = Model::from_plain_graph(graph, schema(classes(2)), None, &Device::cpu());
        refused.unwrap_err().to_string()
    };
    let told = refused(&classifier(["1", "0"]));
    assert!(told.contains("its classes are `1`, `0`, but those of the schema are `0`, `1`"), "{told}");
}

#[test]
fn two_sigmoids_are_classes_only_where_one_is_what_the_other_lacks() {
    let mut graph = Sketch::new(3);
    let second = graph.table(3, 4).then(Op::Tanh, &[]).table(4, 1).then(Op::Sigmoid, &[]).last.clone();
    let one = graph.exactly(&[1], vec![1.0]);
    let first = graph.make(Op::Sub, &[&one, &second]);
    graph.make(Op::Concat { axis: 1 }, &[&first, &second]);
    agreed(&graph.done(), classes(2));
    let mut both = Sketch::new(3);
    let both = both.table(3, 2).then(Op::Sigmoid, &[]).done();
    let refused = Model::from_plain_graph(&both, schema(classes(2)), None, &Device::cpu()).unwrap_err();
    assert!(refused.to_string().contains("are no probabilities of classes"), "{refused}");
}

#[test]
fn a_number_is_spread_as_the_graph_says_of_usual_rows() {
    let mut graph = Sketch::new(3);
    let (thousand, far) = (graph.exactly(&[], vec![1_000.0]), graph.exactly(&[1], vec![40_000.0]));
    let graph = graph.table(3, 1).then(Op::Mul, &[&thousand]).then(Op::Add, &[&far]).done();
    let imported = agreed(&graph, Target::Regression);
    let (mean, deviation) = imported.model.encoder().target_scale().unwrap();
    assert!(
        (30_000.0..50_000.0).contains(&mean) && (100.0..10_000.0).contains(&deviation),
        "{mean} {deviation}"
    );
}

#[track_caller]
fn assert_refused(target: Target, change: impl Fn(&mut Graph), expected: &str) {
    let mut graph = graph(2, None, &mut Pcg64::seed_from_u64(1));
    change(&mut graph);
    let schema = schema(target);
    let refused = Model::from_plain_graph(&graph, schema, None, &Device::cpu()).unwrap_err().to_string();
    assert!(refused.contains(expected), "{refused}");
}

#[test]
fn what_is_no_plain_network_is_refused_naming_the_operator() {
    let two = || classes(2);
    assert_refused(
        two(),
        |graph| graph.nodes[1].op = Op::Sin,
        "`Sin`, which makes `h0`: the operator is not",
    );
    assert_refused(
        two(),
        |graph| graph.nodes[1].op = Op::Erf,
        "`h0` is an Erf that is not the one of a GELU",
    );
    assert_refused(two(), |graph| graph.nodes[2].inputs[0] = "s9".into(), "nothing before it makes `s9`");
    assert_refused(two(), |graph| drop(graph.constants.remove("w1")), "`w1` is no table that never changes");
    assert_refused(two(), |graph| graph.inputs[0].columns = Some(4), "[N, 3] in their order");
    assert_refused(classes(3), |_| {}, "answers with 2 numbers, but the schema has 3 classes");
    assert_refused(
        Target::Regression,
        |graph| graph.nodes[4].op = Op::Softmax { axis: -1 },
        "the schema has a number to predict",
    );
    assert_refused(two(), |graph| graph.nodes[3].op = Op::Div, "divides by a value of the row");
    assert_refused(
        two(),
        |graph| graph.nodes[4].op = Op::Concat { axis: 0 },
        "not accepted with this attribute",
    );
}

#[test]
fn a_norm_of_which_our_blocks_have_none_is_refused_with_a_way_out() {
    let mut graph = Sketch::new(3);
    graph.table(3, 4);
    let (gain, shift) = (graph.constant(&[4], 0.5, 2.0), graph.constant(&[4], 0.5, 1.0));
    graph.then(Op::LayerNormalization { axis: -1, epsilon: 1e-5 }, &[&gain, &shift]);
    let graph = graph.then(Op::Tanh, &[]).table(4, 2).done();
    let refused = Model::from_plain_graph(&graph, schema(classes(2)), None, &Device::cpu()).unwrap_err();
    assert!(refused.to_string().contains("elementwise_affine=False"), "{refused}");
}

#[test]
fn a_norm_that_no_activation_follows_is_refused() {
    let mut graph = Sketch::new(3);
    graph.table(3, 4);
    let (gain, shift) = (graph.exactly(&[4], vec![1.0; 4]), graph.exactly(&[4], vec![0.0; 4]));
    graph.then(Op::LayerNormalization { axis: -1, epsilon: 1e-5 }, &[&gain, &shift]);
    let graph = graph.table(4, 2).done();
    let refused = Model::from_plain_graph(&graph, schema(classes(2)), None, &Device::cpu()).unwrap_err();
    assert!(refused.to_string().contains("an activation has to follow each layer norm"), "{refused}");
}

#[test]
fn layers_that_go_past_one_another_are_refused() {
    let mut graph = Sketch::new(3);
    let first = graph.table(3, 4).then(Op::Relu, &[]).last.clone();
    graph.table(4, 4).then(Op::Relu, &[]).then(Op::Add, &[&first]);
    let graph = graph.table(4, 4).then(Op::Relu, &[]).table(4, 2).done();
    let refused = Model::from_plain_graph(&graph, schema(classes(2)), None, &Device::cpu()).unwrap_err();
    assert!(refused.to_string().contains("this one goes past a layer, or beside one"), "{refused}");
}

#[test]
fn a_graph_that_writes_itself_out_again_and_again_is_refused() {
    let mut graph = Sketch::new(3);
    for _ in 0..40 {
        let last = graph.last.clone();
        graph.make(Op::Concat { axis: 1 }, &[&last, &last]);
    }
    let refused =
        Model::from_plain_graph(&graph.done(), schema(classes(2)), None, &Device::cpu()).unwrap_err();
    assert!(refused.to_string().contains("have more than"), "{refused}");
}
