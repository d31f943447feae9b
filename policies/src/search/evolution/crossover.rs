//! Crossover: whole blocks of one genome in the place of the same blocks of another.
//!
//! Lives here: what belongs together. A block is a gene that always counts and those that count only with it, so that no
//! child has the choices of a part without the part. May not: choose who is crossed.

use model::{Genome, SearchSpace};
use rand::RngExt;
use rand_pcg::Pcg64;

/// Each block of the first or of the second, as likely one as the other.
pub(super) fn crossed(space: &SearchSpace, first: &Genome, second: &Genome, rng: &mut Pcg64) -> Genome {
    let genes = space.genes();
    let mut of_second = vec![false; genes.len()];
    for (at, gene) in genes.iter().enumerate() {
        of_second[at] = gene.active_if.map_or_else(|| rng.random(), |(on, _)| of_second[on]);
    }
    let choice = |(at, second_is)| if second_is { second.0[at] } else { first.0[at] };
    space.canonical(&Genome(of_second.into_iter().enumerate().map(choice).collect()))
}

#[cfg(test)]
mod tests {
    use model::Gene;

    use super::*;
    use crate::stats::simulate::generator;

    #[test]
    fn blocks_stay_whole() {
        let gene = |active_if| Gene {
            name: "g".into(),
            choices: ["0", "1", "2"].map(String::from).into(),
            ordered: false,
            active_if,
        };
        let space = SearchSpace::new(vec![gene(None), gene(Some((0, 1))), gene(None), gene(Some((2, 1)))])
            .expect("genes depend on earlier ones");
        let (first, second) = (Genome(vec![1; 4]), Genome(vec![2; 4]));
        let mut rng = generator(1);
        let children: std::collections::BTreeSet<Vec<u16>> =
            (0..100).map(|_| crossed(&space, &first, &second, &mut rng).0).collect();
        let blocks = [[1, 1, 1, 1], [1, 1, 2, 2], [2, 2, 1, 1], [2, 2, 2, 2]].map(|child| child.to_vec());
        assert_eq!(children, blocks.into());
    }
}
