//! What network promises, held by examples and properties.

#![allow(clippy::unwrap_used, reason = "tests may")]

use super::*;
use crate::architecture::{Activation, Block, Hyper};
use crate::testing::devices;

const SHAPE: Shape =
    Shape { inputs: 2, outputs: 2, classification: true, context: 0, steps: 0, picture: None };

fn send_and_sync<T: Send + Sync>() {}

fn hand_made() -> (Architecture, Weights) {
    let architecture = Architecture {
        blocks: vec![Block::plain(1, Activation::Relu)],
        ..Architecture::linear(Hyper::default())
    };
    let mut weights = Weights::initial(&architecture, SHAPE, 0);
    let mut set = |name: &str, data: &[f32]| weights.0.get_mut(name).unwrap().data = data.to_vec();
    set("bias", &[0.5, 0.0]);
    set("linear", &[1.0, 0.0, 0.0, 2.0]);
    set("block00.weight", &[1.0, -1.0]);
    set("block00.bias", &[1.0]);
    set("block00.head", &[0.0, 3.0]);
    (architecture, weights)
}

#[test]
fn a_network_is_usable_from_every_thread() {
    send_and_sync::<Network>();
}

#[test]
fn computes_the_documented_function() {
    let (architecture, weights) = hand_made();
    let shape = Shape { classification: false, ..SHAPE };
    for device in devices() {
        let network = Network::from_weights(&architecture, shape, &weights, &device).unwrap();
        // Row (1, 1): hidden relu(1 - 1 + 1) = 1; row (0, 5): hidden relu(-5 + 1) = 0.
        assert_eq!(network.predict(&[1.0, 1.0, 0.0, 5.0]).unwrap(), [1.5, 5.0, 0.5, 10.0]);
        assert_eq!(network.weights().unwrap(), weights);
        assert!(network.predict(&[]).unwrap().is_empty());
    }
}

#[test]
fn classes_get_probabilities() {
    let (architecture, weights) = hand_made();
    for device in devices() {
        let network = Network::from_weights(&architecture, SHAPE, &weights, &device).unwrap();
        let said = network.predict(&[1.0, 1.0, 0.0, 0.0]).unwrap();
        for row in said.chunks(2) {
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        }
        assert!(((said[1] / said[0]).ln() - 3.5).abs() < 1e-5);
    }
}

#[test]
fn many_rows_are_answered_as_one_by_one() {
    let (architecture, weights) = hand_made();
    let rows: Vec<f32> = (0..64).map(|index| (index as f32).sin()).collect();
    for device in devices() {
        let network = Network::from_weights(&architecture, SHAPE, &weights, &device).unwrap();
        let one_by_one: Vec<f32> = rows.chunks(2).flat_map(|row| network.predict(row).unwrap()).collect();
        for (together, alone) in network.predict(&rows).unwrap().iter().zip(&one_by_one) {
            assert!((together - alone).abs() < 1e-6);
        }
    }
}

#[test]
fn refuses_half_a_row() {
    let (architecture, weights) = hand_made();
    let network = Network::from_weights(&architecture, SHAPE, &weights, &Device::cpu()).unwrap();
    assert!(network.predict(&[1.0, 2.0, 3.0]).unwrap_err().to_string().contains("rows of 2"));
}

#[test]
fn rows_without_labels_are_refused_to_a_network_that_needs_them() {
    let needy = Architecture { context: 2, ..Architecture::linear(Hyper::default()) };
    let weights = |shape| Weights::initial(&needy, shape, 1);
    let carried = Shape { inputs: SHAPE.inputs + 2 * SHAPE.outputs, context: 2, ..SHAPE };
    let network = Network::from_weights(&needy, carried, &weights(carried), &Device::cpu()).unwrap();
    assert_eq!(network.predict(&vec![0.5; carried.inputs]).unwrap(), [0.5, 0.5]);
    let fewer = Shape { context: 1, ..carried };
    let refused = Network::from_weights(&needy, fewer, &weights(fewer), &Device::cpu()).unwrap_err();
    assert!(refused.to_string().contains("needs the last 2 labels"), "{refused}");
    assert!(needy.needs_labels());
}
