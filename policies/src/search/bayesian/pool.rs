//! Pool: what is thought about before one is asked for.
//!
//! Lives here: the one- and two-edit neighbourhood of the best few, and a few from anywhere. May not: score.

use std::collections::BTreeSet;

use model::{Genome, SearchSpace};
use rand::seq::{IndexedRandom, SliceRandom};
use rand_pcg::Pcg64;

/// One edit from one of the best, at most.
pub const NEAR_MAX: usize = 256;
/// Two edits, at most.
pub const FURTHER_MAX: usize = 192;
/// From anywhere in the space, at most: so that a hill once climbed is not the end.
pub const ANYWHERE_MAX: usize = 64;

/// Different canonical members around these and from anywhere, none of those to leave out, in random order.
pub(super) fn pool(
    space: &SearchSpace,
    best: &[Genome],
    leave_out: &BTreeSet<Genome>,
    rng: &mut Pcg64,
) -> Vec<Genome> {
    let mut seen = leave_out.clone();
    let neighbours: Vec<Genome> = best.iter().flat_map(|genome| space.neighbours(genome)).collect();
    // In the order of the best, so that it is the neighbours of the lesser that are left out.
    let mut pool: Vec<Genome> =
        neighbours.iter().filter(|genome| seen.insert((*genome).clone())).take(NEAR_MAX).cloned().collect();
    for _ in 0..FURTHER_MAX {
        let twice = neighbours.choose(rng).and_then(|genome| space.neighbours(genome).choose(rng).cloned());
        pool.extend(twice.filter(|genome| seen.insert(genome.clone())));
    }
    for _ in 0..ANYWHERE_MAX {
        let genome = space.sample(rng);
        if seen.insert(genome.clone()) {
            pool.push(genome);
        }
    }
    pool.shuffle(rng);
    pool
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::laws::grid;
    use crate::stats::simulate::generator;

    #[test]
    fn it_holds_every_neighbour_some_further_and_some_from_anywhere() {
        let space = grid(6, 5);
        let centre = Genome(vec![2; 6]);
        let leave_out = BTreeSet::from([centre.clone()]);
        let pool = pool(&space, std::slice::from_ref(&centre), &leave_out, &mut generator(1));
        let edits = |genome: &Genome| genome.0.iter().map(|choice| choice.abs_diff(2)).sum::<u16>();
        let count = |of: u16| pool.iter().filter(|genome| edits(genome) == of).count();
        assert_eq!(count(1), 12);
        assert!(count(2) > 40 && pool.iter().any(|genome| edits(genome) > 5), "{}", count(2));
        assert!(!pool.contains(&centre));
        assert_eq!(pool.iter().collect::<BTreeSet<_>>().len(), pool.len());
    }
}
