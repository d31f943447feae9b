//! What stress promises: it is bounded and repeatable, and an attack hurts more than noise of its size.

#![allow(clippy::unwrap_used, reason = "tests may")]

use super::*;
use crate::architecture::{Activation, Architecture, Block, Hyper};
use crate::cost::Shape;
use crate::device::Device;
use crate::network::Network;
use crate::testing::random_numbers;
use crate::weights::Weights;

const SHAPE: Shape =
    Shape { inputs: 4, outputs: 3, classification: true, context: 0, steps: 0, picture: None };

#[test]
fn stress_is_bounded_and_repeatable() {
    let rows = vec![1.0; 1_000];
    assert_eq!(noisy(&rows, 3), noisy(&rows, 3));
    assert!(noisy(&rows, 3).iter().all(|value| (value - 1.0).abs() <= NOISE));
    let blank = missing(&rows, 3).iter().filter(|value| **value == 0.0).count();
    assert!((50..150).contains(&blank), "{blank} of 1000");
}

fn network() -> MixtureNetwork {
    let blocks = vec![Block::plain(16, Activation::Tanh)];
    let architecture = Architecture { blocks, ..Architecture::linear(Hyper::default()) };
    let mut weights = Weights::initial(&architecture, SHAPE, 1);
    let mut rng = Pcg64::seed_from_u64(1);
    for table in weights.0.values_mut() {
        table.data = random_numbers(table.data.len(), 0.7, &mut rng);
    }
    MixtureNetwork::of_one(Network::from_weights(&architecture, SHAPE, &weights, &Device::cpu()).unwrap())
}

fn loss(network: &MixtureNetwork, rows: &[f32], goals: &[f32]) -> f32 {
    let said = network.predict(rows).unwrap();
    let of = |(output, goal): (&[f32], &f32)| -output[*goal as usize].ln();
    said.chunks_exact(SHAPE.outputs).zip(goals).map(of).sum::<f32>() / goals.len() as f32
}

#[test]
fn an_attack_stays_close_and_hurts_more_than_noise_of_its_size() {
    let network = network();
    let mut rng = Pcg64::seed_from_u64(2);
    let rows = random_numbers(50 * SHAPE.inputs, 1.5, &mut rng);
    let goals: Vec<f32> = (0..50).map(|row| (row % 3) as f32).collect();
    let clean = loss(&network, &rows, &goals);
    let small: Vec<f32> = rows.iter().map(|n| n + rng.random_range(-ATTACK_RADIUS..ATTACK_RADIUS)).collect();
    let noise = loss(&network, &small, &goals) - clean;
    let numbers = [0, 1, 3];
    let hurt = [1, ATTACK_STEPS].map(|steps| {
        let moved = attacked(&network, &rows, &goals, &numbers, steps).unwrap();
        assert!(moved.iter().zip(&rows).all(|(moved, row)| (moved - row).abs() <= ATTACK_RADIUS + 1e-6));
        assert!(
            moved
                .chunks_exact(4)
                .zip(rows.chunks_exact(4))
                .all(|(moved, row)| moved[2].to_bits() == row[2].to_bits())
        );
        loss(&network, &moved, &goals) - clean
    });
    assert!(hurt[0] > 2.0 * noise.abs() && hurt[1] >= 0.95 * hurt[0], "{hurt:?}, noise {noise}");
}
