//! Nothing on the front is beaten by anything that came, and it stays small.

use proptest::prelude::*;

use super::*;
use crate::stats::simulate::saved_and_restored;

pub(super) fn axes(noise: f64) -> Vec<Axis> {
    [Objective::Loss, Objective::ComputeTime, Objective::Bytes]
        .map(|objective| Axis { objective, noise })
        .to_vec()
}

pub(super) fn point(choice: usize, values: &[f64]) -> Point<usize> {
    Point { network: choice, values: values.to_vec() }
}

/// A front of three axes into which these points were put one after another.
pub(super) fn front(values: &[Vec<f64>], noise: f64) -> Front<usize> {
    let mut front = Front::new(axes(noise), vec![1.0; 3]);
    for (at, values) in values.iter().enumerate() {
        front.insert(point(at, values), at as u64);
    }
    front
}

pub(super) fn clouds() -> impl Strategy<Value = Vec<Vec<f64>>> {
    prop::collection::vec(prop::collection::vec(prop_oneof![0.0..1.0, Just(0.5)], 3), 0..60)
}

proptest! {
    #[test]
    fn whatever_came_is_on_the_front_or_is_beaten_there(values in clouds(), noise in prop_oneof![Just(0.0), 0.01..0.3]) {
        let front = front(&values, noise);
        for (at, values) in values.iter().enumerate() {
            let is_on = front.points().iter().any(|other| other.network == at);
            let is_beaten = front.points().iter().any(|other| dominates(front.axes(), &other.values, values));
            let is_there = front.points().iter().any(|other| same(front.axes(), &other.values, values));
            prop_assert!((is_on || is_beaten || is_there) && !(is_on && is_beaten));
        }
        prop_assert_eq!(saved_and_restored(&front), front);
    }

    #[test]
    fn without_noise_the_volume_never_shrinks(values in clouds()) {
        let front = front(&values, 0.0);
        prop_assert!(front.history().windows(2).all(|pair| pair[1].1 >= pair[0].1 - 1e-12));
    }
}

#[test]
fn a_network_that_was_measured_anew_is_there_once() {
    let mut front = front(&[vec![0.1, 0.5, 0.5], vec![0.5, 0.1, 0.5]], 0.0);
    assert!(!front.insert(point(0, &[0.6, 0.2, 0.5]), 9), "it is worse now");
    assert_eq!(front.points().len(), 1);
    assert!(!front.insert(point(3, &[f64::NAN, 0.0, 0.0]), 9));
    assert!(!front.insert(point(3, &[0.0]), 9));
}

#[test]
fn the_front_and_its_history_are_bounded_and_keep_the_ends() {
    let values: Vec<Vec<f64>> =
        (0..1_000).map(|at| f64::from(at) / 1_000.0).map(|x| vec![x, 1.0 - x, 0.5]).collect();
    let mut front = front(&values, 0.0);
    assert_eq!(front.points().len(), FRONT_MAX);
    assert!(front.history().len() <= HISTORY_MAX);
    let losses = || front.points().iter().map(|point| point.values[0]);
    assert!(losses().fold(1.0, f64::min) < 1e-9 && losses().fold(0.0, f64::max) > 0.998);
    front.reset();
    assert_eq!(front, Front::new(axes(0.0), vec![1.0; 3]));
}

#[test]
fn the_most_crowded_is_between_near_neighbours() {
    let values = [[0.0, 1.0], [0.5, 0.5], [0.55, 0.45], [1.0, 0.0]];
    let crowding = crowding(&values.each_ref().map(<[f64; 2]>::as_slice));
    assert!(crowding[0].is_infinite() && crowding[3].is_infinite());
    assert!(crowding[1] > 1.0 && crowding[2] < 1.1 && crowding[1] > crowding[2]);
}
