//! A breach that a slice answers is answered at once; slices that are tried say whether their order may be believed.

use adapters::kafka::Positions;
use policies::detect::{Resource, Saving};
use policies::search::{placement, slices};

use super::*;
use crate::learn::state::COMPUTE;
use crate::learn::tests::{event, feed, plane_with};
use crate::lifecycle::Effect;
use crate::telemetry::AuditEvent;

const LESS_TIME: Saving = Saving { resource: Resource::Time, share: None };
const ELASTIC: &str = "search = { enabled = false, window_outcomes = 200 }
    relief = { quality_loss_max = 0.5 }
    mixture = { members = [
        { widths = [64, 64], elastic = true },
        { widths = [16] },
        { optimiser = \"sgd\", step_size = 0.1 },
    ] }";

/// A champion with an elastic member, and what it is estimated to need.
fn elastic(folder: &tempfile::TempDir) -> (Learn, f64) {
    let mut learn = plane_with(folder, ELASTIC);
    feed(&mut learn, 0..1_000);
    let needs = learn.estimated(&learn.arms.mixture().expect("it has all members"));
    (learn, needs)
}

#[test]
fn a_slice_that_passes_serves_at_once_without_a_trial() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (mut learn, needs) = elastic(&folder);
    let before = learn.slot().load().generation;
    let said = |learn: &Learn, network: &MixtureNetwork| {
        network.predict(&vec![0.3; learn.arms.pool.shape().inputs]).expect("a row")
    };
    learn.set_budget(COMPUTE, needs * 0.5);
    learn.turn(vec![event(1_000_000, 0.5)], Positions::default()).expect("nothing fails");
    let served = learn.slot().load();
    assert!(served.generation > before && learn.estimated(&served.model.mixture()) <= needs * 0.5);
    assert_eq!((learn.state.counts.reliefs, learn.state.counts.trials), (1, 0));
    let answers = said(&learn, served.model.network());
    let control = learn.arms.pool.freeze(&learn.arms.control).expect("whole");
    assert!(answers.iter().zip(said(&learn, &control)).all(|(a, b)| (a - b).abs() < 1e-5));
    let stories: Vec<String> = learn.happened().iter().map(AuditEvent::story).collect();
    assert!(stories.iter().any(|story| story.starts_with("RELIEF")), "{stories:?}");
    feed(&mut learn, 1_000..1_200);
}

#[test]
fn where_no_slice_passes_smaller_networks_are_trained() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (mut learn, _) = elastic(&folder);
    learn.rules.config.relief.quality_loss_max = -1.0;
    learn.perform(Effect::SeekRelief(LESS_TIME)).expect("nothing fails");
    assert!(learn.state.counts.trials > 0 && learn.state.counts.reliefs == 0);
}

#[test]
fn slices_of_a_network_save_and_are_its_slices() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (learn, _) = elastic(&folder);
    let (mixture, shape) = (learn.arms.mixture().expect("whole"), learn.arms.pool.shape());
    let options = lifecycle::slices(&mixture, &[0.2, 0.3, 0.5], shape, Resource::Time);
    assert!((2..=lifecycle::OPTIONS_MAX).contains(&options.len()));
    let costs: Vec<u64> = options.iter().map(|edit| mixture.edited(edit).cost(shape).macs).collect();
    assert!(costs.is_sorted_by(|a, b| a >= b) && costs[0] < mixture.cost(shape).macs, "{costs:?}");
    let children = options.iter().flat_map(Edit::children);
    for (parent, child) in children {
        assert!(parent == 0 && Slice::between(&mixture.members[0], child).is_some(), "{child}");
    }
}

#[test]
fn slices_that_are_tried_say_whether_their_order_is_to_be_believed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (mut learn, _) = elastic(&folder);
    let mixture = learn.arms.mixture().expect("whole");
    let place = placement(&[0.8, 0.1, 0.1], &[true; 3], 10);
    let tried = learn.slices_of(&mixture, place).expect("nothing fails");
    assert_eq!(tried.len(), slices::SPREAD, "of all sizes, while nothing is known");
    let losses: Vec<f64> = learn.slices_tried.iter().map(|tried| tried.loss).collect();
    let result = |loss: f64| TrialResult {
        number: 0,
        losses: vec![loss as f32; 10],
        rejected: false,
        children: Vec::new(),
        compute_seconds: Vec::new(),
        bytes: 0,
        robust_loss: None,
        strengths: None,
    };
    let landed = Landed {
        candidates: tried.into_iter().enumerate().collect(),
        control: Some(result(0.0)),
        learned: 0,
        schema: learn.rules.config.schema.clone(),
        results: losses.iter().map(|loss| Some(result(*loss))).collect(),
    };
    learn.compare_slices(0, &landed);
    assert_eq!(learn.state.faithfulness.tau(), Some(1.0), "{losses:?}");
    let tried = learn.slices_of(&mixture, place).expect("nothing fails");
    assert_eq!(tried.len(), slices::BEST);
}
