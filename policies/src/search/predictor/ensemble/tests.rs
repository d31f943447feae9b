//! The laws of predictors, and that five networks learn.

use proptest::prelude::*;

use super::*;
use crate::search::predictor::laws;

#[test]
fn it_tells_better_from_worse() {
    let right = laws::told_apart(&mut Ensemble::new(), 60, 5);
    assert!(right > 0.85, "{right}");
}

#[test]
fn a_little_more_to_learn_from_changes_nothing_until_it_is_a_tenth() {
    laws::learns_again_at_a_tenth(&mut Ensemble::new(), |ensemble| ensemble.networks.clone());
}

#[test]
fn it_forgets_with_the_examples() {
    laws::forgets_with_the_examples(&mut Ensemble::new());
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
