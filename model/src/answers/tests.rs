//! What answers promise, held by examples and properties.

#![allow(clippy::unwrap_used, reason = "tests may")]

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::*;
use crate::architecture::{Activation, Block, Hyper, Optimiser};
use crate::device::Device;
use crate::learner::Learner;
use crate::network::Network;
use crate::testing::{devices, random_numbers, random_weights};

const SHAPE: Shape =
    Shape { inputs: 3, outputs: 2, classification: true, context: 0, steps: 0, picture: None };

/// Three blocks, of which the second one does not reach the head.
fn exits(hyper: Hyper) -> Architecture {
    let block = |skip| Block { skip, ..Block::plain(5, Activation::Relu) };
    let blocks = vec![block(true), block(false), block(false)];
    Architecture { blocks, exits: true, ..Architecture::linear(hyper) }
}

fn set(weights: &mut crate::Weights, trust: &[f32]) {
    weights.0.get_mut("trust").unwrap().data = trust.to_vec();
}

#[test]
fn there_is_an_answer_wherever_a_block_reaches_the_head() {
    let architecture = exits(Hyper::default());
    assert_eq!(architecture.depths(), [0, 1, 3]);
    assert_eq!(Architecture { exits: false, ..architecture.clone() }.depths(), [3]);
    let linear = Architecture { blocks: Vec::new(), ..architecture };
    assert!(!linear.canonical().exits, "one depth is one answer");
}

#[test]
fn each_answer_is_what_the_network_up_to_there_says() {
    let architecture = exits(Hyper::default());
    let mut rng = Pcg64::seed_from_u64(1);
    let weights = random_weights(&architecture, SHAPE, 1.0, &mut rng);
    let rows = random_numbers(4 * SHAPE.inputs, 2.0, &mut rng);
    let says = |architecture: &Architecture, weights: &crate::Weights| {
        let network = Network::from_weights(architecture, SHAPE, weights, &Device::cpu()).unwrap();
        network.predict(&rows).unwrap()
    };
    let mut mixed = [0.0; 8];
    for (answer, depth) in architecture.depths().into_iter().enumerate() {
        let mut only = [0.0; 3];
        only[answer] = 1.0;
        let mut one = weights.clone();
        set(&mut one, &only);
        let said = says(&architecture, &one);
        let mut shorter = Architecture { exits: false, ..architecture.clone() };
        shorter.blocks.truncate(depth);
        let mut short = weights.clone();
        short.0.retain(|name, _| {
            !name.starts_with("block") && name != "trust" || name[..] < format!("block{depth:02}")[..]
        });
        let shorter = says(&shorter.canonical(), &short);
        assert!(said.iter().zip(&shorter).all(|(a, b)| (a - b).abs() < 1e-6), "{said:?}, {shorter:?}");
        let trust = weights.0["trust"].data[answer];
        mixed.iter_mut().zip(&said).for_each(|(all, said)| *all += trust * said);
    }
    assert!(mixed.iter().zip(says(&architecture, &weights)).all(|(a, b)| (a - b).abs() < 1e-6));
}

proptest! {
    #[test]
    fn trust_is_shared_out_and_nobody_is_given_up(seed: u64, answers in 1_usize..17) {
        let mut rng = Pcg64::seed_from_u64(seed);
        let mut trust = even(answers);
        for _ in 0..3_000 {
            let rows = rng.random_range(1..4);
            let wrong: Vec<f32> =
                (0..answers).map(|at| if at == 0 { rows as f32 } else { rng.random_range(0.0..0.1) }).collect();
            follow(&mut trust, &wrong, rows);
            prop_assert!(shares(&trust));
        }
        prop_assert!(trust[0] > 0.4 * HEDGE_FLOOR / answers as f32, "{:?}", trust);
        prop_assert!(answers == 1 || trust[0] <= HEDGE_FLOOR / answers as f32, "{:?}", trust);
    }
}

