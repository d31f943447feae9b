//! Slices add up to what counting cells says.

use proptest::prelude::*;

use super::*;

/// On a grid of whole numbers the volume is the number of cells that some point is below.
fn counted(points: &[Vec<f64>], side: u32, axes: u32) -> f64 {
    let cell = |index: u32| (0..axes).map(move |axis| f64::from(index / side.pow(axis) % side));
    let covers = |point: &Vec<f64>, index| point.iter().zip(cell(index)).all(|(value, cell)| *value <= cell);
    let covered = (0..side.pow(axes)).filter(|index| points.iter().any(|point| covers(point, *index)));
    covered.count() as f64
}

proptest! {
    #[test]
    fn it_is_what_counting_says(axes in 1_usize..5, points in prop::collection::vec(prop::collection::vec(0_u8..7, 4), 0..9)) {
        let points: Vec<Vec<f64>> = points.into_iter().map(|point| point[..axes].iter().map(|x| f64::from(*x)).collect()).collect();
        let volume = hypervolume(&points, &vec![6.0; axes]);
        prop_assert!((volume - counted(&points, 6, axes as u32)).abs() < 1e-9);
    }
}

#[test]
fn many_points_on_four_axes_give_a_lower_bound_in_bounded_work() {
    let points: Vec<Vec<f64>> =
        (0..500).map(|at| f64::from(at) / 500.0).map(|x| vec![x, 1.0 - x, x, 0.5]).collect();
    let few = hypervolume(&points[..20], &[1.0; 4]);
    assert!(hypervolume(&points, &[1.0; 4]) > few);
    assert!(hypervolume(&[], &[1.0; 4]).abs() < 1e-12);
}
