//! What the model of compute time promises, held by examples and a property.

use model::{Activation, Architecture, Block, Hyper, MixingRule, Mixture, Shape};
use proptest::prelude::*;

use super::*;

const SHAPE: Shape =
    Shape { inputs: 10, outputs: 2, classification: true, context: 0, steps: 0, picture: None };

fn mixture(members: usize, depth: usize, width: u16) -> Mixture {
    let blocks = vec![Block::plain(width, Activation::Relu); depth];
    let member = Architecture { blocks, ..Architecture::linear(Hyper::default()) };
    Mixture { members: vec![member; members], rule: MixingRule::Mean }
}

fn loads() -> Vec<Load> {
    let mut found = Vec::new();
    for members in [1, 3, 8] {
        for (depth, width) in [(0, 16), (1, 64), (2, 128)] {
            found.extend([1, 32, 256].map(|rows| Load::of(&mixture(members, depth, width), SHAPE, rows)));
        }
    }
    found
}

/// A machine on which everything takes another time than stated.
const MACHINE: [f64; PARTS] = [4e-7, 4e-8, 8e-8, 2e-10, 3e-8];

#[test]
fn what_is_measured_is_predicted_where_nothing_was() {
    let mut cost = OpCost::new();
    for load in loads() {
        cost.observe(load, load.times(&MACHINE), 1.1 * load.times(&MACHINE));
    }
    for (members, depth, width, rows) in [(2, 1, 32, 8), (6, 3, 64, 128), (4, 0, 16, 64)] {
        let load = Load::of(&mixture(members, depth, width), SHAPE, rows);
        let ratio = cost.predict(load) / load.times(&MACHINE);
        assert!((0.8..1.25).contains(&ratio), "{ratio} for {members} x {depth} x {width}, {rows} rows");
    }
    assert!(cost.factor < 1.3, "a machine that is linear is hardly off: {}", cost.factor);
}

#[test]
fn one_measurement_moves_the_prediction_to_this_machine() {
    let load = Load::of(&mixture(8, 1, 64), SHAPE, 32);
    let stated = OpCost::new().predict(load);
    for factor in [0.1, 10.0] {
        let mut cost = OpCost::new();
        cost.observe(load, stated * factor, stated * factor);
        let ratio = cost.predict(load) / (stated * factor);
        assert!((0.5..2.0).contains(&ratio), "{ratio}");
    }
}

#[test]
fn without_measurements_the_stated_constants_speak() {
    let load = Load::of(&mixture(8, 1, 64), SHAPE, 32);
    let cost = OpCost::new();
    assert!((cost.upper(load) / cost.predict(load) - FACTOR_STATED).abs() < 1e-12);
    assert!(cost.upper(load) < 0.01, "the default mixture fits the default budget");
}

#[test]
fn a_machine_that_was_busy_once_says_nothing_about_other_networks() {
    let tiny = Load::of(&mixture(1, 0, 16), SHAPE, 32);
    let mut cost = OpCost::new();
    let before = cost.upper(loads()[20]);
    let typical = cost.predict(tiny);
    for _ in 0..MEASUREMENTS_MIN / 2 - 1 {
        cost.observe(tiny, typical, 0.02);
    }
    assert!(cost.upper(loads()[20]) < 1.1 * before, "nothing is two hundred times as slow for that");
}

#[test]
fn a_machine_that_is_always_busy_stalls_all_alike_and_is_forgiven_afterwards() {
    let (tiny, load) = (Load::of(&mixture(1, 0, 16), SHAPE, 32), Load::of(&mixture(8, 1, 64), SHAPE, 32));
    let mut cost = OpCost::new();
    for _ in 0..ERRORS_MAX {
        cost.observe(tiny, cost.predict(tiny), 0.02);
    }
    assert!((0.02..0.025).contains(&cost.upper(load)), "{}", cost.upper(load));
    for _ in 0..ERRORS_MAX {
        cost.observe(tiny, cost.predict(tiny), 2.0 * cost.predict(tiny));
    }
    assert!(cost.upper(load) < 2.5 * cost.predict(load));
}

#[test]
fn it_survives_a_snapshot() {
    let mut cost = OpCost::new();
    cost.observe(loads()[3], 1e-4, 2e-4);
    let bytes = postcard::to_stdvec(&cost).expect("plain data");
    assert_eq!(postcard::from_bytes::<OpCost>(&bytes).expect("the same"), cost);
}

proptest! {
    #[test]
    fn more_work_never_takes_less_time_and_the_bound_covers_most_of_what_was_seen(
        seconds in prop::collection::vec(prop_oneof![1e-7..1.0_f64, Just(f64::NAN), Just(-1.0)], 1..100),
    ) {
        let mut cost = OpCost::new();
        let loads = loads();
        for (at, seconds) in seconds.iter().enumerate() {
            cost.observe(loads[at % loads.len()], *seconds, 2.0 * seconds);
        }
        let (small, large) = (mixture(2, 1, 32), mixture(4, 2, 64));
        let [small, large] = [(small, 8), (large, 32)].map(|(of, rows)| Load::of(&of, SHAPE, rows));
        prop_assert!(cost.predict(small) <= cost.predict(large));
        prop_assert!(cost.predict(small) >= 0.0 && cost.upper(large).is_finite());
        let newest: Vec<_> = cost.measured.iter().rev().take(ERRORS_MAX).collect();
        let covered = |known: &&&Measurement| known.bound <= cost.upper(known.load) * (1.0 + 1e-9);
        // Of those that the network itself explains one may lie above the quantile, and none before that is known.
        let is_own = |known: &&&Measurement| known.bound <= FACTOR_STATED * cost.predict(known.load);
        let (own, stalled): (Vec<_>, Vec<_>) = newest.iter().partition(is_own);
        let above = own.iter().filter(|known| !covered(known)).count();
        prop_assert!(above <= usize::from(newest.len() >= MEASUREMENTS_MIN));
        // Of those that stalled, what half of all have met is counted.
        let longer = stalled.iter().filter(|known| !covered(known)).count();
        prop_assert!(longer <= ERRORS_MAX / 2);
        prop_assert!(cost.measured.len() <= MEASUREMENTS_MAX);
    }
}
