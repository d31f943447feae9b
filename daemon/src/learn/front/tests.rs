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
        robust_loss: None,
        strengths: None,
    }
}

fn plane(folder: &tempfile::TempDir, prefer: &str) -> Learn {
    searching(folder, &format!("prefer = \"{prefer}\""))
}

fn searching(folder: &tempfile::TempDir, search: &str) -> Learn {
    let mut learn = plane_with(folder, &format!("search = {{ window_outcomes = 100000, {search} }}"));
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
        let trained = Trained {
            edit: Edit::keep(members),
            result: result(loss + harder),
            gain,
            robust_gain: None,
            learned,
            schema,
        };
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
        let half =
            learn.values(&Edit::keep(&[0, 1, 2, 3]), 0.0, None).expect("it is an edit of the control")[2];
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
fn who_stands_stress_best_is_preferred_where_that_is_asked_for() {
    let preferred = |prefer: &str, robust_gains: [Option<f64>; 3]| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut learn = searching(&folder, &format!("robust = true, prefer = \"{prefer}\""));
        let winners = winners(&mut learn);
        for (place, gain) in winners.iter().zip(robust_gains) {
            let trained = learn.trained.get_mut(place).expect("it won");
            // On rows of its own, on which everybody loses more under stress, too.
            (trained.robust_gain, trained.result.robust_loss) = (gain, Some(0.3 + 0.1 * *place as f64));
        }
        learn.preferred(&winners)
    };
    let gains = [Some(-0.02), Some(0.01), Some(0.1)];
    assert_eq!(preferred("most accurate", gains), Some(0));
    assert_eq!(
        preferred("most robust within 1 %", gains),
        Some(1),
        "the third loses more than that without stress"
    );
    assert_eq!(preferred("most robust within 20 %", gains), Some(2));
    assert_eq!(preferred("most accurate", [None; 3]), None, "of nobody it is known");
}

#[test]
fn the_front_has_an_axis_of_stress_where_it_is_asked_for_and_begins_anew_where_it_is_not_any_more() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = searching(&folder, "robust = true");
    assert_eq!(least_robust_loss(&learn.state.front), None);
    let stressed = |loss, robust_loss| Some(TrialResult { robust_loss, ..result(loss) });
    let landed = Landed {
        candidates: vec![(4, Edit::keep(&[0, 1, 2, 3, 4, 5, 6])), (5, Edit::keep(&[0]))],
        control: stressed(0.2, Some(0.4)),
        learned: learn.state.history.pushed(),
        schema: learn.rules.config.schema.clone(),
        results: vec![stressed(0.2, Some(0.3)), stressed(0.3, None)],
    };
    assert_eq!((landed.robust_gain(0), landed.robust_gain(1)), (Some(0.4 - 0.3), None));
    learn.chart(2, &landed);
    assert_eq!(learn.state.front.points().len(), 1, "cheaper and stands more; of the other it is not known");
    assert_eq!(least_robust_loss(&learn.state.front), Some(0.3));
    let config = learn.rules.config.clone();
    follow(&mut learn.state.front, &config);
    assert_eq!(learn.state.front.points().len(), 1);
    let mut usual = config;
    usual.search.robust = false;
    follow(&mut learn.state.front, &usual);
    assert!(learn.state.front.points().is_empty() && learn.state.front.axes().len() == 3);
}

#[test]
fn what_nobody_can_prefer_is_refused_with_what_can() {
    let refused = Config::parse(
        "schema = { classes = [\"a\", \"b\"], features = [{ name = \"x\", kind = \"numeric\" }] }\nsearch = { prefer = \"best\" }",
    );
    let message = refused.expect_err("it says nothing").to_string();
    assert!(message.contains("most accurate") && message.contains("search.prefer"), "{message}");
    let refused = Config::parse(
        "schema = { classes = [\"a\", \"b\"], features = [{ name = \"x\", kind = \"numeric\" }] }\nsearch = { prefer = \"most robust within 1 %\" }",
    );
    let message = refused.expect_err("nobody is asked").to_string();
    assert!(message.contains("set `search.robust`"), "{message}");
}
