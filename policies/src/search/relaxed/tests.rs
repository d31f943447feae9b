//! Whom a relaxed network leads to.

use model::SearchSpace;
use proptest::prelude::*;

use super::*;
use crate::search::laws::grid;
use crate::stats::simulate::{generator, saved_and_restored};

fn leads(parent: &Genome) -> Leads {
    let genome = |a, b| Genome(vec![a, b, 0]);
    Leads {
        parent: parent.clone(),
        chosen: Some(genome(3, 3)),
        strengths: vec![
            (genome(2, 3), 0.01),
            (genome(3, 1), 0.9),
            (genome(1, 3), f64::NAN),
            (genome(9, 9), 0.5),
        ],
    }
}

fn space() -> SearchSpace {
    grid(3, 4)
}

#[test]
fn it_is_asked_for_once_for_a_parent_and_again_after_a_drift() {
    let (space, parent, other) = (space(), Genome(vec![0; 3]), Genome(vec![1; 3]));
    let mut proposer = Relaxed::new();
    let calm = Question::new(&space, &parent, 4);
    assert!(proposer.wants_leads(&calm) && proposer.wants_leads(&calm), "nothing was heard");
    proposer.hear(leads(&parent));
    assert!(!proposer.wants_leads(&calm) && proposer.wants_leads(&Question { parent: &other, ..calm }));
    assert!(proposer.wants_leads(&Question { drift: Some(5), now: 6, ..calm }), "it is another world");
    proposer.hear(Leads::nothing(parent.clone()));
    assert!(
        !proposer.wants_leads(&Question { drift: Some(5), now: 6, ..calm }),
        "that it said nothing is said"
    );
}

#[test]
fn the_chosen_one_is_first_and_what_was_tried_gives_way() {
    let (space, parent) = (space(), Genome(vec![0; 3]));
    let mut proposer = Relaxed::new();
    proposer.hear(leads(&parent));
    let question = Question::new(&space, &parent, 4);
    let first = proposer.ask(&question, &mut generator(1));
    assert_eq!(first[0], Genome(vec![3, 3, 0]));
    assert_eq!(first[2..].iter().filter(|genome| space.neighbours(&parent).contains(genome)).count(), 2);
    for genome in &first {
        let score = Score { genome: genome.clone(), parent: parent.clone(), gain: 0.1, cost: 1.0, at: 1 };
        proposer.tell(&score);
    }
    let second = proposer.ask(&Question { count: 2, ..question }, &mut generator(2));
    assert!(second.iter().all(|genome| !first.contains(genome)), "{first:?} {second:?}");
    assert_eq!(second.iter().filter(|genome| !space.neighbours(&parent).contains(genome)).count(), 1);
}

proptest! {
    #[test]
    fn what_is_stronger_is_tried_more_often_and_a_snapshot_goes_on(seed in any::<u64>()) {
        let (space, parent) = (space(), Genome(vec![0; 3]));
        let mut proposer = Relaxed::new();
        proposer.hear(Leads { chosen: None, ..leads(&parent) });
        let mut restored = saved_and_restored(&proposer);
        let question = Question::new(&space, &parent, 2);
        let mut rng = generator(seed);
        let mut strong = 0;
        for _ in 0..50 {
            prop_assert_eq!(proposer.ask(&question, &mut rng.clone()), restored.ask(&question, &mut rng.clone()));
            strong += usize::from(proposer.ask(&question, &mut rng)[0] == Genome(vec![3, 1, 0]));
        }
        prop_assert!(strong > 40, "{strong} of 50 at 90 to 1");
    }
}
