//! Which rows are put under stress, and that no attack takes more answers than it may.

use super::*;

#[test]
fn rows_are_few_enough_and_from_everywhere() {
    let encoded: Vec<f32> = (0..20).map(|at| at as f32).collect();
    let goals: Vec<f32> = (0..10).map(|row| row as f32).collect();
    assert_eq!(
        spread(&encoded, &goals, 2, 4),
        (vec![0.0, 1.0, 4.0, 5.0, 10.0, 11.0, 14.0, 15.0], vec![0.0, 2.0, 5.0, 7.0])
    );
    assert_eq!(spread(&encoded, &goals, 2, 99), (encoded.clone(), goals.clone()));
    assert_eq!(spread(&[], &[], 2, 4), Rows::default());
}

#[test]
fn a_wide_row_is_attacked_in_one_step_and_fewer_of_them() {
    for (numbers, expected) in
        [(1, (16, 5)), (101, (16, 5)), (102, (16, 1)), (1_023, (8, 1)), (1_000_000, (1, 1))]
    {
        assert_eq!(affordable(numbers), expected, "{numbers}");
    }
}
