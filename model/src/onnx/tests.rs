//! What graphs of models promise, held by examples and over random models. That other people's software says what the
//! model says is held by `tests/peers/onnx_parity.py`.

#![allow(clippy::unwrap_used, reason = "tests may")]

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::*;
use crate::architecture::{Architecture, Hyper};
use crate::cost::Shape;
use crate::device::Device;
use crate::encoder::Encoder;
use crate::error::ModelError;
use crate::image::{Image, Picture};
use crate::mixture::{Mixer, MixingRule, Mixture, MixtureNetwork};
use crate::model::Model;
use crate::network::Network;
use crate::sample::{Row, Truth};
use crate::schema::{Feature, FeatureKind, Objective, Schema, Target};
use crate::sequence::{Sequence, Sequences};
use crate::testing::{random_architecture, random_image, random_sequence, random_weights};

const NAMES: [&str; 4] = ["red", "green", "blue", "none"];

fn schema(target: Target) -> Schema {
    let feature = |name: &str, kind| Feature { name: name.into(), kind };
    let features = vec![
        feature("flag", FeatureKind::Boolean),
        feature("price", FeatureKind::Numeric),
        feature("colour", FeatureKind::Categorical { buckets: 3 }),
        feature("size", FeatureKind::Numeric),
    ];
    Schema::new(features, target, Objective::default()).unwrap()
}

fn classes() -> Target {
    Target::Classification { classes: vec!["a".into(), "b".into(), "c".into()] }
}

fn categories() -> Categories {
    let mut categories = Categories::default();
    for name in NAMES {
        categories.insert("colour", name).unwrap();
    }
    categories
}

fn model(members: &[Architecture], rule: MixingRule, target: Target, rng: &mut Pcg64) -> Model {
    let reads = members.iter().any(|member| member.sequence != Sequence::None);
    let carried = reads.then_some(Sequences { entity: Some(2), length: 3, entities: 10 });
    let looks = members.iter().any(|member| member.image != Image::None);
    let picture = looks.then_some(Picture { first: 3, height: 1, width: 1, channels: 1 });
    let schema = schema(target).with_sequences(carried).unwrap().with_picture(picture).unwrap();
    let schema = Arc::new(schema);
    let mut encoder = Encoder::new(&schema);
    for _ in 0..20 {
        let mut number = || rng.random_range(-3.0..9.0);
        encoder.observe(&Row::new(vec![1.0, number(), 2.0, number()]).unwrap());
        encoder.observe_truth(&Truth::Number(number()));
    }
    let shape = Shape::of_rows(&schema);
    let network = |architecture| {
        let weights = random_weights(architecture, shape, 0.7, rng);
        Network::from_weights(architecture, shape, &weights, &Device::cpu()).unwrap()
    };
    let networks = members.iter().map(network).collect();
    let network = MixtureNetwork::new(networks, Mixer::new(rule, members.len())).unwrap();
    Model::new(schema, encoder, network).unwrap()
}

fn random_model(seed: u64) -> Model {
    let mut rng = Pcg64::seed_from_u64(seed);
    let mut members: Vec<Architecture> =
        (0..rng.random_range(1..=3)).map(|_| random_architecture(&mut rng)).collect();
    for member in members.iter_mut().filter(|_| seed % 2 == 1) {
        member.sequence = random_sequence(&mut rng);
    }
    for member in members.iter_mut().filter(|_| seed % 3 == 1) {
        member.image = random_image(1, &mut rng);
    }
    let rule = MixingRule::ALL[rng.random_range(0..MixingRule::ALL.len())];
    let target = if rng.random() { classes() } else { Target::Regression };
    model(&members, rule, target, &mut rng)
}

fn linear() -> Model {
    let architecture = Architecture::linear(Hyper::default());
    model(&[architecture], MixingRule::Mean, classes(), &mut Pcg64::seed_from_u64(1))
}

#[track_caller]
fn assert_refused(refused: Result<impl std::fmt::Debug, ModelError>, expected: &str) {
    let message = refused.unwrap_err().to_string();
    assert!(message.contains(expected), "{message}");
}

