//! The laws of proposers, and that no member is preferred.

use proptest::prelude::*;

use super::*;
use crate::search::laws::{grid, keeps_the_laws, spaces};
use crate::stats::simulate::generator;

#[test]
fn every_member_is_as_likely() {
    let (space, mut rng) = (grid(2, 3), generator(1));
    let mut counts = std::collections::BTreeMap::new();
    for _ in 0..8_000 {
        for genome in Random.ask(&Question::new(&space, &Genome(vec![1, 1]), 1), &mut rng) {
            *counts.entry(genome).or_insert(0) += 1;
        }
    }
    assert!(counts.len() == 8 && counts.values().all(|count| (850..1_150).contains(count)), "{counts:?}");
}

#[test]
fn a_batch_is_filled_up_with_neighbours() {
    let (space, mut rng) = (grid(1, 3), generator(1));
    let asked = Random.ask(&Question::new(&space, &Genome(vec![1]), 9), &mut rng);
    assert_eq!(asked.len(), 2, "all there are: {asked:?}");
}

proptest! {
    #[test]
    fn it_keeps_the_laws(space in spaces(), count in 0_usize..10, seed in any::<u64>()) {
        keeps_the_laws(&mut Random, &space, count, &mut generator(seed));
    }
}
