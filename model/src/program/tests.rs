//! What programs promise: that they are the networks they stand for, as tensors compute them.

#![allow(clippy::unwrap_used, reason = "tests may")]

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use crate::architecture::{Activation, Architecture, Block, Hyper, Norm, Optimiser};
use crate::cost::Shape;
use crate::device::Device;
use crate::image::{Image, Picture};
use crate::learner::Learner;
use crate::network::Network;
use crate::sequence::Sequence;
use crate::testing::{self, random_architecture, random_image, random_sequence, tensor_devices};

/// Any ends a stream may give: few and many outputs, classes and numbers, with a recent label or two, and sometimes with a picture.
fn random_shape(rng: &mut Pcg64) -> Shape {
    let classification = rng.random_range(0..4) > 0;
    let outputs = if classification { rng.random_range(2..=19) } else { 1 };
    let (context, steps) = (rng.random_range(1..=2), rng.random_range(0..=4));
    let mut features = rng.random_range(1..=23);
    let picture = (rng.random_range(0..3) == 0).then(|| {
        let first = rng.random_range(0..3);
        let [height, width] = [rng.random_range(2..=6), rng.random_range(2..=5)];
        let picture = Picture { first, height, width, channels: rng.random_range(1..=2) };
        features = picture.first + 2 * picture.numbers() + rng.random_range(0..3);
        picture
    });
    let inputs = features + context * outputs + steps * (features + 1);
    Shape { inputs, outputs, classification, context, steps, picture }
}

/// Rows as streams have them: numbers, zeros and ones.
fn random_rows(rows: usize, shape: Shape, rng: &mut Pcg64) -> Vec<f32> {
    let thin = rng.random_range(0..3);
    let mut number = || match (thin, rng.random_range(0..4)) {
        (0, 0..3) | (1, 0) => 0.0,
        (0, _) => 1.0,
        _ => rng.random_range(-2.0..2.0),
    };
    (0..rows * shape.inputs).map(|_| number()).collect()
}

fn random_goals(rows: usize, shape: Shape, rng: &mut Pcg64) -> Vec<f32> {
    let mut goal = || {
        if shape.classification {
            rng.random_range(0..shape.outputs) as f32
        } else {
            rng.random_range(-3.0..3.0)
        }
    };
    (0..rows).map(|_| goal()).collect()
}

/// Sometimes wide enough for every kernel.
fn random_widths(rng: &mut Pcg64) -> Architecture {
    let mut architecture = random_architecture(rng);
    for block in &mut architecture.blocks {
        if rng.random_range(0..3) == 0 {
            block.groups[0] = rng.random_range(1..150);
        }
    }
    architecture.context = rng.random_range(0..=1);
    architecture.canonical()
}

/// The same, which reads the events that rows of this shape carry, or looks at their picture, half of the time.
fn random_network(shape: Shape, rng: &mut Pcg64) -> Architecture {
    let sequence = if shape.steps > 0 { random_sequence(rng) } else { Sequence::None };
    let image = if shape.picture.is_some() { random_image(2, rng) } else { Image::None };
    Architecture { sequence, image, ..random_widths(rng) }
}

/// Of weights about their mean: many units are saturated.
const SPREAD: f32 = 0.4;

fn close(found: &[f32], expected: &[f32], tolerance: f32) -> Result<(), TestCaseError> {
    prop_assert_eq!(found.len(), expected.len());
    let size = expected.iter().fold(1.0_f32, |size, value| size.max(value.abs()));
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - expected).abs();
        prop_assert!(error <= tolerance * size, "at {}: {} is not {}", at, found, expected);
    }
    Ok(())
}

/// How far apart two ways to compute may be: a norm divides by deviations, and by nearly nothing where the
/// units of a group agree, so rounding shows.
fn tolerance(architecture: &Architecture) -> f32 {
    if architecture.blocks.iter().any(|block| block.norm == Norm::Layer) { 2e-3 } else { 1e-5 }
}

