//! Gradients are right, and messages go along every way.

use super::*;
use crate::stats::simulate::generator;

/// Row to first to third, and row to second to third and to the answer.
fn graph() -> Reading {
    let read = |word: usize, inputs: &[Option<usize>], answers| Read {
        words: vec![(word, 1.0), (3, 0.5)],
        inputs: inputs.to_vec(),
        answers,
    };
    let operations =
        vec![read(0, &[None], false), read(1, &[None], true), read(2, &[Some(0), Some(1)], true)];
    Reading { operations, known: vec![0.7] }
}

#[test]
fn gradients_are_those_of_small_differences() {
    let network = Network::drawn(4, 1, 2, &mut generator(1));
    let (graph, errors) = (graph(), [1.0, -0.5]);
    let said = |network: &Network| -> f32 {
        network.forward(&graph).answers.iter().zip(errors).map(|(answer, error)| answer * error).sum()
    };
    let mut gradient = network.zeros();
    network.backward(&graph, &network.forward(&graph), &errors, &mut gradient);
    for (row, gradient) in gradient.iter().enumerate() {
        for (at, told) in gradient.iter().enumerate() {
            let moved = |by: f32| {
                let mut network = network.clone();
                network.rows[row][at] += by;
                said(&network)
            };
            let slope = (moved(5e-3) - moved(-5e-3)) / 1e-2;
            assert!((slope - told).abs() < 2e-3, "row {row}, {at}: {slope} {told}");
        }
    }
}

#[test]
fn another_top_leaves_what_is_below_as_it_was() {
    let mut rng = generator(2);
    let network = Network::drawn(4, 0, 2, &mut rng);
    let crowned = network.crowned(1, 1, &mut rng);
    let embedding = |network: &Network| network.forward(&graph()).embedding();
    assert_eq!(embedding(&network), embedding(&crowned));
    assert_eq!(crowned.forward(&graph()).answers.len(), 1);
}

#[test]
fn a_graph_of_nothing_has_an_answer_too() {
    let nothing = Reading { operations: vec![], known: vec![] };
    let answers = Network::drawn(4, 1, 2, &mut generator(3)).forward(&nothing).answers;
    assert!(answers.iter().all(|answer| answer.is_finite()) && answers.len() == 2);
}
