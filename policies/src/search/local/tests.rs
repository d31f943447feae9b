//! It climbs, tries nothing twice while there is something else, and leaves a hill that has been climbed.

use std::collections::BTreeSet;

use super::*;
use crate::search::laws::grid;
use crate::stats::simulate::generator;

/// Asks for one at a time, the best being the parent, until this genome was proposed; after how many.
fn found(level: impl Fn(&Genome) -> f64, start: Genome, goal: &Genome, seed: u64) -> Option<usize> {
    let (space, mut rng, mut local) = (grid(3, 5), generator(seed), Local::new());
    let (mut parent, mut seen) = (start, BTreeSet::new());
    for at in 1..120 {
        let asked = local.ask(&Question::new(&space, &parent, 1), &mut rng);
        let genome = asked.into_iter().next().expect("there are neighbours");
        assert!(seen.insert(genome.clone()), "{genome:?} was tried");
        if genome == *goal {
            return Some(at);
        }
        let gain = level(&genome) - level(&parent);
        local.tell(&Score { genome: genome.clone(), parent: parent.clone(), gain, cost: 1.0, at: 0 });
        if gain > 0.0 {
            parent = genome;
        }
    }
    None
}

fn height(genome: &Genome) -> f64 {
    genome.0.iter().map(|choice| f64::from(*choice)).sum()
}

#[test]
fn it_climbs_a_hill() {
    for seed in 0..20 {
        let steps = found(height, Genome(vec![0; 3]), &Genome(vec![4; 3]), seed);
        assert!(steps.is_some_and(|steps| steps < 60), "{steps:?}");
    }
}

#[test]
fn it_leaves_a_hill_for_a_higher_one() {
    // The far corner is the highest, and all around the start is lower than the start.
    let two = |genome: &Genome| if genome.0 == [0; 3] { 11.0 } else { height(genome) };
    let found = (0..20).filter(|seed| found(two, Genome(vec![0; 3]), &Genome(vec![4; 3]), *seed).is_some());
    assert!(found.count() >= 15);
}

#[test]
fn a_drift_makes_everything_worth_trying_again() {
    let (space, mut rng, mut local) = (grid(1, 3), generator(1), Local::new());
    let parent = Genome(vec![1]);
    let question = Question::new(&space, &parent, 2);
    for genome in local.ask(&question, &mut rng) {
        local.tell(&Score { genome, parent: parent.clone(), gain: -1.0, cost: 1.0, at: 0 });
    }
    assert_eq!(local.tries.tried().len(), 2);
    assert_eq!(local.ask(&Question { drift: Some(0), ..question }, &mut rng).len(), 2);
    assert_eq!(local.tries.tried().len(), 0);
}