fn numbers(learner: &Learner) -> Vec<f32> {
    let weights = learner.freeze().unwrap().weights().unwrap();
    weights.0.values().flat_map(|table| table.data.clone()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn a_program_answers_as_tensors_do(seed: u64, rows in 1_usize..70) {
        let mut rng = Pcg64::seed_from_u64(seed);
        let shape = random_shape(&mut rng);
        let architecture = random_network(shape, &mut rng);
        let weights = testing::random_weights(&architecture, shape, SPREAD, &mut rng);
        let encoded = random_rows(rows, shape, &mut rng);
        let says = |device: &Device, rows: &[f32]| {
            Network::from_weights(&architecture, shape, &weights, device).unwrap().predict(rows).unwrap()
        };
        let together = says(&Device::cpu(), &encoded);
        for device in tensor_devices() {
            close(&together, &says(&device, &encoded), tolerance(&architecture))?;
        }
        let alone: Vec<f32> =
            encoded.chunks(shape.inputs).flat_map(|row| says(&Device::cpu(), row)).collect();
        close(&alone, &together, tolerance(&architecture))?;
    }

    #[test]
    fn a_program_learns_as_tensors_do(seed: u64, batch in 1_u16..40, steps in 1_usize..6) {
        let mut rng = Pcg64::seed_from_u64(seed);
        let shape = random_shape(&mut rng);
        let hyper = Hyper {
            optimiser: Optimiser::ALL[rng.random_range(0..4)],
            step_size: 0.01,
            weight_decay: if rng.random() { 0.1 } else { 0.0 },
            batch: if rng.random() { 1 } else { batch },
            replay: if rng.random() { 0.5 } else { 0.0 },
            average: if rng.random() { 7 } else { 0 },
            surge: if rng.random() { 2 } else { 0 },
            elastic: rng.random(),
            ..Hyper::default()
        };
        let mut architecture = Architecture { hyper, ..random_network(shape, &mut rng) }.canonical();
        let adaptive = matches!(hyper.optimiser, Optimiser::RmsProp | Optimiser::AdamW);
        if adaptive {
            // A norm takes gradients away, and Adam makes whole steps of the rounding that is left.
            architecture.blocks.iter_mut().for_each(|block| block.norm = Norm::None);
        }
        let class_weights: Vec<f32> = (0..shape.outputs).map(|_| rng.random_range(0.5..2.0)).collect();
        let rows = steps * usize::from(hyper.batch);
        let (encoded, goals) = (random_rows(rows, shape, &mut rng), random_goals(rows, shape, &mut rng));
        // Nor may it be sure of an answer: the error of one near 1 is rounding too.
        let spread = if adaptive { 0.1 } else { SPREAD };
        let weights = testing::random_weights(&architecture, shape, spread, &mut rng);
        let learned = |device: &Device, encoded: &[f32]| {
            let network = Network::from_weights(&architecture, shape, &weights, device).unwrap();
            let mut learner = Learner::from_network(&network, &class_weights, seed).unwrap();
            learner.learn(encoded, &goals).unwrap();
            learner
        };
        let program = learned(&Device::cpu(), &encoded);
        for device in tensor_devices() {
            let tensors = learned(&device, &encoded);
            if adaptive {
                let nudged: Vec<f32> = encoded.iter().map(|value| value * (1.0 + 4.0 * f32::EPSILON)).collect();
                let [found, rounded] = [&program, &learned(&device, &nudged)].map(|other| off(other, &tensors));
                prop_assert!(found <= 3 * rounded + 40, "{} numbers are off, by rounding {}", found, rounded);
            } else {
                learned_alike(&program, &tensors, &encoded, &goals)?;
            }
        }
    }
}

fn learned_alike(
    program: &Learner,
    tensors: &Learner,
    encoded: &[f32],
    goals: &[f32],
) -> Result<(), TestCaseError> {
    prop_assert_eq!(program.steps(), tensors.steps());
    let norms = [program, tensors].map(|learner| learner.gradient_norm(encoded, goals).unwrap());
    let tolerance = tolerance(program.architecture());
    prop_assert!((norms[0] - norms[1]).abs() <= 50.0 * tolerance * norms[1].max(0.1), "{:?}", norms);
    close(&numbers(program), &numbers(tensors), tolerance)?;
    close(&program.predict(encoded).unwrap(), &tensors.predict(encoded).unwrap(), 10.0 * tolerance)
}

/// Where two learners differ by more than rounding. An adaptive step is whole where a gradient is nothing
/// but rounding, so it is compared by count, with what a nudge of the rows by their rounding does.
fn off(one: &Learner, other: &Learner) -> usize {
    numbers(one).iter().zip(numbers(other)).filter(|(a, b)| (*a - b).abs() > 1e-4).count()
}

#[test]
fn a_gradient_is_shortened_to_its_norm_also_when_it_is_never_written_down() {
    let hyper = Hyper { optimiser: Optimiser::Sgd, step_size: 0.1, ..Hyper::default() };
    let architecture =
        Architecture { blocks: vec![Block::plain(64, Activation::Tanh)], ..Architecture::linear(hyper) };
    let shape = Shape { inputs: 3, outputs: 1, classification: false, context: 0, steps: 0, picture: None };
    let mut learner = Learner::new(&architecture, shape, &[], &Device::cpu(), 1).unwrap();
    let before = numbers(&learner);
    learner.learn(&[1e4, -1e4, 3e4], &[9.0]).unwrap();
    let squares: f32 = numbers(&learner).iter().zip(before).map(|(a, b)| (a - b) * (a - b)).sum();
    assert!((squares.sqrt() / (0.1 * super::GRADIENT_NORM_MAX) - 1.0).abs() < 1e-3, "{}", squares.sqrt());
}
