//! What weights promises, held by examples and properties.

#![allow(clippy::unwrap_used, reason = "tests may")]

use super::*;
use crate::architecture::{Activation, Block, Hyper};

const SHAPE: Shape =
    Shape { inputs: 3, outputs: 2, classification: true, context: 0, steps: 0, picture: None };

fn architecture() -> Architecture {
    let first = Block { skip: true, ..Block::plain(8, Activation::Relu) };
    Architecture {
        blocks: vec![first, Block::plain(4, Activation::Tanh)],
        ..Architecture::linear(Hyper::default())
    }
}

#[test]
fn the_same_seed_gives_the_same_weights() {
    let initial = |seed| Weights::initial(&architecture(), SHAPE, seed);
    assert_eq!(initial(1), initial(1));
    assert_ne!(initial(1), initial(2));
}

#[test]
fn only_blocks_start_random_and_within_the_bound() {
    let weights = Weights::initial(&architecture(), SHAPE, 1);
    for (name, array) in &weights.0 {
        let random = name.ends_with(".weight");
        assert_eq!(array.data.iter().any(|value| *value != 0.0), random, "{name}");
        assert!(array.data.iter().all(|value| value.abs() <= (6.0_f32 / 3.0).sqrt()));
    }
}

#[test]
fn flattening_loses_nothing() {
    let weights = Weights::initial(&architecture(), SHAPE, 1);
    let flat = weights.flatten(&architecture(), SHAPE).unwrap();
    assert_eq!(Weights::unflatten(&flat, &architecture(), SHAPE), weights);
}

#[test]
fn refuses_weights_that_do_not_fit() {
    let refused = |edit: fn(&mut Weights)| {
        let mut weights = Weights::initial(&architecture(), SHAPE, 1);
        edit(&mut weights);
        weights.flatten(&architecture(), SHAPE).unwrap_err().to_string()
    };
    assert!(refused(|w| drop(w.0.remove("linear"))).contains("7 tables"));
    assert!(refused(|w| w.0.get_mut("linear").unwrap().shape = vec![2, 3]).contains("has shape [2, 3]"));
    assert!(refused(|w| w.0.get_mut("bias").unwrap().data[1] = f32::NAN).contains("holds NaN at position 1"));
}