#[test]
fn a_new_exit_does_not_jump() {
    let mut trust = vec![0.0, 0.0, 1.0];
    follow(&mut trust, &[1.0, 1.0, 0.0], 1);
    assert!(trust[0] > 0.0 && trust[2] > 0.998, "{trust:?}");
    let mut together = vec![0.0, 0.0, 1.0];
    (0..300).for_each(|_| follow(&mut together, &[0.0; 3], 1));
    assert!(together[0] > 0.9 * HEDGE_FLOOR / 3.0, "{together:?}");
}

#[test]
fn trust_goes_where_its_answer_goes() {
    let from = exits(Hyper::default());
    let with = |edit: fn(&mut Architecture)| {
        let mut to = from.clone();
        edit(&mut to);
        to
    };
    let inherited = |to: &Architecture| inherit(&[0.2, 0.3, 0.5], &heirs(&from, to), to.depths().len());
    let deeper = with(|to| {
        to.blocks[2].skip = true;
        to.blocks.push(Block::plain(4, Activation::Relu));
    });
    assert_eq!(inherited(&deeper), [0.2, 0.3, 0.0, 0.5], "the last stays the last");
    assert_eq!(inherited(&with(|to| to.blocks[1].skip = true)), [0.2, 0.3, 0.0, 0.5]);
    assert_eq!(inherited(&with(|to| to.blocks[0].skip = false)), [0.2, 0.8]);
    assert_eq!(inherited(&with(|to| drop(to.blocks.pop()))), [0.2, 0.3, 0.5]);
    let off = with(|to| to.exits = false);
    assert_eq!(inherit(ALONE, &heirs(&off, &from), 3), [0.0, 0.0, 1.0]);
}

#[test]
fn trust_moves_to_the_depth_that_is_right_and_decay_leaves_it_alone() {
    // The linear path can say it all; the blocks only have noise to follow.
    let hyper = Hyper { optimiser: Optimiser::Sgd, step_size: 0.05, average: 9, ..Hyper::default() };
    let mut rng = Pcg64::seed_from_u64(3);
    let rows = random_numbers(4_000 * SHAPE.inputs, 1.0, &mut rng);
    let goals: Vec<f32> = rows.chunks(3).map(|row| f32::from(u8::from(row[0] + row[1] > 0.0))).collect();
    let learned = |weight_decay, device: &Device| {
        let architecture = exits(Hyper { weight_decay, ..hyper });
        let mut weights = random_weights(&architecture, SHAPE, 2.0, &mut Pcg64::seed_from_u64(4));
        set(&mut weights, &[0.0, 0.0, 1.0]);
        let network = Network::from_weights(&architecture, SHAPE, &weights, device).unwrap();
        let mut learner = Learner::from_network(&network, &[], 1).unwrap();
        learner.learn(&rows[..300 * SHAPE.inputs], &goals[..300]).unwrap();
        let state = learner.state().unwrap();
        let served = learner.freeze().unwrap().weights().unwrap().0["trust"].clone();
        assert_eq!(
            served,
            state.weights().0["trust"],
            "the mean of the weights answers with the trust of now"
        );
        served.data
    };
    for device in devices() {
        let trust = learned(0.9, &device);
        assert!(shares(&trust) && trust[0] > 0.02, "{trust:?}");
    }
}

fn committee(voices: u8, hyper: Hyper) -> Architecture {
    let blocks = vec![Block::plain(6, Activation::Relu)];
    Architecture { blocks, committee: voices, ..Architecture::linear(hyper) }
}

