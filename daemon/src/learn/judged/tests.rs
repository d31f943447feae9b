//! Whatever was judged is judged the same again from its line.

use policies::gate::{Answered, Claim, LatencyGate, MemoryGate, RobustnessGate, Scorecard, Stress, Stressed};
use proptest::prelude::*;

use super::*;

const QUALITY: QualityGate = QualityGate { alpha: 0.05, alpha_harm: 0.05, deadline_outcomes: 5_000 };

fn thresholds() -> Thresholds {
    Thresholds {
        latency: LatencyGate { limit_seconds: 0.01, quantile: 0.99, confidence: 0.95 },
        memory: MemoryGate { bytes_max: u64::MAX },
        energy: None,
        robustness: RobustnessGate { excess_max: 0.02, wanted: vec![Stress::Noise] },
        calibration: None,
        fairness: None,
        churn: None,
        quality: QUALITY,
        advisory: Vec::new(),
    }
}

fn quality(log_gain: f64) -> QualityEvidence {
    QualityEvidence {
        claim: Claim::Better,
        log_gain,
        log_harm: -1.0 / 3.0,
        log_futile: 0.5,
        outcomes: 900,
        mean_gain: 0.1,
    }
}

fn evidence(log_gain: f64, loss: f64) -> Evidence {
    let mut scorecard = Scorecard::new(0.05);
    let said = Answered { confidence: 0.7, right: true, positive: false, brier: 0.1 };
    scorecard.observe(said, said, true, Some(3_usize));
    Evidence {
        outputs_finite: Some(true),
        compute_seconds: (1..=300).map(|at| 1e-5 * f64::from(at).sqrt()).collect(),
        bytes: Some(1_000),
        stresses: vec![Stressed { stress: Stress::Noise, loss, champion_loss: 0.01 }],
        scorecard: Some(scorecard),
        quality: Some(quality(log_gain)),
        ..Evidence::default()
    }
}

/// Through the text of a line, and judged again. Compared as text: what is not a number equals nothing.
fn replayed(judged: &Judged) -> (String, String) {
    let line = judged.to_json().expect("it can be told").to_string();
    let read = Judged::from_json(&serde_json::from_str(&line).expect("it is JSON")).expect("it can be read");
    (format!("{:?}", read.again()), format!("{judged:?}"))
}

proptest! {
    #[test]
    fn gates_say_the_same_again(log_gain in prop_oneof![any::<f64>(), 2.0..4.0_f64], loss in prop_oneof![any::<f64>(), 0.0..0.3_f64]) {
        let (again, first) = replayed(&Judged::of_gates(thresholds(), evidence(log_gain, loss)));
        prop_assert_eq!(again, first);
        let (again, first) = replayed(&Judged::of_quality(QUALITY, Some(quality(log_gain))));
        prop_assert_eq!(again, first);
    }

    #[test]
    fn a_relief_is_chosen_again(losses in prop::collection::vec((any::<bool>(), prop::option::of(-1.0..1.0_f64)), 0..7), most in 0.0..0.5_f64) {
        let option = |(fits, quality_loss): (bool, Option<f64>)| {
            let known = evidence(0.0, if fits { 0.0 } else { 1.0 });
            ReliefOption::judged("one".into(), quality_loss.map(|_| known), quality_loss, &thresholds())
        };
        let options = losses.into_iter().map(option).collect();
        let (again, first) = replayed(&Judged::of_relief(thresholds(), most, options));
        prop_assert_eq!(again, first);
    }

    #[test]
    fn a_watch_ends_the_same_again(log_quality in any::<f64>(), log_errors in any::<f64>(), outcomes in 0..2_000_u64) {
        let evidence = WatchEvidence { log_quality, log_errors, log_compute: -0.5, outcomes, mean_harm: 0.1 };
        let (again, first) = replayed(&Judged::of_watch(WatchLimits { alpha: 0.05, outcomes: 1_000 }, evidence));
        prop_assert_eq!(again, first);
    }
}

#[test]
fn a_verdict_that_was_altered_is_not_reproduced() {
    let judged = Judged::of_gates(thresholds(), evidence(2.9, 0.01));
    let mut json = judged.to_json().expect("it can be told");
    json["gates"]["evidence"]["quality"]["log_gain"] = 3.0.into();
    let altered = Judged::from_json(&json).expect("it can be read");
    assert_ne!(format!("{:?}", altered.again()), format!("{altered:?}"));
}
