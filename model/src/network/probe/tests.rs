//! What the probe promises, held by examples.

#![allow(clippy::unwrap_used, reason = "tests may")]

use crate::architecture::{Activation, Architecture, Block, Hyper};
use crate::cost::Shape;
use crate::device::Device;
use crate::network::Network;
use crate::testing::devices;
use crate::weights::Weights;

const SHAPE: Shape =
    Shape { inputs: 2, outputs: 2, classification: true, context: 0, steps: 0, picture: None };

fn network(device: &Device) -> Network {
    let architecture = Architecture {
        blocks: vec![Block { dropout: 0.5, ..Block::plain(3, Activation::Relu) }],
        ..Architecture::linear(Hyper::default())
    };
    let weights = Weights::random(&architecture, SHAPE, 4);
    Network::from_weights(&architecture, SHAPE, &weights, device).unwrap()
}

#[test]
fn the_gradient_of_a_batch_is_the_mean_of_its_rows() {
    let (rows, goals) = ([0.5, -1.0, 2.0, 0.3], [1.0, 0.0]);
    for network in devices().iter().map(network) {
        let both = network.tensors().unwrap().probe(&rows, &goals, &[]).unwrap().unwrap();
        let one = network.tensors().unwrap().probe(&rows[..2], &goals[..1], &[]).unwrap().unwrap();
        let other = network.tensors().unwrap().probe(&rows[2..], &goals[1..], &[]).unwrap().unwrap();
        assert!((both.loss - f32::midpoint(one.loss, other.loss)).abs() < 1e-6);
        for ((both, one), other) in both.gradient.iter().zip(&one.gradient).zip(&other.gradient) {
            assert!((both - f32::midpoint(*one, *other)).abs() < 1e-6);
        }
        assert_eq!(both.hidden[0].len(), 6);
        assert_eq!(both.gradient.len(), network.flat().unwrap().len());
    }
}

#[test]
fn refuses_what_does_not_fit() {
    let network = network(&Device::cpu());
    assert!(network.tensors().unwrap().probe(&[], &[], &[]).unwrap().is_none());
    assert!(network.tensors().unwrap().probe(&[0.5, 1.0], &[0.0, 1.0], &[]).is_err());
    assert!(network.tensors().unwrap().probe(&[0.5, 1.0], &[2.0], &[]).is_err());
}
