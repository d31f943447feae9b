//! What a relaxed network says, on its way to the proposer.

use model::relaxation::{EdgeStrengths, Strengths};
use model::{Activation, Architecture, Block, Hyper};
use policies::search::{AnyProposer, Proposer as _, Question};

use super::*;
use crate::learn::tests::{feed, plane_with};
use crate::lifecycle::{Effect, Event};

const SETTINGS: &str = "search = { proposer = \"relaxed\", window_outcomes = 100, depth_max = 2 }";

/// Of two places the first asks for a residual block, and the second for nothing.
fn strengths() -> Strengths {
    let edge =
        |shares: [f64; 4], chosen| EdgeStrengths { shares: shares.to_vec(), hurts: Vec::new(), chosen };
    Strengths {
        edges: vec![edge([0.1, 0.1, 0.7, 0.1], 2), edge([0.85, 0.05, 0.05, 0.05], 0)],
        skip_share: 0.5,
        entropy: 0.4,
        curvatures: vec![0.1],
        stopped_at: None,
        variances: [2.0, 1.0],
    }
}

#[test]
fn what_came_out_strong_is_proposed_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut learn = plane_with(&folder, SETTINGS);
    let parent = Architecture::linear(Hyper::default());
    let edges = learn.space.edges(&parent);
    assert_eq!(edges.len(), 2);
    let asked = Asked { parent: parent.clone(), relaxing: Relaxing { member: 0, edges }, count: 4 };
    learn.strengths_landed(&asked, Some(strengths()));
    assert!(matches!(&learn.happened[..], [.., AuditEvent::Relaxed { skip_share: 0.5, .. }]));
    let genome = learn.space.genome(&parent);
    let question = Question::new(learn.space.space(), &genome, 4);
    assert!(!learn.state.proposer.inner_mut().inner_mut().wants_leads(&question));
    let first = learn.state.proposer.ask(&question, &mut learn.state.rng).swap_remove(0);
    let first = learn.space.architecture(&first);
    assert_eq!((first.blocks.len(), first.blocks[0].kind), (1, model::BlockKind::Residual), "{first}");
}

#[test]
fn a_trial_is_asked_for_once_an_episode_and_one_that_fails_says_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut learn = plane_with(&folder, SETTINGS);
    feed(&mut learn, 0..800);
    learn.state.counts.episodes += 1;
    learn.perform(Effect::Ask(3)).expect("nothing fails");
    let is_in_flight = |learn: &Learn| learn.flight.is_some();
    assert!(is_in_flight(&learn), "it is asked first");
    // The worker of this plane cannot be started.
    learn.events.clear();
    while is_in_flight(&learn) {
        learn.state.outcomes += 10;
        learn.land();
    }
    assert!(learn.happened.iter().any(|event| matches!(event, AuditEvent::TrialFailed { .. })));
    assert!(matches!(learn.events.pop_front(), Some(Event::Relaxed(3))));
    learn.perform(Effect::Ask(3)).expect("nothing fails");
    assert!(!is_in_flight(&learn));
    let Some(Event::Proposed(candidates)) = learn.events.pop_front() else { panic!("it proposes") };
    assert!(!candidates.is_empty());
}

#[test]
fn who_does_not_want_to_hear_is_not_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut learn = plane_with(&folder, "search = { proposer = \"local\", window_outcomes = 100 }");
    feed(&mut learn, 0..800);
    let blocks = vec![Block::plain(8, Activation::Relu)];
    let parent = Architecture { blocks, ..Architecture::linear(Hyper::default()) };
    assert!(!learn.relaxes(&parent, 0, 3).expect("nothing fails") && learn.flight.is_none());
    assert!(matches!(learn.state.proposer.inner().inner(), AnyProposer::Local(_)));
}
