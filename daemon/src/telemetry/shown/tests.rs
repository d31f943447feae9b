//! What is shown is what the plane knows, and can be told as JSON.

use adapters::console::{Choice, Status};

use super::*;
use crate::learn::tests::{feed, place_twin, plane_with};
use crate::lifecycle::Effect;

const SETTINGS: &str = "search = { window_outcomes = 100000 }
    gate = { approval = \"promotions\", stresses = [] }
    budget = { compute_seconds = 10.0 }";

fn hear(shown: &mut Shown, learn: &mut Learn) {
    for event in learn.happened() {
        shown.hear(&event, learn);
    }
}

#[test]
fn what_serves_its_curves_and_its_limits_are_shown() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (mut learn, mut shown) = (plane_with(&folder, SETTINGS), Shown::default());
    let cold = shown.status("shop", &learn, None);
    assert!(cold.serving.as_ref().is_some_and(|serving| serving.why.contains("Only the prior")));
    feed(&mut learn, 0..3_000);
    hear(&mut shown, &mut learn);
    let status = shown.status("shop", &learn, None);
    let serving = status.serving.as_ref().expect("something serves");
    assert!(serving.generation > 1 && serving.why.contains("first champion"), "{}", serving.why);
    let curves = status.curves.as_ref().expect("there are curves");
    let told: u64 = curves.stretches.iter().map(|stretch| stretch.outcomes).sum();
    assert_eq!(told, learn.state().outcomes, "every outcome is in one stretch");
    let last = curves.stretches.last().expect("there are stretches").champion;
    assert!(last.lower <= last.since_swap && last.since_swap <= last.upper, "{last:?}");
    assert_eq!(curves.swaps.len(), 1, "the first champion");
    assert!(status.budgets.iter().any(|budget| budget.name == "compute_seconds" && budget.reading.is_some()));
    let rollback = Choice::Steer {
        order: "rollback".into(),
        objection: learn.objection(crate::lifecycle::Steer::RollBack).map(str::to_owned),
    };
    assert!(status.choices.contains(&rollback) && status.challenger.is_none() && status.watch.is_none());
    let json = serde_json::to_string(&status).expect("plain data");
    assert_eq!(serde_json::from_str::<Status>(&json).expect("its own words"), status);
}

#[test]
fn a_challenger_is_shown_with_gates_that_were_not_asked_yet_and_then_with_what_they_said() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (mut learn, mut shown) = (plane_with(&folder, SETTINGS), Shown::default());
    feed(&mut learn, 0..1_000);
    place_twin(&mut learn);
    feed(&mut learn, 1_000..1_200);
    hear(&mut shown, &mut learn);
    let verdicts = |shown: &mut Shown, learn: &Learn| {
        let challenger = shown.status("shop", learn, None).challenger.expect("it was placed");
        assert!(challenger.outcomes > 0 && challenger.evidence.len() == 3 && !challenger.path.is_empty());
        challenger.gates.into_iter().map(|gate| (gate.name, gate.verdict)).collect::<Vec<_>>()
    };
    let before = verdicts(&mut shown, &learn);
    assert!(before.iter().all(|(_, verdict)| verdict == "not asked"), "{before:?}");
    learn.perform(Effect::Judge).expect("nothing fails");
    hear(&mut shown, &mut learn);
    let after = verdicts(&mut shown, &learn);
    assert_eq!(before.len(), after.len());
    assert!(after.contains(&("memory".into(), "pass".into())), "{after:?}");
}
