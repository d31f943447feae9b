//! What dense promises, held by examples and properties.

#![allow(clippy::unwrap_used, reason = "tests may")]

use proptest::prelude::*;
use rand::SeedableRng;
use rand_pcg::Pcg64;

use super::*;

/// `A A' + I` of random numbers, and its size.
fn definite(seed: u64) -> (Vec<f64>, usize) {
    let mut rng = Pcg64::seed_from_u64(seed);
    let size = rng.random_range(1..12);
    let rows: Vec<Vec<f64>> =
        (0..size).map(|_| (0..size).map(|_| rng.random_range(-2.0..2.0)).collect()).collect();
    let entry = |a: usize, b: usize| dot_exact(&rows[a], &rows[b]) + f64::from(u8::from(a == b));
    ((0..size * size).map(|at| entry(at / size, at % size)).collect(), size)
}

proptest! {
    #[test]
    fn a_solution_solves(seed: u64) {
        let (matrix, size) = definite(seed);
        let wanted: Vec<f64> = (0..size).map(|at| at as f64 - 2.5).collect();
        let mut side: Vec<f64> = matrix.chunks(size).map(|row| dot_exact(row, &wanted)).collect();
        Cholesky::new(matrix, size).unwrap().solve(&mut side);
        for (wanted, solved) in wanted.iter().zip(&side) {
            prop_assert!((wanted - solved).abs() < 1e-6, "{wanted}, {solved}");
        }
    }

    #[test]
    fn a_ridge_leaves_the_same_by_features_and_by_rows(seed: u64) {
        let mut rng = Pcg64::seed_from_u64(seed);
        let (rows, columns) = (rng.random_range(1..20), rng.random_range(1..20));
        let features: Vec<f64> = (0..rows * columns).map(|_| rng.random_range(-1.0..1.0)).collect();
        let numbers: Vec<f64> = (0..rows).map(|_| rng.random_range(-1.0..1.0)).collect();
        let by_rows = Cholesky::new(squares(&features, columns, 0.1), rows).unwrap();
        let by_rows = Ridge { features: Vec::new(), rows, penalty: 0.1, products: by_rows };
        let either = Ridge::new(&features, rows, 0.1).unwrap();
        for (one, other) in either.left_over(numbers.clone()).iter().zip(by_rows.left_over(numbers)) {
            prop_assert!((one - other).abs() < 1e-9, "{one}, {other}");
        }
    }

    #[test]
    fn singular_vectors_are_orthogonal_and_none_is_longer_after_a_turn(seed: u64) {
        let mut rng = Pcg64::seed_from_u64(seed);
        let (rows, columns) = (rng.random_range(1..8), rng.random_range(1..8));
        let table: Vec<f64> = (0..rows * columns).map(|_| rng.random_range(-1.0..1.0)).collect();
        let found = left_singular_vectors(&table, rows, columns, 3, &mut rng);
        prop_assert!(!found.is_empty());
        for (at, vector) in found.iter().enumerate() {
            prop_assert!((dot_exact(vector, vector) - 1.0).abs() < 1e-9);
            prop_assert!(found[..at].iter().all(|other| dot_exact(vector, other).abs() < 1e-6));
        }
        let stretch = |vector: &[f64]| dot_exact(vector, &turned(&table, columns, vector));
        let mut any: Vec<f64> = (0..rows).map(|_| rng.random_range(-1.0..1.0)).collect();
        unit(&mut any, 0.0);
        prop_assert!(stretch(&any) <= stretch(&found[0]) * 1.02 + 1e-9);
    }
}

#[test]
fn what_has_no_rank_has_no_vectors() {
    let mut rng = Pcg64::seed_from_u64(1);
    assert!(left_singular_vectors(&[0.0; 6], 2, 3, 2, &mut rng).is_empty());
    let one = left_singular_vectors(&[1.0, 2.0, 2.0, 4.0], 2, 2, 2, &mut rng);
    assert_eq!(one.len(), 1);
    assert!((one[0][1] / one[0][0] - 2.0).abs() < 1e-9);
}

#[test]
fn refuses_what_is_not_positive_definite() {
    assert!(Cholesky::new(vec![1.0, 2.0, 2.0, 1.0], 2).is_none());
    let scaled = Cholesky::new(vec![4.0, 0.0, 0.0, 9.0], 2).unwrap();
    assert!((scaled.log_determinant() - 36.0_f64.ln()).abs() < 1e-12);
}
