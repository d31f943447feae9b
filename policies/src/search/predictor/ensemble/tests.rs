//! The laws of predictors, and that five networks learn.

use proptest::prelude::*;

use super::*;
use crate::search::laws::grid;
use crate::search::predictor::laws::{self, examples, subject};
use crate::stats::simulate::generator;

#[test]
fn it_tells_better_from_worse() {
    let right = laws::told_apart(&mut Ensemble::new(), 60, 5);
    assert!(right > 0.85, "{right}");
}

#[test]
fn a_little_more_to_learn_from_changes_nothing_until_it_is_a_tenth() {
    let space = grid(3, 4);
    let all = examples(&space, 100, &mut generator(1));
    let mut ensemble = Ensemble::new();
    let mut networks = |examples: &[Example]| {
        ensemble.fit(&space, examples, &mut generator(2));
        ensemble.networks.clone()
    };
    let first = networks(&all[..80]);
    assert_eq!(networks(&all[..81]), first);
    assert_ne!(networks(&all), first);
}

#[test]
fn it_forgets_with_the_examples() {
    let space = grid(3, 4);
    let mut ensemble = Ensemble::new();
    ensemble.fit(&space, &examples(&space, 20, &mut generator(1)), &mut generator(1));
    ensemble.fit(&space, &[], &mut generator(1));
    let nothing = ensemble.predict(Moment::default(), &subject(&[0; 3]), &[subject(&[1; 3])]);
    assert_eq!(nothing, [vec![]]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn it_keeps_the_laws(count in 0_u64..40, seed in any::<u64>()) {
        laws::answers_are_beliefs(&mut Ensemble::new(), count, seed);
    }

    #[test]
    fn it_restores_exactly_and_order_does_not_matter(seed in any::<u64>()) {
        laws::restores_exactly(&mut Ensemble::new(), seed);
        laws::order_does_not_matter(&Ensemble::new(), seed);
    }
}
