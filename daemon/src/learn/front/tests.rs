//! Who is preferred keeps the budgets, and what is on the front was measured.

use super::super::flight::{Landed, Trained};
use super::super::tests::{DELAY, feed, plane_with};
use super::*;
use crate::config::Config;
use crate::trials::protocol::TrialResult;

fn result(loss: f32) -> TrialResult {
    TrialResult {
        number: 1,
        losses: vec![loss; 200],
        rejected: false,
        children: Vec::new(),
        compute_seconds: Vec::new(),
        bytes: 0,
    }
}

fn plane(folder: &tempfile::TempDir, prefer: &str) -> Learn {
    let mut learn =
        plane_with(folder, &format!("search = {{ window_outcomes = 100000, prefer = \"{prefer}\" }}"));
    feed(&mut learn, 0..DELAY + 120);
    learn
}

/// Three won: all members, half of them, two of them, each a little worse than the one before.
fn winners(learn: &mut Learn) -> Vec<usize> {
    let edits = [(0..8).collect::<Vec<_>>(), vec![0, 1, 2, 3], vec![0, 1]];
    for (place, (members, loss)) in edits.iter().zip([0.2, 0.201, 0.22]).enumerate() {
        let (learned, schema) = (learn.state.history.pushed(), learn.rules.config.schema.clone());
        // On rows of its own, where everybody loses as much more.
        let (harder, gain) = (0.1 * place as f32, Some(0.3 - f64::from(loss)));
        let trained =
            Trained { edit: Edit::keep(members), result: result(loss + harder), gain, learned, schema };
        learn.trained.insert(place, trained);
    }
    vec![0, 1, 2]
}

#[test]
fn of_those_that_won_the_preferred_goes_on_within_the_budgets() {
    for (prefer, expected) in [
        ("most accurate", 0),
        ("fastest within 1 %", 1),
        ("smallest within 1 %", 1),
        ("smallest within 20 %", 2),
    ] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut learn = plane(&folder, prefer);
        let winners = winners(&mut learn);
        assert_eq!(learn.preferred(&winners), Some(expected), "{prefer}");
        let half = learn.values(&Edit::keep(&[0, 1, 2, 3]), 0.0).expect("it is an edit of the control")[2];
        learn.set_budget("memory_bytes", half);
        assert_eq!(
            learn.preferred(&winners),
            Some(expected.max(1)),
            "{prefer}, and the largest is too large"
        );
        learn.set_budget("memory_bytes", 1.0);
        assert_eq!(learn.preferred(&winners), None, "nobody fits");
        learn.set_budget("memory_bytes", half);
        assert!(learn.fits(&Edit::keep(&[0, 1])) && !learn.fits(&Edit::keep(&[0, 1, 2, 3, 4])));
    }
}

#[test]
fn whoever_came_to_the_last_rung_is_on_the_front_with_the_control_until_a_drift() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = plane(&folder, "most accurate");
    let landed = |learn: &Learn, rejected| Landed {
        candidates: vec![(4, Edit::keep(&[0, 1]))],
        control: Some(result(0.2)),
        learned: learn.state.history.pushed(),
        schema: learn.rules.config.schema.clone(),
        results: vec![Some(TrialResult { rejected, ..result(0.22) })],
    };
    let (given_up, whole) = (landed(&learn, true), landed(&learn, false));
    learn.chart(0, &whole);
    assert!(learn.state.front.points().is_empty(), "a first rung says too little");
    learn.chart(2, &given_up);
    assert_eq!(learn.state.front.points().len(), 1, "what was given up has no loss to be compared");
    learn.chart(2, &whole);
    assert_eq!(learn.state.front.points().len(), 2, "less of everything but accuracy");
    assert!((0.0..1.0).contains(&learn.state.front.share()) && learn.state.front.share() > 0.0);
}

#[test]
fn what_nobody_can_prefer_is_refused_with_what_can() {
    let refused = Config::parse(
        "schema = { classes = [\"a\", \"b\"], features = [{ name = \"x\", kind = \"numeric\" }] }\nsearch = { prefer = \"best\" }",
    );
    let message = refused.expect_err("it says nothing").to_string();
    assert!(message.contains("most accurate") && message.contains("search.prefer"), "{message}");
}
