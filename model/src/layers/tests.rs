//! What layers promises, held by examples. The programs' tests hold these against a gradient written by hand.

#![allow(clippy::unwrap_used, reason = "tests may")]

use candle_core::Device;

use super::*;
use crate::testing::tensor_devices;

#[test]
fn each_norm_group_has_its_own_statistics() {
    let block = Block { groups: vec![3, 2], norm: Norm::Layer, ..Block::plain(5, Activation::Relu) };
    let sums = Tensor::new(&[[1.0_f32, 2.0, 6.0, 100.0, 300.0]], &Device::Cpu).unwrap();
    let normed = normalise(&block, sums).unwrap();
    let normed: Vec<Vec<f32>> = normed.to_vec2().unwrap();
    assert!((normed[0][..3].iter().sum::<f32>()).abs() < 1e-5);
    assert!((normed[0][3] + 1.0).abs() < 1e-5 && (normed[0][4] - 1.0).abs() < 1e-5);
}

/// One row of two numbers through a block of one unit that is twice the first number.
fn through(kind: BlockKind, device: &Device) -> Vec<f32> {
    let block = Block { kind, ..Block::plain(1, Activation::Relu) };
    let architecture = Architecture { blocks: vec![block], ..Architecture::linear(crate::Hyper::default()) };
    let shape = Shape { inputs: 2, outputs: 2, classification: false, context: 0, steps: 0, picture: None };
    let mut weights = crate::Weights::initial(&architecture, shape, 1);
    let mut set = |name: &str, data: &[f32]| {
        if let Some(table) = weights.0.get_mut(name) {
            table.data = data.to_vec();
        }
    };
    set("block00.weight", &[2.0, 0.0]);
    set("block00.gate_bias", &[3.0_f32.ln()]);
    set("block00.out", &[10.0, 100.0]);
    let flat = weights.flatten(&architecture, shape).unwrap();
    let numbers = flat.len();
    let flat = Tensor::from_vec(flat, numbers, device).unwrap();
    let layers = Layers::view(&flat, &architecture, shape).unwrap();
    let rows = Tensor::new(&[[3.0_f32, 5.0]], device).unwrap();
    let trace = layers.forward(&architecture, &rows, None, &[]).unwrap();
    trace.hidden[0].flatten_all().unwrap().to_vec1().unwrap()
}

#[test]
fn blocks_pass_on_what_their_kind_says() {
    for device in tensor_devices() {
        let through = |kind| through(kind, &device.device);
        assert_eq!(through(BlockKind::Dense), [6.0]);
        assert!((through(BlockKind::Gated)[0] - 9.0).abs() < 1e-5);
        assert_eq!(through(BlockKind::Residual), [63.0, 605.0]);
        assert_eq!(through(BlockKind::Cross), [183.0, 3005.0]);
    }
}
