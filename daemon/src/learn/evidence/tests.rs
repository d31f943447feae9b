//! Where nothing can be known, nobody is promoted, and it is told why, in the time there is.

use adapters::kafka::Positions;
use model::Timestamp;

use crate::learn::Learn;
use crate::learn::tests::{event, feed, label, place_twin, plane_with};
use crate::telemetry::AuditEvent;

const SETTINGS: &str = "search = { window_outcomes = 100000 }
    gate = { deadline_outcomes = 300, deadline_seconds = 60 }";
const PLACED: i64 = 1_000_000;

/// What happens while a challenger waits, and what has to be said about it.
struct Case {
    name: &'static str,
    happens: fn(&mut Learn),
    reason: &'static str,
}

const CASES: [Case; 5] = [
    Case { name: "no traffic", happens: |_| {}, reason: "too few outcomes came in the time it had" },
    Case {
        name: "no labels",
        happens: |learn| {
            let events = (1_000..2_000).map(|number| event(number, 0.5)).collect();
            learn.turn(events, Positions::default()).expect("nothing fails");
        },
        reason: "too few outcomes came in the time it had",
    },
    Case {
        name: "a dead label feed",
        happens: |learn| {
            for number in 1_000..2_000 {
                // Labels of events that nobody has seen.
                let records = vec![event(number, 0.5), label(number + 1_000_000, 0)];
                learn.turn(records, Positions::default()).expect("nothing fails");
            }
        },
        reason: "too few outcomes came in the time it had",
    },
    Case {
        name: "a constant metric",
        happens: |learn| feed(learn, 1_000..2_000),
        reason: "undecided at its deadline",
    },
    Case {
        name: "losses that are not numbers",
        happens: |learn| {
            let challenger = learn.arms.challenger.as_mut().expect("it was placed");
            challenger.test.observe(f64::NAN, 0.0);
            challenger.test.observe(0.0, f64::INFINITY);
        },
        reason: "too few outcomes came in the time it had",
    },
];

#[test]
fn who_cannot_be_judged_is_never_promoted_and_it_is_said_why() {
    for Case { name, happens, reason } in CASES {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut learn = plane_with(&folder, SETTINGS);
        feed(&mut learn, 0..1_000);
        learn.passed(Timestamp(PLACED)).expect("nothing fails");
        place_twin(&mut learn);
        let Learn { state, rules, .. } = &mut learn;
        state.lifecycle.shadow_from_now(rules);
        learn.happened();
        happens(&mut learn);
        learn.passed(Timestamp(PLACED + 60_000)).expect("nothing fails");
        let told = learn.happened();
        assert!(learn.arms.challenger.is_none(), "{name}: the slot is free again");
        assert_eq!(learn.state().counts.promotions, 0, "{name}");
        let dropped = |event: &AuditEvent| matches!(event, AuditEvent::ChallengerDropped { reason: said, .. } if said == reason);
        assert!(told.iter().any(dropped), "{name}: {told:#?}");
        let undecided = |event: &AuditEvent| matches!(event, AuditEvent::Gate { gate: "quality", verdict: "inconclusive", reason, .. } if !reason.is_empty());
        assert!(told.iter().any(undecided), "{name}: {told:#?}");
    }
}