#[test]
fn copies_of_one_voice_say_the_same_and_get_apart() {
    let mut rng = Pcg64::seed_from_u64(7);
    let hyper = Hyper { step_size: 0.01, ..Hyper::default() };
    let alone = committee(1, hyper);
    let weights = random_weights(&alone, SHAPE, 0.5, &mut rng);
    let network = Network::from_weights(&alone, SHAPE, &weights, &Device::cpu()).unwrap();
    let rows = random_numbers(50 * SHAPE.inputs, 1.0, &mut rng);
    let goals: Vec<f32> = rows.chunks(3).map(|row| f32::from(u8::from(row[0] * row[1] > 0.0))).collect();
    let parent = Learner::from_network(&network, &[], 1).unwrap();
    let mut together = parent.inherit(&committee(4, hyper), 2).unwrap();
    let (said, says) = (parent.predict(&rows).unwrap(), together.predict(&rows).unwrap());
    assert!(said.iter().zip(&says).all(|(a, b)| (a - b).abs() < 1e-6));

    together.learn(&rows, &goals).unwrap();
    let learned = together.freeze().unwrap().weights().unwrap();
    for name in ["bias", "linear", "block00.head", "adapter"] {
        let table = &learned.0[name];
        let voices: Vec<&[f32]> = table.data.chunks(table.data.len() / 4).collect();
        for pair in voices.windows(2) {
            assert_ne!(pair[0], pair[1], "{name}");
        }
    }
    assert_eq!(learned.0["block00.weight"], {
        let mut again = parent.inherit(&committee(4, hyper), 2).unwrap();
        again.learn(&rows, &goals).unwrap();
        again.freeze().unwrap().weights().unwrap().0["block00.weight"].clone()
    });
}

#[test]
fn a_voice_is_a_network_of_its_own() {
    let mut rng = Pcg64::seed_from_u64(8);
    let architecture = Architecture { exits: true, ..committee(3, Hyper::default()) };
    let weights = random_weights(&architecture, SHAPE, 1.0, &mut rng);
    let rows = random_numbers(5 * SHAPE.inputs, 2.0, &mut rng);
    let says = |architecture: &Architecture, weights: &crate::Weights| {
        let network = Network::from_weights(architecture, SHAPE, weights, &Device::cpu()).unwrap();
        network.predict(&rows).unwrap()
    };
    let mut mean = [0.0; 10];
    let alone = Architecture { committee: 1, ..architecture.clone() };
    for voice in 0..3 {
        let mut own = weights.clone();
        let adapter = own.0.remove("adapter").unwrap();
        for name in ["bias", "linear", "block00.head"] {
            let table = own.0.get_mut(name).unwrap();
            let each = table.data.len() / 3;
            table.data = table.data[voice * each..(voice + 1) * each].to_vec();
            table.shape = if name == "bias" { vec![2] } else { vec![each / 2, 2] };
        }
        let first = own.0.get_mut("block00.weight").unwrap();
        for (row, adapter) in first.data.chunks_mut(6).zip(adapter.row(voice)) {
            for weight in row {
                *weight *= 1.0 + adapter;
            }
        }
        mean.iter_mut().zip(says(&alone, &own)).for_each(|(mean, said)| *mean += said / 3.0);
    }
    assert!(mean.iter().zip(says(&architecture, &weights)).all(|(a, b)| (a - b).abs() < 1e-5));
}

#[test]
fn a_voice_learns_from_a_row_once_on_average() {
    let plan = crate::program::Plan::new(&committee(8, Hyper::default()), SHAPE);
    let (mut rng, mut drawn) = (Pcg64::seed_from_u64(9), Vec::new());
    plan.draw_masks(5_000, &mut rng, &mut drawn);
    let counts = plan.counts(&drawn, 40_000);
    assert_eq!(counts.len(), 40_000);
    let mean = counts.iter().sum::<f32>() / 40_000.0;
    let never = counts.iter().filter(|count| **count == 0.0).count() as f32 / 40_000.0;
    assert!((mean - 1.0).abs() < 0.02 && (never - (-1.0_f32).exp()).abs() < 0.01, "{mean}, {never}");
    let alone = crate::program::Plan::new(&committee(1, Hyper::default()), SHAPE);
    alone.draw_masks(5, &mut rng, &mut drawn);
    assert!(drawn.is_empty());
}
