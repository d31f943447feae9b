//! What embeddings promise: their functions, and what a network sees of a row.

#![allow(clippy::unwrap_used, reason = "tests may")]

use proptest::prelude::*;

use super::*;
use crate::architecture::Hyper;

fn added(embedding: Embedding, number: f32) -> Vec<f32> {
    let mut added = vec![f32::NAN; embedding.width()];
    embedding.embed(number, &mut added);
    added
}

#[test]
fn pieces_are_walked_one_after_the_other_and_the_last_has_no_end() {
    let pieces = Embedding::PiecewiseLinear(2);
    let half = KNOT_SCALE * 3.0_f32.ln();
    assert_eq!(added(pieces, half / 2.0), [0.5, 0.0, 0.0, 0.0]);
    let close = |found: Vec<f32>, expected: [f32; 4]| {
        assert!(
            found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-5),
            "{found:?}"
        );
    };
    close(added(pieces, half + 2.0), [1.0, 2.0, 0.0, 0.0]);
    close(added(pieces, -half - 0.25), [0.0, 0.0, 1.0, 0.25]);
}

#[test]
fn octaves_are_waves() {
    let waves = added(Embedding::Periodic(2), 2.0);
    let expected = [1.0, 1.0, 0.0, 2.0];
    assert!(waves.iter().zip(expected).all(|(wave, expected)| (wave - expected).abs() < 1e-6), "{waves:?}");
}

#[test]
fn a_network_sees_features_then_labels_then_what_is_added() {
    let shape = Shape { inputs: 4, outputs: 1, classification: false, context: 2, steps: 0, picture: None };
    let linear = Architecture::linear(Hyper::default());
    let embedded = Architecture { context: 1, embedding: Embedding::PiecewiseLinear(1), ..linear };
    let view = View::new(&embedded, shape);
    let mut seen = vec![f32::NAN; view.width()];
    view.see_all(&[-2.0, 0.5, 7.0, 8.0], &mut seen);
    assert_eq!(seen, [-2.0, 0.5, 7.0, 0.0, 2.0, 0.5, 0.0]);

    let without = View::new(&Architecture { context: 0, ..embedded.clone() }, shape);
    let old = |at: usize| Some(at);
    assert_eq!(view.origins(without), [old(0), old(1), None, old(2), old(3), old(4), old(5)]);
    let other = View::new(&Architecture { embedding: Embedding::Periodic(1), ..embedded }, shape);
    assert_eq!(other.origins(view), [old(0), old(1), old(2), None, None, None, None]);
}

#[test]
fn octaves_stay_where_they_are_when_there_are_more() {
    let shape = Shape { inputs: 2, outputs: 1, classification: false, context: 0, steps: 0, picture: None };
    let view = |octaves| {
        let embedding = Embedding::Periodic(octaves);
        View::new(&Architecture { embedding, ..Architecture::linear(Hyper::default()) }, shape)
    };
    let origins = view(2).origins(view(1));
    let expected = [Some(0), Some(1), Some(2), Some(3), None, None, Some(4), Some(5), None, None];
    assert_eq!(origins, expected);
    assert!(Embedding::Periodic(1).begins(Embedding::Periodic(2)));
    assert!(!Embedding::PiecewiseLinear(1).begins(Embedding::PiecewiseLinear(2)));
}

#[test]
fn too_many_parts_or_none_are_refused() {
    for embedding in [Embedding::PiecewiseLinear(0), Embedding::Periodic(OCTAVES_MAX + 1)] {
        assert!(embedding.check().is_err(), "{embedding}");
    }
}

proptest! {
    #[test]
    fn everything_is_zero_at_zero_and_finite_everywhere(parts in 1_u8..=8, number in -8.0_f32..8.0) {
        for embedding in [Embedding::PiecewiseLinear(parts), Embedding::Periodic(parts)] {
            prop_assert!(added(embedding, 0.0).iter().all(|number| *number == 0.0));
            prop_assert!(added(embedding, f32::MIN_POSITIVE).iter().all(|number| number.abs() < 1e-6));
            prop_assert!(added(embedding, number).iter().all(|number| number.is_finite()));
        }
    }
}
