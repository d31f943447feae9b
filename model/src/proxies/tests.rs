//! What the proxies promise, held by examples and properties.

#![allow(clippy::unwrap_used, reason = "tests may")]
#![allow(clippy::float_cmp, reason = "these values are exact")]

use proptest::prelude::*;
use rand::SeedableRng;
use rand_pcg::Pcg64;

use super::*;
use crate::architecture::{Activation, Block, Hyper};
use crate::testing::{random_architecture, random_numbers};

const SHAPE: Shape =
    Shape { inputs: 4, outputs: 3, classification: true, context: 0, steps: 0, picture: None };

fn batch(seed: u64) -> (Vec<f32>, Vec<f32>) {
    let encoded = random_numbers(32 * SHAPE.inputs, 2.0, &mut Pcg64::seed_from_u64(seed));
    let goals = (0..32).map(|row| (row % 3) as f32).collect();
    (encoded, goals)
}

fn scores(network: &Network, (encoded, goals): &(Vec<f32>, Vec<f32>)) -> Scores {
    Scores::of(network, Window { encoded, goals }, &[]).unwrap()
}

fn plain(blocks: &[u16]) -> Architecture {
    let blocks = blocks.iter().map(|width| Block::plain(*width, Activation::Relu)).collect();
    Architecture { blocks, ..Architecture::linear(Hyper::default()) }
}

fn network(architecture: &Architecture, seed: u64) -> Network {
    untrained(architecture, SHAPE, &Device::cpu(), seed).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn scores_are_finite_repeat_and_synflow_sees_no_data(seed: u64) {
        let architecture = random_architecture(&mut Pcg64::seed_from_u64(seed));
        let network = network(&architecture, seed);
        let (one, other) = (scores(&network, &batch(seed)), scores(&network, &batch(seed ^ 1)));
        prop_assert_eq!(one, scores(&network, &batch(seed)));
        prop_assert!(one.features().iter().all(|score| score.is_finite()));
        prop_assert_eq!(one.synflow, other.synflow);
        prop_assert_ne!(one.gradient_norm, other.gradient_norm);
    }

    #[test]
    fn half_is_rejected_and_never_what_is_best_in_everything(seed: u64, count in 1_usize..12) {
        let numbers = random_numbers(count * 4, 3.0, &mut Pcg64::seed_from_u64(seed));
        let mut all: Vec<Scores> = numbers
            .chunks(4)
            .map(|of| Scores {
                synflow: f64::from(of[0]), naswot: f64::from(of[1]), zico: f64::from(of[2]),
                gradient_norm: f64::from(of[3]),
            })
            .collect();
        let best = Scores { synflow: 9.0, naswot: 9.0, zico: 9.0, gradient_norm: 9.0 };
        all.push(best);
        let rejected = reject_worst_half(&all);
        prop_assert_eq!(rejected.iter().filter(|rejected| **rejected).count(), all.len() / 2);
        prop_assert!(!rejected[count]);
    }
}

#[test]
fn synflow_is_the_sum_over_all_ways_through_the_network() {
    let shape = Shape { inputs: 2, outputs: 1, classification: false, context: 0, steps: 0, picture: None };
    let architecture = plain(&[2]);
    let mut weights = Weights::random(&architecture, shape, 1);
    weights.0.get_mut("linear").unwrap().data = vec![1.0, -2.0];
    weights.0.get_mut("block00.weight").unwrap().data = vec![1.0, -1.0, 2.0, 3.0];
    weights.0.get_mut("block00.head").unwrap().data = vec![-1.0, 0.5];
    // Ways: linear 1 + 2; through the units 3 * 1 + 4 * 0.5, each counted by both its weights.
    assert!((synflow(&weights, &architecture, shape) - 13.0_f64.ln()).abs() < 1e-12);
}

#[test]
fn naswot_rises_with_what_is_told_apart() {
    let told = |rows: &(Vec<f32>, Vec<f32>), widths: &[u16]| scores(&network(&plain(widths), 3), rows).naswot;
    let (encoded, goals) = batch(1);
    let alike: Vec<f32> = encoded[..SHAPE.inputs].iter().copied().cycle().take(encoded.len()).collect();
    let (rows, alike) = ((encoded, goals.clone()), (alike, goals));
    assert_eq!(told(&rows, &[]), 0.0, "a linear network tells nothing apart");
    assert!(told(&alike, &[16]) < told(&rows, &[16]));
    assert!(told(&rows, &[4]) < told(&rows, &[16]));
    assert!(told(&rows, &[16]) < told(&rows, &[16, 16]));
}

#[test]
fn zico_prefers_gradients_that_agree() {
    let network = network(&plain(&[8]), 3);
    let (encoded, _) = batch(1);
    let first = &encoded[..8 * SHAPE.inputs];
    let noise = random_numbers(encoded.len(), 0.05, &mut Pcg64::seed_from_u64(9));
    let close: Vec<f32> = first.iter().cycle().zip(&noise).map(|(number, noise)| number + noise).collect();
    let goals: Vec<f32> = (0..8).cycle().take(32).map(|row| (row % 3) as f32).collect();
    let apart = scores(&network, &(encoded, goals.clone()));
    assert!(scores(&network, &(close, goals)).zico > apart.zico);
}

#[test]
fn a_batch_is_needed_and_a_long_one_is_cut() {
    let network = network(&plain(&[8]), 3);
    assert!(Scores::of(&network, Window::EMPTY, &[]).is_err());
    let (mut encoded, mut goals) = batch(2);
    let (more, other) = batch(3);
    encoded.extend(&more);
    goals.extend(&other);
    let newest = scores(&network, &(encoded.clone(), goals.clone()));
    encoded.splice(..0, [0.0; SHAPE.inputs]);
    goals.insert(0, 1.0);
    assert_eq!(scores(&network, &(encoded, goals)), newest);
    assert!(reject_worst_half(&[]).is_empty());
    assert_eq!(reject_worst_half(&[newest, newest]), [false, true], "of equals the later one");
}
