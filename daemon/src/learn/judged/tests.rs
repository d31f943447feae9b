//! Whatever was judged is judged the same again from its line.

use policies::gate::QualityEvidence;
use proptest::prelude::*;

use super::*;

fn limits() -> GateLimits {
    GateLimits {
        latency: LatencyGate { limit_seconds: 0.01, quantile: 0.99, confidence: 0.95 },
        memory: MemoryGate { bytes_max: 1 << 20 },
        robustness: RobustnessGate { increase_max: 0.02 },
        quality: QualityGate { alpha: 0.05, alpha_harm: 0.05, deadline_outcomes: 5_000 },
    }
}

fn evidence(log_gain: f64, loss: f64) -> Evidence {
    Evidence {
        outputs_finite: Some(true),
        compute_seconds: (1..=300).map(|at| 1e-5 * f64::from(at).sqrt()).collect(),
        bytes: Some(1_000),
        clean_loss: Some(0.1),
        noisy_loss: Some(loss),
        missing_loss: Some(0.1),
        champion_noisy_increase: Some(0.01),
        champion_missing_increase: Some(0.01),
        quality: Some(QualityEvidence { log_gain, log_harm: -1.0 / 3.0, outcomes: 900, mean_gain: 0.1 }),
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
        let (again, first) = replayed(&Judged::of_gates(limits(), &ALL_GATES, evidence(log_gain, loss)));
        prop_assert_eq!(again, first);
    }

    #[test]
    fn a_relief_is_chosen_again(losses in prop::collection::vec((any::<bool>(), prop::option::of(-1.0..1.0_f64)), 0..7), most in 0.0..0.5_f64) {
        let options: Vec<ReliefOption> =
            losses.into_iter().map(|(fits, quality_loss)| ReliefOption { fits, quality_loss }).collect();
        let (again, first) = replayed(&Judged::of_relief(most, &options));
        prop_assert_eq!(again, first);
    }

    #[test]
    fn a_watch_ends_the_same_again(log_harm in any::<f64>(), outcomes in 0..2_000_u64) {
        let evidence = WatchEvidence { log_harm, outcomes, mean_harm: 0.1 };
        let (again, first) = replayed(&Judged::of_watch(WatchLimits { alpha: 0.05, outcomes: 1_000 }, evidence));
        prop_assert_eq!(again, first);
    }
}

#[test]
fn a_verdict_that_was_altered_is_not_reproduced() {
    let judged = Judged::of_gates(limits(), &ALL_GATES, evidence(2.9, 0.1));
    let mut json = judged.to_json().expect("it can be told");
    json["evidence"]["quality"]["log_gain"] = 3.0.into();
    let altered = Judged::from_json(&json).expect("it can be read");
    assert_ne!(format!("{:?}", altered.again()), format!("{altered:?}"));
}

#[test]
fn only_those_asked_speak() {
    let judged = Judged::of_gates(limits(), &[GateKind::Quality], Evidence::default());
    let Judged::Gates { judgements, .. } = judged else { panic!("gates were asked") };
    assert_eq!(judgements.iter().map(|judgement| judgement.gate).collect::<Vec<_>>(), [GateKind::Quality]);
}