/// Every value is made once, before it is used.
fn assert_sound(graph: &Graph) {
    let mut made: BTreeSet<&str> = graph.constants.keys().map(String::as_str).collect();
    for port in &graph.inputs {
        assert!(made.insert(&port.name), "`{}` is there twice", port.name);
    }
    for node in &graph.nodes {
        for input in &node.inputs {
            assert!(made.contains(input.as_str()), "`{input}` is used before it is made");
        }
        for output in &node.outputs {
            assert!(made.insert(output), "`{output}` is made twice");
        }
    }
    assert!(graph.outputs.iter().all(|port| made.contains(port.name.as_str())));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_graph_is_sound_and_leads_back_to_its_model(seed: u64) {
        let model = random_model(seed);
        let graph = model.to_graph(&categories()).unwrap();
        assert_sound(&graph);
        prop_assert_eq!(&graph, &model.to_graph(&categories()).unwrap());
        let back = Model::from_graph(&graph, &Device::cpu()).unwrap();
        prop_assert_eq!(back.parts().unwrap(), model.parts().unwrap());
    }

    #[test]
    fn a_probe_has_the_same_rows_in_both_forms(seed: u64) {
        let model = linear();
        let probe = Probe::draw(&model, &categories(), 20, seed).unwrap();
        let again = Probe::draw(&model, &categories(), 20, seed).unwrap();
        prop_assert_eq!(&probe.rows, &again.rows);
        for (at, column) in probe.columns.iter().enumerate() {
            for (row, values) in probe.rows.iter().enumerate() {
                let missing = values.values()[at].is_nan();
                match column {
                    Column::Numbers(numbers) => {
                        prop_assert_eq!(numbers[row].to_bits(), values.values()[at].to_bits());
                    }
                    Column::Names(names) => prop_assert_eq!(names[row].is_empty(), missing),
                }
            }
        }
    }
}

#[test]
fn ports_are_the_features_and_the_answer() {
    let graph = linear().to_graph(&categories()).unwrap();
    let ports: Vec<_> = graph.inputs.iter().map(|port| (port.name.as_str(), port.element)).collect();
    let expected = [
        ("flag", Element::Float),
        ("price", Element::Float),
        ("colour", Element::Text),
        ("size", Element::Float),
    ];
    assert_eq!(ports, expected);
    let answer = Port { name: PROBABILITIES.into(), element: Element::Float, columns: Some(3) };
    assert_eq!(graph.outputs, [answer]);
}

#[test]
fn a_number_is_answered_as_a_list() {
    let architecture = Architecture::linear(Hyper::default());
    let model = model(&[architecture], MixingRule::Mean, Target::Regression, &mut Pcg64::seed_from_u64(1));
    let answer = Port { name: PREDICTION.into(), element: Element::Float, columns: None };
    assert_eq!(model.to_graph(&categories()).unwrap().outputs, [answer]);
}

#[test]
fn a_network_that_sees_labels_is_refused_by_name() {
    let linear = Architecture::linear(Hyper::default());
    let members = [linear.clone(), Architecture { context: 2, ..linear }];
    let model = model(&members, MixingRule::Mean, classes(), &mut Pcg64::seed_from_u64(1));
    assert_refused(model.to_graph(&categories()), "`linear, adamw 0.003, context 2` sees the last 2 labels");
}

#[test]
fn a_graph_needs_the_names_of_each_category_and_no_others() {
    assert_refused(linear().to_graph(&Categories::default()), "no names are listed for `colour`");
    let mut categories = categories();
    categories.insert("price", "cheap").unwrap();
    assert_refused(linear().to_graph(&categories), "`price`, which is no categorical feature");
}

#[test]
fn a_name_that_is_empty_is_none_and_one_without_end_is_refused() {
    let mut categories = Categories::default();
    categories.insert("colour", "").unwrap();
    assert_eq!(categories, Categories::default());
    assert_refused(categories.insert("colour", &"x".repeat(257)), "has 257 bytes");
}

#[test]
fn what_was_altered_is_refused() {
    let whole = linear().to_graph(&categories()).unwrap();
    let mut other = whole.clone();
    let relu = other.nodes.iter_mut().find(|node| node.op == Op::Max).unwrap();
    relu.op = Op::Min;
    assert_refused(Model::from_graph(&other, &Device::cpu()), "was altered");
    let mut short = whole.clone();
    short.constants.remove("driftform/member00/linear").unwrap();
    assert_refused(Model::from_graph(&short, &Device::cpu()), "no table `driftform/member00/linear`");
    let mut bare = whole;
    bare.notes.clear();
    assert!(!bare.is_exported());
    assert_refused(Model::from_graph(&bare, &Device::cpu()), "the note `driftform.manifest`");
}

#[test]
fn a_feature_may_not_have_a_name_of_the_graph_itself() {
    for (name, expected) in
        [(PROBABILITIES, "has the name of the graph's output"), ("driftform/x", "that the graph uses itself")]
    {
        let features = vec![Feature { name: name.into(), kind: FeatureKind::Numeric }];
        let schema = Schema::new(features, classes(), Objective::default()).unwrap();
        let model = Model::prior(Arc::new(schema), &[1, 1, 1], &Device::cpu()).unwrap();
        assert_refused(model.to_graph(&Categories::default()), expected);
    }
}

#[test]
fn mixtures_of_every_rule_have_graphs() {
    for rule in MixingRule::ALL {
        let members = vec![Architecture::linear(Hyper::default()); 4];
        assert!(Mixture { members: members.clone(), rule }.check().is_ok());
        let model = model(&members, rule, classes(), &mut Pcg64::seed_from_u64(3));
        assert_sound(&model.to_graph(&categories()).unwrap());
    }
}
