//! What sequences promise, held by examples and properties; that programs and tensors agree is held by the programs' tests.

#![allow(clippy::unwrap_used, reason = "tests may")]

use rand::SeedableRng;
use rand_pcg::Pcg64;

use super::*;
use crate::architecture::{Architecture, Hyper, Optimiser};
use crate::cost::{Cost, Shape};
use crate::device::Device;
use crate::learner::Learner;
use crate::network::Network;
use crate::schema::FeatureKind;
use crate::testing::{random_numbers, random_weights};

/// Two numbers, and five events before.
const SHAPE: Shape =
    Shape { inputs: 17, outputs: 2, classification: true, context: 0, steps: 5, picture: None };

/// One of each kind.
const EACH: [Sequence; 3] =
    [Sequence::Attention(4), Sequence::Gru(4), Sequence::Conv1d { units: 4, kernel: 3 }];

/// A row of an event and those before it, newest first.
fn row(own: [f32; 2], before: &[[f32; 2]]) -> Vec<f32> {
    let mut row = own.to_vec();
    row.extend(before.iter().flat_map(|event| [event[0], event[1], 1.0]));
    row.resize(SHAPE.inputs, 0.0);
    row
}

fn reading(sequence: Sequence) -> Architecture {
    let hyper = Hyper { optimiser: Optimiser::RmsProp, step_size: 0.01, ..Hyper::default() };
    Architecture { sequence, ..Architecture::linear(hyper) }
}

#[test]
fn order_is_learned_by_each_kind_and_by_nobody_else() {
    let mut rng = Pcg64::seed_from_u64(3);
    let example = |rng: &mut Pcg64| {
        let before: Vec<[f32; 2]> = (0..5).map(|_| random_numbers(2, 1.0, rng).try_into().unwrap()).collect();
        let rose = before[0][0] > before[1][0];
        (row(random_numbers(2, 1.0, rng).try_into().unwrap(), &before), f32::from(u8::from(rose)))
    };
    let examples: Vec<_> = (0..6_000).map(|_| example(&mut rng)).collect();
    let right_of = |sequence| {
        let mut learner = Learner::new(&reading(sequence), SHAPE, &[], &Device::cpu(), 1).unwrap();
        let mut right = 0;
        for (at, (row, goal)) in examples.iter().enumerate() {
            let said = learner.predict(row).unwrap();
            right += usize::from(at >= 5_000 && (said[1] > said[0]) == (*goal > 0.5));
            learner.learn(row, &[*goal]).unwrap();
        }
        right
    };
    let without = right_of(Sequence::None);
    assert!((400..600).contains(&without), "{without} of 1,000 by chance");
    for sequence in EACH {
        let right = right_of(sequence);
        assert!(right > 900, "{sequence}: {right} of 1,000");
    }
}

#[test]
fn an_event_that_is_not_there_is_not_read() {
    let mut rng = Pcg64::seed_from_u64(7);
    for sequence in EACH {
        let architecture = reading(sequence);
        let weights = random_weights(&architecture, SHAPE, 0.8, &mut rng);
        let network = Network::from_weights(&architecture, SHAPE, &weights, &Device::cpu()).unwrap();
        let says = |row: &[f32]| network.predict(row).unwrap();
        let one = row([0.5, 0.1], &[[1.0, -1.0]]);
        assert_ne!(says(&one), says(&row([0.5, 0.1], &[])), "{sequence}");
        assert_ne!(says(&one), says(&row([0.5, 0.1], &[[1.0, -1.0], [1.0, -1.0]])), "{sequence}");
    }
}

#[test]
fn what_reads_each_event_costs_as_often() {
    let cost = |sequence| Cost::of(&reading(sequence), SHAPE);
    let none = cost(Sequence::None);
    // Six events of three numbers into three gates of two units, which go around, and on to two logits.
    assert_eq!(cost(Sequence::Gru(2)).macs - none.macs, 6 * (3 * 6 + 2 * 6) + 2 * 2);
    assert_eq!(cost(Sequence::Gru(2)).parameters - none.parameters, 3 * 6 + 2 * 6 + 6 + 2 * 2);
}

#[test]
fn says_what_it_refuses() {
    let features = |buckets| {
        let kind = FeatureKind::Categorical { buckets };
        vec![Feature { name: "card".into(), kind }]
    };
    let rule = Sequences { entity: Some(0), length: 8, entities: 100 };
    let refused = |rule: Sequences, buckets| rule.check(&features(buckets)).unwrap_err().to_string();
    assert!(rule.check(&features(64)).is_ok());
    assert!(refused(Sequences { length: 0, ..rule }, 64).contains("give 1 to 32"));
    assert!(refused(Sequences { entity: Some(1), ..rule }, 64).contains("no feature"));
    assert!(refused(rule, 4_096).contains("at most 8192"));
    assert!(refused(Sequences { entities: 2_000_000, ..rule }, 64).contains("give 1 to 1000000"));
    assert!(Sequence::Gru(0).check().is_err() && Sequence::Conv1d { units: 1, kernel: 9 }.check().is_err());
    let unread = SHAPE.check(&reading(Sequence::Gru(4)));
    assert!(unread.is_ok());
    let plain = Shape { inputs: 2, steps: 0, ..SHAPE };
    let error = plain.check(&reading(Sequence::Gru(4))).unwrap_err().to_string();
    assert!(error.contains("reads the events before each one, but these rows carry none"), "{error}");
}
