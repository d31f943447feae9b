//! What is made worse, what is not, and that an attack goes against the network.

#![allow(clippy::unwrap_used, reason = "tests may")]

use proptest::prelude::*;
use rand::SeedableRng;
use rand_pcg::Pcg64;

use super::*;
use crate::architecture::Architecture;
use crate::device::Device;
use crate::image::Picture;
use crate::learner::body::Body;
use crate::program::Batch;
use crate::testing::{
    devices, random_architecture, random_image, random_numbers, random_sequence, random_weights,
    tensor_devices,
};
use crate::training_loss::Goals;
use crate::weights::Weights;

const SHAPE: Shape =
    Shape { inputs: 7, outputs: 3, classification: true, context: 1, steps: 0, picture: None };
/// The same, with the two events before, and a picture of one by two places.
const READ: Shape = Shape { inputs: 17, steps: 2, picture: Some(PICTURE), ..SHAPE };
const PICTURE: Picture = Picture { first: 0, height: 1, width: 2, channels: 1 };

fn worse(hyper: Hyper, encoded: &[f32]) -> Vec<f32> {
    let slopes = || Ok::<_, ()>(encoded.iter().map(|number| -number).collect());
    hardened(&hyper, SHAPE, encoded, &mut Pcg64::seed_from_u64(3), slopes).unwrap().into_owned()
}

#[test]
fn features_that_are_there_are_made_worse_and_nothing_else() {
    let row = [1.0, 0.0, -2.0, 0.5, 1.0, 0.0, 0.0];
    let encoded = row.repeat(200);
    assert_eq!(worse(Hyper::default(), &encoded), encoded);
    let attacked = worse(Hyper { attack: 0.1, ..Hyper::default() }, &row);
    assert_eq!(attacked, [0.9, 0.0, -1.9, 0.4, 1.0, 0.0, 0.0]);
    let noisy = worse(Hyper { noise: 0.3, ..Hyper::default() }, &encoded);
    let missing = worse(Hyper { missing: 0.25, ..Hyper::default() }, &encoded);
    for (at, before) in encoded.iter().enumerate() {
        let stays = at % 7 >= 4 || *before == 0.0;
        let moved = (noisy[at] - before).abs();
        assert!(if stays { moved == 0.0 } else { moved > 0.0 && moved <= 0.3 + 1e-6 }, "{at}: {moved}");
        assert!(missing[at].to_bits() == before.to_bits() || (missing[at] == 0.0 && !stays));
    }
    let left_out =
        missing.iter().zip(&encoded).filter(|(now, before)| now.to_bits() != before.to_bits()).count();
    assert!((100..200).contains(&left_out), "{left_out} of 600");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn slopes_at_inputs_are_those_of_the_loss_on_every_device(seed: u64, rows in 1_usize..6) {
        let mut rng = Pcg64::seed_from_u64(seed);
        let sequence = random_sequence(&mut rng);
        let image = random_image(1, &mut rng);
        let architecture = Architecture { context: 1, sequence, image, ..random_architecture(&mut rng) };
        let weights = random_weights(&architecture, READ, 0.5, &mut rng);
        let encoded: Vec<f32> = random_numbers(rows * READ.inputs, 1.5, &mut rng);
        let goals: Vec<f32> = (0..rows).map(|row| (row % 3) as f32).collect();
        let batch = Batch { encoded: &encoded, goals: Goals::Truths(&goals), class_weights: &[1.0, 2.0, 0.5] };
        let slopes = |device: &Device| {
            let none = Weights::default();
            let tables = [weights.clone(), none.clone(), none.clone()];
            Body::new(&architecture, READ, &tables, 0, &none, device).unwrap().input_slopes(batch).unwrap()
        };
        let program = slopes(&Device::cpu());
        let largest = program.iter().fold(0.0_f32, |most, slope| most.max(slope.abs()));
        prop_assert!(program.chunks(READ.inputs).all(|row| row[4..].iter().all(|slope| *slope == 0.0)));
        for device in tensor_devices() {
            for (one, other) in program.iter().zip(slopes(&device)) {
                prop_assert!((one - other).abs() <= 1e-4 + 2e-3 * largest, "{one} {other} {architecture}");
            }
        }
    }
}

#[test]
fn who_learns_under_attack_stands_one_better() {
    for device in devices() {
        let shape =
            Shape { inputs: 2, outputs: 2, classification: true, context: 0, steps: 0, picture: None };
        // The first number says it by far, the second says it weakly: who trusts the first alone is easily moved.
        let mut rng = Pcg64::seed_from_u64(1);
        let goals: Vec<f32> = (0..2_000).map(|row| (row % 2) as f32).collect();
        let encoded: Vec<f32> = goals
            .iter()
            .flat_map(|goal| {
                let noise = random_numbers(2, 0.3, &mut rng);
                [0.4 * (goal - 0.5) + 0.3 * noise[0], 3.0 * (goal - 0.5) + 6.0 * noise[1]]
            })
            .collect();
        let loss_under_attack = |attack: f32| {
            let hyper = Hyper { step_size: 0.01, attack, ..Hyper::default() };
            let architecture = Architecture::linear(hyper);
            let mut learner = crate::learner::Learner::new(&architecture, shape, &[], &device, 1).unwrap();
            learner.learn(&encoded, &goals).unwrap();
            let mixer = crate::mixture::Mixture::of_one(architecture);
            let network = crate::mixture::MixtureNetwork::new(
                vec![learner.freeze().unwrap()],
                crate::mixture::Mixer::new(mixer.rule, 1),
            )
            .unwrap();
            let moved =
                crate::stress::attacked(&network, &encoded[..400], &goals[..200], &[0, 1], 1).unwrap();
            let said = network.predict(&moved).unwrap();
            said.chunks_exact(2).zip(&goals).map(|(said, goal)| -said[*goal as usize].ln()).sum::<f32>()
        };
        let (plain, hardened) = (loss_under_attack(0.0), loss_under_attack(0.1));
        assert!(hardened < plain, "{hardened} {plain}");
    }
}
