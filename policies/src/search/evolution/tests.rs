//! The laws of proposers, ageing, and that it finds what a search without memory does not.

use proptest::prelude::*;

use super::*;
use crate::search::laws::{grid, keeps_the_laws, spaces};
use crate::stats::simulate::{generator, median, saved_and_restored};

fn score(choices: &[u16], gain: f64) -> Score {
    Score { genome: Genome(choices.to_vec()), parent: Genome(vec![]), gain, cost: 1.0, at: 0 }
}

/// Distance to the far corner, as a gain over the near one.
fn gain(genome: &Genome) -> f64 {
    genome.0.iter().map(|choice| f64::from(*choice)).sum()
}

/// Rounds of four until a proposer that always starts from the near corner proposes the far one.
fn rounds(proposer: &mut impl Proposer, seed: u64) -> u64 {
    let (space, mut rng) = (grid(3, 5), generator(seed));
    let [near, far] = [0, 4].map(|choice| Genome(vec![choice; 3]));
    let found = (1..200).find(|round| {
        let asked = proposer.ask(&Question::new(&space, &near, 4), &mut rng);
        let found = asked.contains(&far);
        for genome in asked {
            let gain = gain(&genome);
            proposer.tell(&Score { genome, parent: near.clone(), gain, cost: 1.0, at: *round });
        }
        found
    });
    found.unwrap_or(200)
}

#[test]
fn it_climbs_a_hill_from_whose_foot_its_parent_does_not_move() {
    let evolved = median((0..20).map(|seed| rounds(&mut Evolution::new(), seed)).collect());
    assert!(evolved < 40, "{evolved} rounds");
}

#[test]
fn the_oldest_dies() {
    let mut evolution = Evolution::new();
    for at in 0..100 {
        evolution.tell(&score(&[at], f64::from(at)));
    }
    assert_eq!(evolution.population().len(), POPULATION_MAX);
    assert_eq!(evolution.population().next().map(|tried| tried.genome.0[0]), Some(99));
}

#[test]
fn failures_have_no_children() {
    let (space, mut rng, mut evolution) = (grid(2, 9), generator(1), Evolution::new());
    evolution.tell(&score(&[8, 8], f64::NEG_INFINITY));
    evolution.tell(&score(&[8, 0], f64::NAN));
    for genome in evolution.ask(&Question::new(&space, &Genome(vec![1, 1]), 8), &mut rng) {
        assert!(genome.0.iter().all(|choice| *choice <= 4), "{genome:?} is no child of the parent");
    }
}

#[test]
fn members_of_another_space_have_no_children() {
    let (space, mut rng, mut evolution) = (grid(2, 3), generator(1), Evolution::new());
    evolution.tell(&score(&[2, 7, 1], 1.0));
    keeps_the_laws(&mut evolution, &space, 4, &mut rng);
}

#[test]
fn most_children_of_a_search_that_fails_are_one_edit_away_and_more_after_a_drift() {
    let (space, parent) = (grid(8, 9), Genome(vec![4; 8]));
    let further = |drift| {
        let (mut rng, mut evolution) = (generator(2), Evolution::new());
        for _ in 0..20 {
            evolution.tell(&score(&[0; 8], f64::NEG_INFINITY));
        }
        let question = Question { drift, ..Question::new(&space, &parent, 1) };
        let asked: Vec<Genome> = (0..300).flat_map(|_| evolution.ask(&question, &mut rng)).collect();
        let distance = |genome: &Genome| genome.0.iter().map(|choice| choice.abs_diff(4)).sum::<u16>();
        asked.iter().filter(|genome| distance(genome) > 1).count()
    };
    assert_eq!(further(None), 0);
    assert!((80..200).contains(&further(Some(0))), "{}", further(Some(0)));
}

proptest! {
    #[test]
    fn it_keeps_the_laws(space in spaces(), count in 0_usize..10, seed in any::<u64>()) {
        let (mut evolution, mut rng) = (Evolution::new(), generator(seed));
        keeps_the_laws(&mut evolution, &space, count, &mut rng);
        prop_assert!(evolution.population().len() <= POPULATION_MAX);
        let mut restored = saved_and_restored(&evolution);
        let parent = space.sample(&mut rng);
        let question = Question::new(&space, &parent, count);
        let asked = evolution.ask(&question, &mut rng.clone());
        prop_assert_eq!(asked, restored.ask(&question, &mut rng));
    }
}
