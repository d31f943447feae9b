//! What learner inherit promises, held by examples and properties.

#![allow(clippy::unwrap_used, reason = "tests may")]

use super::super::tests::{deep, examples, hyper, learner};
use super::*;
use crate::architecture::{Activation, Block, Hyper, Norm, Optimiser};
use crate::cost::Shape;
use crate::device::Device;

fn distance(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

fn trained() -> (Learner, Vec<f32>) {
    let (rows, goals) = examples(402, 1);
    let mut parent = learner(&deep(), 3);
    parent.learn(&rows, &goals).unwrap();
    (parent, rows)
}

fn grown() -> Architecture {
    let mut grown = deep();
    grown.blocks[0].groups = vec![24];
    grown.blocks[1].skip = true;
    grown.blocks.push(Block { norm: Norm::Layer, ..Block::plain(8, Activation::Silu) });
    grown
}

#[test]
fn a_grown_learner_says_the_same_and_learns_on() {
    let (parent, rows) = trained();
    let mut child = parent.inherit(&grown(), 5).unwrap();
    assert_eq!(child.architecture().without_groups(), grown().without_groups());
    assert!(distance(&parent.predict(&rows).unwrap(), &child.predict(&rows).unwrap()) < 1e-5);
    assert_eq!(child.steps(), parent.steps());
    assert_eq!(
        (child.intake.pending.len(), child.intake.reservoir.len()),
        (parent.intake.pending.len(), parent.intake.reservoir.len())
    );

    let (more, goals) = examples(100, 2);
    child.learn(&more, &goals).unwrap();
    let weights = child.state().unwrap();
    assert!(weights.weights().0["block02.head"].data.iter().any(|weight| *weight != 0.0));
}

#[test]
fn old_weights_keep_their_moments_and_new_ones_take_after_them() {
    let (parent, _) = trained();
    let mut to = deep();
    to.blocks[1].groups = vec![12];
    let child = parent.inherit(&to, 5).unwrap();
    let tables = |learner: &Learner| learner.body.export().unwrap();
    let (before, after) = (tables(&parent), tables(&child));
    for (moment, (before, after)) in before.iter().zip(&after).enumerate() {
        let (old, new) = (&before.0["block01.head"].data, &after.0["block01.head"].data);
        assert_eq!(new[..old.len()], old[..], "what was there stays");
        for output in 0..child.shape().outputs {
            let column = old.iter().skip(output).step_by(child.shape().outputs);
            let mean = column.clone().sum::<f32>() / column.count() as f32;
            let expected = if moment == 2 { mean } else { 0.0 };
            let of_new = new[old.len()..].iter().skip(output).step_by(child.shape().outputs);
            assert!(of_new.clone().all(|number| (number - expected).abs() <= 1e-6 * expected.abs()));
        }
    }
    assert!(after[2].0["block01.head"].data.iter().all(|square| *square > 0.0));
}

#[test]
fn an_unchanged_architecture_keeps_everything_but_the_draw() {
    let (parent, _) = trained();
    let child = parent.inherit(&deep(), 5).unwrap();
    assert_eq!(child.body.export().unwrap(), parent.body.export().unwrap());
}

#[test]
fn another_optimiser_starts_without_moments() {
    let (parent, _) = trained();
    let to = Architecture { hyper: Hyper { optimiser: Optimiser::Sgd, ..hyper() }, ..deep() };
    let child = parent.inherit(&to, 5).unwrap();
    let [weights, first, second] = child.body.export().unwrap();
    assert_eq!(weights, parent.body.export().unwrap()[0]);
    let moments = [first, second].map(|tables| tables.0.into_values()).into_iter().flatten();
    assert!(moments.flat_map(|table| table.data).all(|moment| moment == 0.0));
    assert_eq!(child.steps(), 0);
}

#[test]
fn a_smaller_batch_takes_in_what_waits() {
    let (parent, _) = trained();
    let to = Architecture { hyper: Hyper { batch: 1, replay: 0.0, ..hyper() }, ..deep() };
    let mut child = parent.inherit(&to, 5).unwrap();
    assert_eq!(child.intake.pending.len(), 2);
    child.learn(&[0.5; 4], &[1.0]).unwrap();
    assert_eq!((child.intake.pending.len(), child.steps()), (0, parent.steps() + 1));
}

#[test]
fn distilling_brings_a_shrunk_learner_back_to_its_teacher() {
    let (parent, rows) = trained();
    let teacher = parent.freeze().unwrap();
    let mut small = deep();
    small.blocks.truncate(1);
    small.blocks[0].dropout = 0.0;
    let mut child = parent.inherit(&small, 5).unwrap();
    let said = teacher.predict(&rows).unwrap();
    let mean = |child: &Learner| {
        let now = child.predict(&rows).unwrap();
        said.iter().zip(&now).map(|(a, b)| (a - b).abs()).sum::<f32>() / said.len() as f32
    };
    let before = mean(&child);
    child.distil(&teacher, &rows, 300).unwrap();
    let after = mean(&child);
    assert!(after < before / 2.0, "{before} to {after}");
}

#[test]
fn a_teacher_has_to_answer_the_same_rows() {
    let (mut parent, rows) = trained();
    let shape = Shape { inputs: 4, outputs: 1, classification: false, context: 0, steps: 0, picture: None };
    let other = Learner::new(&deep(), shape, &[], &Device::cpu(), 1).unwrap().freeze().unwrap();
    assert!(parent.distil(&other, &rows, 1).is_err());
}
