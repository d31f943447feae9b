//! The laws of proposers, and that no neighbour is preferred.

use proptest::prelude::*;

use super::*;
use crate::search::laws::{grid, keeps_the_laws, spaces};
use crate::stats::simulate::generator;

#[test]
fn every_neighbour_is_as_likely() {
    let (space, mut rng) = (grid(2, 3), generator(1));
    let mut counts = std::collections::BTreeMap::new();
    for _ in 0..4_000 {
        for genome in RandomEdits.ask(&Question::new(&space, &Genome(vec![1, 1]), 1), &mut rng) {
            *counts.entry(genome).or_insert(0) += 1;
        }
    }
    assert!(counts.len() == 4 && counts.values().all(|count| (850..1_150).contains(count)), "{counts:?}");
}

proptest! {
    #[test]
    fn it_keeps_the_laws(space in spaces(), count in 0_usize..10, seed in any::<u64>()) {
        keeps_the_laws(&mut RandomEdits, &space, count, &mut generator(seed));
    }
}
