//! The laws of predictors, and that order is learned from graphs.

use proptest::prelude::*;

use super::*;
use crate::search::laws::grid;
use crate::search::predictor::laws;
use crate::stats::simulate::generator;
use model::wiring::{Operation, Source, When};
use model::{Gene, Wiring};

/// A chain of operations, of which the first choice is nothing and lets nothing through.
fn chain(length: usize) -> SearchSpace {
    let gene = |at: usize| Gene {
        name: format!("operation {at}"),
        choices: ["none", "good", "bad", "neither"].map(String::from).to_vec(),
        ordered: false,
        active_if: None,
    };
    let operation = |at: usize| Operation {
        kind: 0,
        genes: vec![at],
        exists: When::Chosen { gene: at, choices: vec![1, 2, 3] },
        inputs: vec![(at.checked_sub(1).map_or(Source::Row, Source::Operation), When::Always)],
        answers: vec![When::Always],
    };
    let space = SearchSpace::new((0..length).map(gene).collect()).expect("independent genes");
    space.wired(Wiring((0..length).map(operation).collect())).expect("a chain")
}

/// Only what is before the first nothing counts.
fn worth(genome: &Genome) -> f64 {
    let flows = genome.0.iter().take_while(|choice| **choice > 0);
    flows.map(|choice| [0.0, 1.0, -1.0, 0.1][usize::from(*choice)]).sum()
}

fn tried(space: &SearchSpace, count: u64, rng: &mut Pcg64) -> Vec<Example> {
    let of = |genome: Genome| Subject { genome, features: vec![] };
    let parent = of(space.sample(rng));
    let example = |at| {
        let child = of(space.sample(rng));
        let changes = vec![worth(&child.genome) - worth(&parent.genome)];
        Example { child, parent: parent.clone(), changes, moment: Moment { era: 0, at } }
    };
    (0..count).map(example).collect()
}

/// Of pairs never tried, how many are told apart.
fn told_apart(ranker: &mut Ranker, count: u64, seed: u64) -> f64 {
    let (space, mut rng) = (chain(5), generator(seed));
    ranker.fit(&space, &tried(&space, count, &mut rng), &mut rng);
    let mut right = Vec::new();
    while right.len() < 200 {
        let [parent, child] = [(); 2].map(|()| Subject { genome: space.sample(&mut rng), features: vec![] });
        let change = worth(&child.genome) - worth(&parent.genome);
        if change != 0.0 {
            let told = ranker.predict(Moment::default(), &parent, &[child]);
            right.push((told[0][0].mean > 0.0) == (change > 0.0));
        }
    }
    right.iter().filter(|right| **right).count() as f64 / right.len() as f64
}

#[test]
fn it_tells_better_from_worse() {
    let right = laws::told_apart(&mut Ranker::new(), 60, 5);
    assert!(right > 0.85, "{right}");
    let right = told_apart(&mut Ranker::new(), 40, 5);
    assert!(right > 0.9, "{right} by graphs");
}

#[test]
fn what_is_free_to_know_is_learned_once_for_a_space() {
    let (space, mut rng) = (chain(5), generator(1));
    let mut ranker = Ranker::new();
    let asked = std::cell::Cell::new(0);
    let free = |genome: &Genome| {
        asked.set(asked.get() + 1);
        vec![worth(genome), genome.0.iter().map(|choice| f64::from(*choice)).sum()]
    };
    ranker.study(&space, &free, &mut rng);
    ranker.study(&space, &free, &mut rng);
    assert_eq!((asked.get(), ranker.studied.len()), (STUDIED, NETWORKS));
    let right = told_apart(&mut ranker, 12, 5);
    assert!(right > told_apart(&mut Ranker::new(), 12, 5), "{right}");
    ranker.study(&grid(3, 4), &|_| Vec::new(), &mut rng);
    assert!(ranker.studied.is_empty(), "of another space nothing is known");
}

#[test]
fn a_little_more_to_learn_from_changes_nothing_until_it_is_a_tenth() {
    laws::learns_again_at_a_tenth(&mut Ranker::new(), |ranker| ranker.trained.clone());
}

#[test]
fn it_forgets_with_the_examples() {
    laws::forgets_with_the_examples(&mut Ranker::new());
}

#[test]
fn graphs_that_are_alike_are_near_whatever_their_genes() {
    let space = chain(4);
    let likeness = Likeness::new(&space, &|genome| vec![worth(genome)]);
    let apart = |one: [u16; 4], other: [u16; 4]| -> f64 {
        let [one, other] = [one, other].map(|choices| likeness.embedding(&Genome(choices.to_vec())));
        one.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum()
    };
    assert!(apart([1, 2, 0, 1], [1, 2, 0, 2]) < 1e-9, "what nothing flows through does not count");
    assert!(apart([1, 1, 1, 1], [1, 1, 1, 3]) < apart([1, 1, 1, 1], [2, 2, 0, 1]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2))]

    #[test]
    fn it_keeps_the_laws(count in 0_u64..40, seed in any::<u64>()) {
        laws::answers_are_beliefs(&mut Ranker::new(), count, seed);
    }

    #[test]
    fn it_restores_exactly_and_order_does_not_matter(seed in any::<u64>()) {
        laws::restores_exactly(&mut Ranker::new(), seed);
        laws::order_does_not_matter(&Ranker::new(), seed);
    }
}
