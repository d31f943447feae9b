//! A refined proposer keeps the laws of proposers, and seldom proposes what is not tried.

use proptest::prelude::*;
use rand::seq::SliceRandom as _;

use super::*;
use crate::search::Evolution;
use crate::search::laws::{grid, keeps_the_laws, spaces};
use crate::stats::simulate::{generator, saved_and_restored};

/// Proposes what is one edit away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Edits;

impl Proposer for Edits {
    fn ask(&mut self, question: &Question<'_>, rng: &mut Pcg64) -> Vec<Genome> {
        let mut neighbours = question.space.neighbours(question.parent);
        neighbours.shuffle(rng);
        neighbours.truncate(question.count);
        neighbours
    }

    fn tell(&mut self, _observation: &Score) {}

    fn name(&self) -> &'static str {
        "edits"
    }
}

proptest! {
    #[test]
    fn it_keeps_the_laws_of_proposers(space in spaces(), count in 1_usize..6, seed in any::<u64>()) {
        keeps_the_laws(&mut Refined::new(Evolution::new(), true), &space, count, &mut generator(seed));
    }
}

#[test]
fn what_is_outside_is_proposed_last_until_a_drift() {
    let (space, mut rng) = (grid(1, 8), generator(5));
    let mut proposer = Refined::new(Edits, true);
    let parent = Genome(vec![3]);
    proposer.ask(&Question::new(&space, &parent, 1), &mut rng);
    for at in 0..240 {
        let gain = -f64::from((at % 8_u16).abs_diff(2));
        let genome = Genome(vec![at % 8]);
        proposer.tell(&Score { genome, parent: parent.clone(), gain, cost: 1.0, at: 0 });
    }
    let mut restored = saved_and_restored(&proposer);
    let asked = |proposer: &mut Refined<Edits>, rng: &mut _| {
        (0..50).map(|_| proposer.ask(&Question::new(&space, &parent, 1), rng)[0].0[0]).collect::<Vec<_>>()
    };
    let ups = asked(&mut proposer, &mut generator(6));
    assert!(ups.iter().filter(|choice| **choice == 4).count() <= 2, "{ups:?}");
    assert_eq!(asked(&mut restored, &mut generator(6)), ups);
    assert!(proposer.take_changes().len() > 1 && proposer.take_changes().is_empty());
    let drifted = Question { now: 9, drift: Some(9), ..Question::new(&space, &parent, 1) };
    proposer.ask(&drifted, &mut rng);
    assert_eq!(proposer.take_changes(), [Refinement::Undone]);
    assert!(asked(&mut proposer, &mut rng).iter().filter(|choice| **choice == 4).count() > 10);
}
