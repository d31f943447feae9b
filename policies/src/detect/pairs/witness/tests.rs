//! Bets earn where there is a difference, and nothing in the mean where there is none.

use proptest::prelude::*;

use super::*;
use crate::stats::simulate::{generator, normal};

/// Pairs until the evidence of both kinds of witness reaches the threshold.
fn pairs_to(seed: u64, shift: f32, threshold: f64, limit: u64) -> u64 {
    let mut rng = generator(seed);
    let mut witnesses = [Learning::Mean, Learning::Logistic].map(|learning| Witness::new(learning, 10, 100));
    let alarm = |_: &u64| {
        let mut difference: [f32; 10] = std::array::from_fn(|_| (normal(&mut rng) - normal(&mut rng)) as f32);
        difference[3] += shift;
        for witness in &mut witnesses {
            witness.observe(&difference);
        }
        together(&witnesses).0 >= threshold
    };
    (1..limit).find(alarm).unwrap_or(limit)
}

#[test]
fn a_difference_is_found_and_points_where_it_is() {
    assert!((0..20).all(|seed| pairs_to(seed, 1.0, 1e6, 1_000) < 400));
    let (mut rng, mut witness) = (generator(1), Witness::new(Learning::Logistic, 10, 500));
    for _ in 0..2_000 {
        let mut difference: [f32; 10] = std::array::from_fn(|_| (normal(&mut rng) - normal(&mut rng)) as f32);
        difference[3] += 0.7;
        witness.observe(&difference);
    }
    let squares: Vec<f32> = witness.direction().iter().map(|weight| weight * weight).collect();
    assert!(
        squares.iter().enumerate().all(|(at, square)| at == 3 || 4.0 * square < squares[3]),
        "{squares:?}"
    );
    witness.forget_evidence();
    assert!(together(&[witness]).0 < 1e-9);
}

#[test]
fn false_alarms_are_as_rare_as_stated() {
    let mean = (0..200).map(|seed| pairs_to(seed, 0.0, 500.0, 5_000) as f64).sum::<f64>() / 200.0;
    assert!(mean >= 500.0, "{mean} pairs");
}

proptest! {
    #[test]
    fn a_product_is_a_sum_of_products(numbers in prop::collection::vec((-1.0..1.0_f32, -1.0..1.0_f32), 0..40)) {
        let (a, b): (Vec<f32>, Vec<f32>) = numbers.into_iter().unzip();
        let plain: f32 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
        prop_assert!((dot(&a, &b) - plain).abs() < 1e-4);
    }
}
