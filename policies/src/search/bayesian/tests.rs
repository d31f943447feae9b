//! The laws of proposers, and that it finds what it is looking for.

use proptest::prelude::*;

use super::*;
use crate::search::Random;
use crate::search::experience::WINDOW_MAX;
use crate::search::laws::{grid, keeps_the_laws, spaces};
use crate::search::predictor::Ensemble;
use crate::stats::simulate::{generator, median, saved_and_restored};

/// A hill in the middle of a grid of four genes with six choices, higher on one side.
fn height(genome: &Genome) -> f64 {
    let off = |choice: &u16| -(f64::from(*choice) - 3.0) * (f64::from(*choice) - 3.0);
    genome.0.iter().map(off).sum()
}

fn tell(proposer: &mut impl Proposer, genome: &Genome, parent: &Genome, at: u64) -> f64 {
    let gain = height(genome) - height(parent);
    let score = Score { genome: genome.clone(), parent: parent.clone(), gain, cost: 1.0, at };
    proposer.tell(&score);
    gain
}

/// Trials until the top is found, one at a time, from the best so far.
fn trials(proposer: &mut impl Proposer, features: bool, seed: u64) -> u64 {
    let (space, mut rng) = (grid(4, 6), generator(seed));
    let mut parent = Genome(vec![0; 4]);
    let known = |genome: &Genome| vec![height(genome).exp(), height(genome)];
    for now in 0..300 {
        let mut question = Question { now, ..Question::new(&space, &parent, 1) };
        if features {
            question.features = &known;
        }
        let genome = proposer.ask(&question, &mut rng).pop().expect("there are more");
        if tell(proposer, &genome, &parent, now) > 0.0 {
            parent = genome;
        }
        if parent.0 == [3; 4] {
            return now + 1;
        }
    }
    300
}

#[test]
fn it_needs_far_fewer_trials_than_random_members() {
    let by = |of: &dyn Fn(u64) -> u64| median((0..9).map(of).collect());
    let process = by(&|seed| trials(&mut Bayesian::default(), false, seed));
    let known = by(&|seed| trials(&mut Bayesian::default(), true, seed));
    let random = by(&|seed| trials(&mut Random, false, seed));
    assert!(process <= 30 && random > 2 * process, "{process} by a process, {random} at random");
    assert!(known <= 10, "{known} where features tell");
}

#[test]
fn an_ensemble_serves_as_well() {
    let networks = || Bayesian::new(AnyPredictor::Ensemble(Ensemble::new()));
    let found = median((0..3).map(|seed| trials(&mut networks(), false, seed)).collect());
    assert!(found <= 100, "{found}");
}

#[test]
fn a_batch_is_spread() {
    let (space, mut rng, mut bayesian) = (grid(4, 6), generator(3), Bayesian::default());
    let parent = Genome(vec![2; 4]);
    for genome in space.neighbours(&parent) {
        tell(&mut bayesian, &genome, &parent, 1);
    }
    let asked = bayesian.ask(&Question { now: 2, ..Question::new(&space, &parent, 9) }, &mut rng);
    assert_eq!(asked.len(), 9);
    assert!(height(&asked[0]) > height(&parent), "{asked:?}");
    let edits = |genome: &Genome| genome.0.iter().map(|choice| choice.abs_diff(2)).sum::<u16>();
    assert!(asked.iter().map(edits).collect::<BTreeSet<_>>().len() > 2, "near and far: {asked:?}");
}

#[test]
fn a_drift_begins_an_era_once() {
    let (space, mut rng, mut bayesian) = (grid(2, 4), generator(1), Bayesian::default());
    let parent = Genome(vec![0, 0]);
    // The second drift is asked about long after it was noticed, the third right after the second.
    let asked = [(0, None), (10, Some(10)), (50, Some(10)), (9_000, Some(60)), (9_001, Some(9_001))];
    let eras = asked.map(|(now, drift)| {
        bayesian.ask(&Question { now, drift, ..Question::new(&space, &parent, 1) }, &mut rng);
        bayesian.experience.enter(&Question { now, drift, ..Question::new(&space, &parent, 1) }).era
    });
    assert_eq!(eras, [0, 1, 1, 2, 3]);
}

#[test]
fn features_are_asked_for_once_and_forgotten_with_the_window() {
    let (space, mut rng, mut bayesian) = (grid(4, 9), generator(1), Bayesian::default());
    let parent = Genome(vec![4; 4]);
    let known = |genome: &Genome| vec![height(genome)];
    for now in 0..2 * WINDOW_MAX as u64 {
        if now % 100 == 0 {
            let question = Question { now, features: &known, ..Question::new(&space, &parent, 3) };
            bayesian.ask(&question, &mut rng);
            assert!(bayesian.experience.known() <= WINDOW_MAX + 4, "{}", bayesian.experience.known());
        }
        tell(&mut bayesian, &space.sample(&mut rng), &parent, now);
    }
    assert_eq!(bayesian.remembered(), WINDOW_MAX);
}

#[test]
fn failures_and_genomes_of_another_space_do_no_harm() {
    let (space, mut rng, mut bayesian) = (grid(2, 3), generator(1), Bayesian::default());
    for genome in [vec![2, 7, 1], vec![9, 9], vec![1, 1]] {
        let (genome, parent) = (Genome(genome), Genome(vec![0, 0]));
        bayesian.tell(&Score { genome, parent, gain: f64::NEG_INFINITY, cost: f64::NAN, at: 0 });
    }
    keeps_the_laws(&mut bayesian, &space, 4, &mut rng);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn it_keeps_the_laws(space in spaces(), count in 0_usize..10, predictor in 0..AnyPredictor::NAMES.len(), seed in any::<u64>()) {
        let name = AnyPredictor::NAMES[predictor];
        let mut bayesian = Bayesian::new(AnyPredictor::named(name).expect("it is one of the names"));
        let mut rng = generator(seed);
        keeps_the_laws(&mut bayesian, &space, count, &mut rng);
        let mut restored = saved_and_restored(&bayesian);
        let parent = space.sample(&mut rng);
        let question = Question { now: 7, ..Question::new(&space, &parent, count) };
        let asked = bayesian.ask(&question, &mut rng.clone());
        prop_assert_eq!(asked, restored.ask(&question, &mut rng));
    }
}
