//! What matters is told from what does not, and little evidence shuts nothing out.

use super::*;
use crate::search::laws::grid;
use crate::stats::simulate::generator;

#[test]
fn the_gene_that_decides_is_the_important_one() {
    let (space, mut rng) = (grid(4, 5), generator(1));
    let scored = |_| {
        let genome = space.sample(&mut rng);
        let gain = -f64::from(genome.0[2].abs_diff(3)) - 0.1 * f64::from(genome.0[0]);
        (genome, gain)
    };
    let scores: Vec<(Genome, f64)> = (0..200).map(scored).collect();
    let shares = importances(&space, &scores);
    assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    assert!(shares[2] > 0.6 && shares[0] > shares[1].min(shares[3]), "{shares:?}");
    assert!(importances(&space, &[]).iter().all(|share| (share - 0.25).abs() < 1e-9));
}

#[test]
fn where_nothing_was_tried_the_best_may_be() {
    let counts = [(50.0, 5.0), (0.0, 0.0), (40.0, 0.0)];
    assert!(outside(&counts, 0, 1) < 0.05, "forty tries, none among the best");
    assert!(outside(&[(50.0, 5.0), (0.0, 0.0)], 0, 0) > 0.4);
}
