//! Levels add up, failures have none, and a drift is another world.

use super::*;
use crate::search::laws::grid;

fn score(genome: u16, parent: u16, gain: f64) -> Score {
    Score { genome: Genome(vec![genome]), parent: Genome(vec![parent]), gain, cost: 1.0, at: 0 }
}

#[test]
fn gains_over_different_parents_come_to_one_scale() {
    let mut memory = Memory::default();
    assert_eq!(
        [(1, 0, 0.5), (2, 1, 0.25), (3, 0, -1.0)].map(|(a, b, gain)| memory.tell(&score(a, b, gain))),
        [0.5, 0.75, -1.0]
    );
    assert_eq!(memory.tell(&score(4, 9, 0.5)), -0.0 + 0.5, "an unknown parent took over from the last");
    assert_eq!(memory.level(&Genome(vec![2])), Some(0.75));
}

#[test]
fn failures_are_the_lowest_and_the_oldest_is_forgotten() {
    let mut memory = Memory::default();
    assert_eq!(memory.tell(&score(1, 0, f64::NAN)), f64::NEG_INFINITY);
    assert_eq!(memory.tell(&score(2, 1, 0.5)), 0.5, "a failure is no level to add to");
    for genome in 0..MEMORY_MAX as u16 {
        memory.tell(&score(100 + genome, 0, 0.0));
    }
    assert_eq!((memory.tried().len(), memory.level(&Genome(vec![1]))), (MEMORY_MAX, None));
}

#[test]
fn a_drift_is_forgotten_for_once() {
    let (space, parent, mut memory) = (grid(1, 3), Genome(vec![0]), Memory::default());
    let at = |heat| Question { heat, ..Question::new(&space, &parent, 1) };
    memory.tell(&score(1, 0, 0.5));
    assert!(!memory.enter(&at(0.5)) && memory.enter(&at(1.0)) && memory.tried().len() == 0);
    memory.tell(&score(1, 0, 0.5));
    assert!(!memory.enter(&at(0.95)) && memory.tried().len() == 1, "the same drift");
    assert!(!memory.enter(&at(0.1)) && memory.enter(&at(1.0)), "the next");
}
