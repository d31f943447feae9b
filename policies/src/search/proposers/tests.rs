//! What each proposer has to keep, whichever it is.

use proptest::prelude::*;

use super::*;
use crate::search::laws::{keeps_the_laws, spaces};
use crate::stats::simulate::{generator, saved_and_restored};

#[test]
fn each_has_its_name_and_no_other() {
    for name in AnyProposer::NAMES {
        assert_eq!(AnyProposer::named(name).map(|proposer| proposer.name()), Some(name));
    }
    assert_eq!(AnyProposer::named("nobody"), None);
}

proptest! {
    #[test]
    fn each_keeps_the_laws_and_goes_on_from_a_snapshot(
        space in spaces(), count in 0_usize..10, drift in proptest::option::of(0_u64..6), seed in any::<u64>(),
    ) {
        for name in AnyProposer::NAMES {
            let (mut proposer, mut rng) = (AnyProposer::named(name).expect("a name"), generator(seed));
            keeps_the_laws(&mut proposer, &space, count, &mut rng);
            let mut restored = saved_and_restored(&proposer);
            let parent = space.sample(&mut rng);
            let question = Question { drift, ..Question::new(&space, &parent, count) };
            let asked = proposer.ask(&question, &mut rng.clone());
            prop_assert_eq!(&asked, &restored.ask(&question, &mut rng));
            for genome in asked {
                let score = Score { genome, parent: parent.clone(), gain: 0.5, cost: 2.0, at: 9 };
                proposer.tell(&score);
                restored.tell(&score);
            }
            // What is worked out anew at the next question is no state.
            let saved = |proposer| postcard::to_stdvec(proposer).expect("plain data");
            prop_assert_eq!(saved(&proposer), saved(&restored));
        }
    }
}
