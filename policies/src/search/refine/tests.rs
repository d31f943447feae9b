//! Bounds follow the evidence, never shut the incumbent out, and all come back.

use proptest::prelude::*;

use super::*;
use crate::search::laws::{grid, spaces};
use crate::stats::simulate::{generator, saved_and_restored};

fn score(genome: Genome, parent: &Genome, gain: f64) -> Score {
    Score { genome, parent: parent.clone(), gain, cost: 1.0, at: 0 }
}

proptest! {
    #[test]
    fn the_incumbent_is_always_admitted_and_reset_admits_all(
        space in spaces(), seed in any::<u64>(), gains in prop::collection::vec(prop_oneof![9 => -1.0..1.0, 1 => Just(f64::NAN)], 0..400),
    ) {
        let (mut rng, mut refiner) = (generator(seed), Refiner::new(&space));
        let mut parent = space.sample(&mut rng);
        for (at, gain) in gains.into_iter().enumerate() {
            if at % 50 == 49 {
                parent = space.sample(&mut rng);
            }
            let genome = space.sample(&mut rng);
            let gain = gain - f64::from(genome.0[0]);
            let mut restored = saved_and_restored(&refiner);
            let changes = refiner.observe(&score(genome.clone(), &parent, gain));
            prop_assert_eq!(restored.observe(&score(genome, &parent, gain)), changes);
            prop_assert_eq!(&restored, &refiner);
            prop_assert!(refiner.admits(&parent));
        }
        let narrowed = refiner.genes.iter().any(|bounds| !(0..=bounds.last()).all(|choice| bounds.admits(choice)));
        prop_assert_eq!(refiner.reset().is_some(), narrowed);
        prop_assert_eq!(refiner, Refiner::new(&space));
    }
}

/// Tells what each choice of one gene of eight gains, round after round; what is changed.
fn told(refiner: &mut Refiner, incumbent: u16, rounds: u16, gain: impl Fn(u16) -> f64) -> Vec<Refinement> {
    let parent = Genome(vec![incumbent]);
    let tell = |at: u16| refiner.observe(&score(Genome(vec![at % 8]), &parent, gain(at % 8)));
    (0..8 * rounds).flat_map(tell).collect()
}

#[test]
fn bounds_move_in_where_nothing_good_is_and_out_where_the_incumbent_leans() {
    let space = grid(1, 8);
    let mut refiner = Refiner::new(&space);
    let changes = told(&mut refiner, 1, 25, |choice| -f64::from(choice.abs_diff(1)));
    assert!(matches!(changes.first(), Some(Refinement::Shrunk { gene: 0, .. })), "{changes:?}");
    let before = refiner.genes[0].high;
    assert!(before < 7);
    let changes = told(&mut refiner, before, 25, f64::from);
    assert!(changes.iter().any(|change| matches!(change, Refinement::Widened { .. })), "{changes:?}");
    assert!(refiner.genes[0].high > before);
}

#[test]
fn a_choice_that_never_wins_retires_and_one_win_brings_it_back() {
    let gene = |name: &str| model::Gene {
        name: name.into(),
        choices: ["a", "b"].map(String::from).to_vec(),
        ordered: false,
        active_if: None,
    };
    let space = SearchSpace::new(vec![gene("one")]).expect("one gene");
    let mut refiner = Refiner::new(&space);
    let parent = Genome(vec![0]);
    let mut tell = |gain| refiner.observe(&score(Genome(vec![1]), &parent, gain));
    let changes: Vec<Refinement> = (0..TRIES).flat_map(|_| tell(-0.1)).collect();
    assert_eq!(changes, [Refinement::Retired { gene: 0, choice: 1 }]);
    assert_eq!(tell(0.1), [Refinement::Returned { gene: 0, choice: 1 }]);
}
