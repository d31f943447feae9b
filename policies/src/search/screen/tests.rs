//! What is hopeless is left out, what is not is tried, and nothing is hopeless for ever.

use proptest::prelude::*;

use super::*;
use crate::search::laws::{grid, keeps_the_laws, spaces};
use crate::search::promise::{LET_THROUGH, RECORDS_MIN};
use crate::search::{AnyProposer, Random};
use crate::stats::simulate::{generator, saved_and_restored};

fn screened<P: Proposer>(inner: P) -> Screened<P> {
    Screened::new(inner, Some(AnyPredictor::default()))
}

/// Only what moves the first gene up is better.
fn gain(genome: &Genome, parent: &Genome) -> f64 {
    f64::from(genome.0[0]) - f64::from(parent.0[0]) - 0.5
}

#[test]
fn once_it_is_known_what_helps_most_of_what_does_not_is_left_out() {
    let (space, mut rng, parent) = (grid(3, 6), generator(2), Genome(vec![3, 3, 3]));
    let mut proposer = screened(Random);
    let mut shares = Vec::new();
    for now in 0..40 {
        let question = Question { now, ..Question::new(&space, &parent, 6) };
        let asked = proposer.ask(&question, &mut rng);
        let good = asked.iter().filter(|genome| gain(genome, &parent) > 0.0).count();
        shares.push(good as f64 / asked.len() as f64);
        for genome in asked {
            let gain = gain(&genome, &parent);
            proposer.tell(&Score { genome, parent: parent.clone(), gain, cost: 1.0, at: now });
        }
    }
    let of = |shares: &[f64]| shares.iter().sum::<f64>() / shares.len() as f64;
    let (before, after) = (of(&shares[..5]), of(&shares[20..]));
    assert!(before < 0.5 && after > before + 0.2, "{before} better before, {after} after");
    let promise = proposer.promise().expect("it is screened");
    assert!(promise.skipped() > 0 && promise.recall() > Some(1.0 - LET_THROUGH), "{promise:?}");
}

#[test]
fn nothing_is_left_out_before_much_is_known_and_something_is_always_tried() {
    let (space, mut rng, parent) = (grid(3, 6), generator(1), Genome(vec![5, 5, 5]));
    let mut proposer = screened(Random);
    // From the top nothing gains, but what was tried from below did.
    let below = Genome(vec![0; 3]);
    let (mut tried, mut skipped) = (0, 0);
    for now in 0..80 {
        let from = if now < 30 { &below } else { &parent };
        let asked = proposer.ask(&Question { now, ..Question::new(&space, from, 2) }, &mut rng);
        assert!(!asked.is_empty(), "hopeless as all may be");
        skipped = proposer.promise().map_or(0, Promise::skipped);
        assert!(tried >= RECORDS_MIN || skipped == 0, "{skipped} after {tried}");
        for genome in asked {
            let gain = gain(&genome, from);
            proposer.tell(&Score { genome, parent: from.clone(), gain, cost: 1.0, at: now });
            tried += 1;
        }
    }
    assert!(skipped > 20, "{skipped}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn it_keeps_the_laws(space in spaces(), count in 0_usize..6, is_on in any::<bool>(), seed in any::<u64>()) {
        let inner = AnyProposer::named("portfolio").expect("it is one of the names");
        let mut proposer = Screened::new(inner, is_on.then(AnyPredictor::default));
        let mut rng = generator(seed);
        keeps_the_laws(&mut proposer, &space, count, &mut rng);
        let mut restored = saved_and_restored(&proposer);
        let parent = space.sample(&mut rng);
        let question = Question { now: 7, ..Question::new(&space, &parent, count) };
        let asked = proposer.ask(&question, &mut rng.clone());
        prop_assert_eq!(asked, restored.ask(&question, &mut rng));
    }
}
