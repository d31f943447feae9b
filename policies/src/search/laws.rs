//! What every proposer has to keep, on any space.

use std::collections::BTreeSet;

use model::{Gene, SearchSpace};
use proptest::prelude::*;
use rand_pcg::Pcg64;

use super::{Proposer, Question, Score};

/// Any small space, with ordered, unordered and dependent genes.
pub(crate) fn spaces() -> impl Strategy<Value = SearchSpace> {
    prop::collection::vec((1_usize..5, any::<bool>(), any::<bool>()), 1..6).prop_map(|genes| {
        let gene = |(index, (choices, ordered, dependent)): (usize, (usize, bool, bool))| Gene {
            name: format!("g{index}"),
            choices: (0..choices).map(|choice| choice.to_string()).collect(),
            ordered,
            active_if: (dependent && index > 0).then(|| (index - 1, 1)),
        };
        SearchSpace::new(genes.into_iter().enumerate().map(gene).collect())
            .expect("genes depend on earlier ones")
    })
}

/// A chain of ordered genes.
pub(crate) fn grid(genes: usize, choices: usize) -> SearchSpace {
    let gene = |index| Gene {
        name: format!("g{index}"),
        choices: (0..choices).map(|choice| choice.to_string()).collect(),
        ordered: true,
        active_if: None,
    };
    SearchSpace::new((0..genes).map(gene).collect()).expect("the genes are independent")
}

/// Asks and tells for some rounds, checking each answer.
pub(crate) fn keeps_the_laws(
    proposer: &mut impl Proposer,
    space: &SearchSpace,
    count: usize,
    rng: &mut Pcg64,
) {
    for round in 0..6 {
        let parent = space.sample(rng);
        let asked = proposer.ask(&Question { now: round, ..Question::new(space, &parent, count) }, rng);
        assert!(asked.len() <= count);
        assert_eq!(asked.iter().collect::<BTreeSet<_>>().len(), asked.len(), "no genome twice: {asked:?}");
        assert!(asked.len() >= count.min(space.neighbours(&parent).len()), "as many as there are neighbours");
        for (index, genome) in asked.into_iter().enumerate() {
            assert!(space.contains(&genome) && space.canonical(&genome) == genome, "{genome:?}");
            assert_ne!(genome, parent);
            let gain = [0.1, f64::NEG_INFINITY, -0.1, f64::NAN][index % 4];
            proposer.tell(&Score { genome, parent: parent.clone(), gain, cost: 1.0, at: round });
        }
    }
}
