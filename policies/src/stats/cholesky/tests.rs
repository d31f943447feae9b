//! What is solved solves, for any positive definite matrix.

use proptest::prelude::*;

use super::*;

/// `M Mᵀ + I / 10`, which is positive definite whatever `M` is.
fn matrices() -> impl Strategy<Value = Vec<Vec<f64>>> {
    (1_usize..24).prop_flat_map(|size| {
        prop::collection::vec(prop::collection::vec(-1.0_f64..1.0, size), size).prop_map(|rows| {
            let entry = |i: usize, j: usize| dot(&rows[i], &rows[j]) + if i == j { 0.1 } else { 0.0 };
            (0..rows.len()).map(|i| (0..rows.len()).map(|j| entry(i, j)).collect()).collect()
        })
    })
}

fn factored(matrix: &[Vec<f64>]) -> Cholesky {
    Cholesky::factor(matrix.len(), |i, j| matrix[i][j]).expect("it is positive definite")
}

#[test]
fn what_is_not_positive_definite_is_refused() {
    assert_eq!(Cholesky::factor(2, |_, _| 1.0), None);
    assert_eq!(Cholesky::factor(1, |_, _| f64::NAN), None);
    let mut factor = Cholesky::factor(1, |_, _| 4.0).expect("four is positive");
    assert_eq!(factor.push(&[4.0, 4.0]), None);
    assert_eq!(factor, Cholesky::factor(1, |_, _| 4.0).expect("nothing changed"));
    assert!((factor.half_ln_determinant() - 2.0_f64.ln()).abs() < 1e-15);
}

proptest! {
    #[test]
    fn what_is_solved_solves(matrix in matrices()) {
        let (factor, n) = (factored(&matrix), matrix.len());
        let b: Vec<f64> = (0..n).map(|at| at as f64 - 3.0).collect();
        let x = factor.solve(&b);
        let inverse = factor.inverse();
        for i in 0..n {
            prop_assert!((dot(&matrix[i], &x) - b[i]).abs() < 1e-8);
            let entry = |j: usize| inverse[start(i.max(j)) + i.min(j)];
            let by_inverse: f64 = (0..n).map(|j| entry(j) * b[j]).sum();
            prop_assert!((by_inverse - x[i]).abs() < 1e-7 * (1.0 + x[i].abs()), "{by_inverse} {}", x[i]);
        }
    }

    #[test]
    fn many_sides_are_solved_as_one_after_another(matrix in matrices(), width in 1_usize..5) {
        let (factor, n) = (factored(&matrix), matrix.len());
        let mut together: Vec<f64> = (0..n * width).map(|at| (at % 7) as f64 - 2.0).collect();
        let columns: Vec<Vec<f64>> =
            (0..width).map(|column| together.iter().skip(column).step_by(width).copied().collect()).collect();
        factor.forward(&mut together, width);
        for (column, mut alone) in columns.into_iter().enumerate() {
            factor.forward(&mut alone, 1);
            for (row, value) in alone.iter().enumerate() {
                prop_assert!((together[row * width + column] - value).abs() < 1e-9 * (1.0 + value.abs()));
            }
        }
    }
}
