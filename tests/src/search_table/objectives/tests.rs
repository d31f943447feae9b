//! On a small space both find the whole front, and never look up more than they may.

use model::Gene;
use policies::search::Random;

use super::*;

fn table() -> Table {
    let gene = |name: &str| Gene {
        name: name.into(),
        choices: (0..6).map(|choice| choice.to_string()).collect(),
        ordered: false,
        active_if: None,
    };
    let space = SearchSpace::new(vec![gene("one"), gene("two")]).expect("independent genes");
    let genomes = (0..36_u16).map(|at| Genome(vec![at % 6, at / 6]));
    let values =
        |genome: &Genome| vec![f64::from(5 - genome.0[0]) + f64::from(genome.0[1]), f64::from(genome.0[0])];
    let values = genomes.map(|genome| (genome.clone(), values(&genome))).collect();
    Table::new(space, &[Objective::Loss, Objective::Bytes], values)
}

#[test]
fn with_every_member_looked_up_the_whole_volume_is_covered() {
    let table = table();
    let ours = shares(5, 1, |rng| search(&table, &mut Random, 36, rng));
    let peer = shares(5, 1, |rng| nsga::search(&table, 36, rng));
    for share in [ours, peer] {
        assert!(share.mean > 0.99 && share.mean < 1.0 + 1e-9, "{share:?}");
    }
}

#[test]
fn more_look_ups_cover_more() {
    let table = table();
    let few = shares(20, 1, |rng| search(&table, &mut Random, 3, rng));
    let many = shares(20, 1, |rng| search(&table, &mut Random, 12, rng));
    assert!(few.mean < many.mean, "{few:?} {many:?}");
    assert_eq!(many, shares(20, 1, |rng| search(&table, &mut Random, 12, rng)));
}
