//! Levels add up, failures have none, and a drift is another world.

use super::*;
use crate::search::laws::grid;

fn score(genome: u16, parent: u16, gain: f64) -> Score {
    Score { genome: Genome(vec![genome]), parent: Genome(vec![parent]), gain, cost: 1.0, at: 0 }
}

/// Where a genome stands after this score.
fn told(tries: &mut Tries, genome: u16, parent: u16, gain: f64) -> Option<f64> {
    tries.tell(&score(genome, parent, gain));
    tries.level(&Genome(vec![genome]))
}

#[test]
fn gains_over_different_parents_come_to_one_scale() {
    let mut tries = Tries::default();
    assert_eq!(told(&mut tries, 1, 0, 0.5), Some(0.5));
    assert_eq!(told(&mut tries, 2, 1, 0.25), Some(0.75));
    assert_eq!(told(&mut tries, 3, 1, -1.0), Some(-0.5));
    assert_eq!(told(&mut tries, 4, 9, 0.5), Some(1.0), "an unknown parent took over from the last");
}

#[test]
fn failures_are_the_lowest_and_the_oldest_is_forgotten() {
    let mut tries = Tries::default();
    assert_eq!(told(&mut tries, 1, 0, f64::NAN), Some(f64::NEG_INFINITY));
    assert_eq!(told(&mut tries, 2, 1, 0.5), Some(0.5), "a failure is no level to add to");
    for genome in 0..REMEMBERED_MAX as u16 {
        told(&mut tries, 100 + genome, 0, 0.0);
    }
    assert_eq!((tries.tried().len(), tries.level(&Genome(vec![1]))), (REMEMBERED_MAX, None));
}

#[test]
fn a_drift_is_forgotten_for_once() {
    let (space, parent, mut tries) = (grid(1, 3), Genome(vec![0]), Tries::default());
    let at = |now, drift| Question { now, drift, ..Question::new(&space, &parent, 1) };
    tries.tell(&score(1, 0, 0.5));
    assert!(!tries.enter(&at(0, None)) && tries.enter(&at(7, Some(7))) && tries.tried().len() == 0);
    tries.tell(&score(1, 0, 0.5));
    assert!(!tries.enter(&at(8, Some(7))) && tries.tried().len() == 1, "the same drift");
    assert!(tries.enter(&at(9, Some(9))), "the next, at once");
    assert!(tries.enter(&at(20_000, Some(30))), "one that is asked about late");
}
