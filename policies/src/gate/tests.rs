//! What is missing never passes; limits are kept; the order is that of cost.

use proptest::prelude::*;

use super::*;
use crate::detect::FeedTrouble;
use crate::stats::simulate::{coin, generator, saved_and_restored};
use crate::stats::{EProcess, quantile};

const LATENCY: LatencyGate = LatencyGate { limit_seconds: 0.01, quantile: 0.99, confidence: 0.95 };
const MEMORY: MemoryGate = MemoryGate { bytes_max: 1_000 };
const ENERGY: EnergyGate = EnergyGate { per_row_max: 0.1, unit: EnergyUnit::CpuSeconds };
const CALIBRATION: CalibrationGate = CalibrationGate { increase_max: 0.05, outcomes_min: 100 };
const FAIRNESS: FairnessGate = FairnessGate { gap_max: 0.2 };
const CHURN: ChurnGate = ChurnGate { share_max: 0.2, outcomes_min: 100 };
const QUALITY: QualityGate = QualityGate { alpha: 0.05, alpha_harm: 0.05, deadline_outcomes: 5_000 };

fn robustness() -> RobustnessGate {
    RobustnessGate { excess_max: 0.02, wanted: vec![Stress::Noise, Stress::Missing] }
}

fn thresholds() -> Thresholds {
    Thresholds {
        latency: LATENCY,
        memory: MEMORY,
        energy: Some(ENERGY),
        robustness: robustness(),
        calibration: Some(CALIBRATION),
        fairness: Some(FAIRNESS),
        churn: Some(CHURN),
        quality: QUALITY,
        advisory: Vec::new(),
    }
}

fn gates() -> Vec<Box<dyn Gate>> {
    vec![
        Box::new(FiniteGate),
        Box::new(LATENCY),
        Box::new(MEMORY),
        Box::new(ENERGY),
        Box::new(robustness()),
        Box::new(CALIBRATION),
        Box::new(FAIRNESS),
        Box::new(CHURN),
        Box::new(QUALITY),
    ]
}

fn stressed(stress: Stress, loss: f64, champion_loss: f64) -> Stressed {
    Stressed { stress, loss, champion_loss }
}

fn answered(right: bool) -> Answered {
    Answered { confidence: 0.9, right, positive: right, brier: 0.1 }
}

/// Right nine times of ten in both groups, and never another decision than the control's.
fn card() -> Scorecard {
    let mut card = Scorecard::new(0.05);
    for n in 0..4_000_usize {
        let right = (n / 2) % 10 > 0;
        card.observe(answered(right), answered(right), false, Some(n % 2));
    }
    card
}

fn good() -> Evidence {
    Evidence {
        outputs_finite: Some(true),
        compute_seconds: vec![0.005; 300],
        compute_estimate: None,
        bytes: Some(1_000),
        energy: Some(Energy { per_row: 0.05, unit: EnergyUnit::CpuSeconds }),
        stresses: vec![stressed(Stress::Noise, 0.04, 0.03), stressed(Stress::Missing, 0.06, 0.05)],
        scorecard: Some(card()),
        feed: None,
        quality: Some(quality(3.0, -2.0)),
    }
}

fn quality(log_gain: f64, log_harm: f64) -> QualityEvidence {
    QualityEvidence {
        claim: Claim::Better,
        log_gain,
        log_harm,
        log_futile: 0.0,
        outcomes: 1_000,
        mean_gain: 0.01,
    }
}

fn verdict(gate: &dyn Gate, change: impl Fn(&mut Evidence)) -> Verdict {
    let mut evidence = good();
    change(&mut evidence);
    gate.judge(&evidence).verdict
}

fn kinds(judgements: &[Judgement]) -> Vec<&'static str> {
    judgements.iter().map(|judgement| judgement.gate.name()).collect()
}

#[test]
fn all_gates_pass_a_good_challenger_cheapest_first() {
    let judgements = thresholds().judge(&good());
    assert_eq!(super::verdict(&judgements), Verdict::Pass, "{judgements:#?}");
    let order = [
        "finite",
        "latency",
        "memory",
        "energy",
        "robustness",
        "calibration",
        "fairness",
        "churn",
        "quality",
    ];
    assert_eq!(kinds(&judgements), order);
}

#[test]
fn nothing_is_asked_after_a_failure_but_all_is_after_doubt() {
    let failing = Evidence { bytes: Some(1_001), ..good() };
    let judgements = thresholds().judge(&failing);
    assert_eq!(kinds(&judgements), ["finite", "latency", "memory"]);
    assert_eq!(super::verdict(&judgements), Verdict::Fail);
    let doubtful = thresholds().judge(&Evidence { bytes: None, ..good() });
    assert_eq!((doubtful.len(), super::verdict(&doubtful)), (9, Verdict::Inconclusive));
}

#[test]
fn who_only_advises_stops_nothing() {
    let advising = Thresholds { advisory: vec![GateKind::Memory, GateKind::Churn], ..thresholds() };
    let judgements = advising.judge(&Evidence { bytes: Some(1_001), ..good() });
    assert_eq!((judgements.len(), super::verdict(&judgements)), (9, Verdict::Pass));
    assert!(judgements.iter().all(|one| one.binding != advising.advisory.contains(&one.gate)));
}

#[test]
fn nobody_asked_is_no_pass() {
    assert_eq!(super::verdict(&[]), Verdict::Inconclusive);
}

#[test]
fn without_evidence_every_gate_says_so() {
    for judgement in thresholds().judge(&Evidence::default()) {
        assert_eq!(judgement.verdict, Verdict::Inconclusive);
        assert!(!judgement.reason.is_empty() && judgement.measured.is_nan());
    }
}

#[test]
fn an_output_that_is_not_finite_fails() {
    assert_eq!(verdict(&FiniteGate, |evidence| evidence.outputs_finite = Some(false)), Verdict::Fail);
}

#[test]
fn latency_is_judged_by_its_bound_and_needs_enough_measurements() {
    assert_eq!(verdict(&LATENCY, |evidence| evidence.compute_seconds.truncate(298)), Verdict::Inconclusive);
    assert_eq!(verdict(&LATENCY, |evidence| evidence.compute_seconds[7] = 0.02), Verdict::Fail);
    assert_eq!(verdict(&LATENCY, |evidence| evidence.compute_seconds[7] = f64::NAN), Verdict::Inconclusive);
    // Three slow answers in ten thousand are well inside of one in a hundred.
    let mostly_fast = |evidence: &mut Evidence| {
        evidence.compute_seconds = vec![0.005; 10_000];
        evidence.compute_seconds[..3].fill(1.0);
    };
    assert_eq!(verdict(&LATENCY, mostly_fast), Verdict::Pass);
}

#[test]
fn an_estimate_stands_in_only_where_nothing_was_measured() {
    let estimated =
        |bound: f64| LATENCY.judge(&Evidence { compute_estimate: Some(bound), ..Evidence::default() });
    assert_eq!(estimated(0.005).verdict, Verdict::Pass);
    assert!(estimated(0.005).reason.starts_with("estimated"));
    assert_eq!(estimated(0.02).verdict, Verdict::Fail);
    assert_eq!(estimated(f64::NAN).verdict, Verdict::Inconclusive);
    let both = LATENCY.judge(&Evidence { compute_estimate: Some(0.02), ..good() });
    assert_eq!(both.verdict, Verdict::Pass);
    assert!(both.reason.starts_with("measured"));
}

#[test]
fn robustness_is_relative_to_the_champion_and_wants_every_stress() {
    let with = |stresses: Vec<Stressed>| robustness().judge(&Evidence { stresses, ..good() });
    let (noise, missing) = (stressed(Stress::Noise, 0.04, 0.03), stressed(Stress::Missing, 0.06, 0.05));
    assert_eq!(with(vec![noise, missing]).verdict, Verdict::Pass);
    assert_eq!(with(vec![stressed(Stress::Noise, 0.06, 0.03), missing]).verdict, Verdict::Fail);
    assert_eq!(with(vec![noise, stressed(Stress::Missing, 0.06, 0.0)]).verdict, Verdict::Fail);
    assert_eq!(with(vec![noise]).verdict, Verdict::Inconclusive);
    assert_eq!(with(vec![noise, stressed(Stress::Missing, f64::NAN, 0.0)]).verdict, Verdict::Inconclusive);
    let attacked = with(vec![noise, missing, stressed(Stress::Pgd, 0.5, 0.1)]);
    assert_eq!(attacked.verdict, Verdict::Fail);
    assert!(attacked.reason.contains("an attack of several steps"), "{}", attacked.reason);
}

#[test]
fn where_nothing_has_drifted_there_is_no_past_to_forget() {
    let gate = RobustnessGate { excess_max: 0.02, wanted: vec![Stress::Past] };
    let with = |stresses| gate.judge(&Evidence { stresses, ..good() }).verdict;
    assert_eq!(with(Vec::new()), Verdict::Pass);
    assert_eq!(with(vec![stressed(Stress::Past, 0.30, 0.29)]), Verdict::Pass);
    assert_eq!(with(vec![stressed(Stress::Past, 0.30, 0.20)]), Verdict::Fail);
}

#[test]
fn energy_in_another_unit_says_nothing() {
    let energy =
        |per_row, unit| move |evidence: &mut Evidence| evidence.energy = Some(Energy { per_row, unit });
    assert_eq!(verdict(&ENERGY, energy(0.2, EnergyUnit::CpuSeconds)), Verdict::Fail);
    assert_eq!(verdict(&ENERGY, energy(0.05, EnergyUnit::Joules)), Verdict::Inconclusive);
}

#[test]
fn quality_waits_for_evidence_and_reports_the_deadline() {
    let with = |quality: QualityEvidence| QUALITY.judge(&Evidence { quality: Some(quality), ..good() });
    assert_eq!(with(quality(2.9, 0.0)).verdict, Verdict::Inconclusive);
    assert_eq!(with(quality(0.0, 3.0)).verdict, Verdict::Fail);
    assert_eq!(with(quality(3.0, 3.0)).verdict, Verdict::Fail, "harm weighs more");
    assert_eq!(with(quality(f64::NAN, 0.0)).verdict, Verdict::Inconclusive);
    let late = with(QualityEvidence { outcomes: 5_000, ..quality(2.9, 0.0) });
    assert_eq!(late.verdict, Verdict::Inconclusive);
    assert!(late.reason.starts_with("deadline passed"), "{}", late.reason);
}

#[test]
fn an_alpha_that_makes_no_sense_promotes_nobody() {
    for alpha in [0.0, 1.0, -1.0, 2.0, f64::NAN] {
        let gate = QualityGate { alpha, ..QUALITY };
        let evidence = Evidence { quality: Some(quality(600.0, 0.0)), ..good() };
        assert_eq!(gate.judge(&evidence).verdict, Verdict::Inconclusive);
    }
}

#[test]
fn an_equal_challenger_rarely_passes_however_often_it_is_judged() {
    let passes = |seed: u64| {
        let (mut rng, mut gain, mut harm) = (generator(seed), EProcess::new(0.0), EProcess::new(0.0));
        (1..=1_000).any(|outcomes| {
            let improvement = coin(&mut rng, 0.1) - coin(&mut rng, 0.1);
            gain.observe(improvement);
            harm.observe(-improvement);
            let quality = QualityEvidence {
                claim: Claim::Better,
                log_gain: gain.log_value(),
                log_harm: harm.log_value(),
                log_futile: harm.log_value(),
                outcomes,
                mean_gain: gain.mean(),
            };
            let evidence = Evidence { quality: Some(quality), ..Evidence::default() };
            QUALITY.judge(&evidence).verdict == Verdict::Pass
        })
    };
    let passed = (0..300).filter(|seed| passes(*seed)).count();
    assert!(passed <= 26, "{passed} of 300");
}

fn numbers() -> impl Strategy<Value = Option<f64>> {
    prop::option::of(prop_oneof![any::<f64>(), 0.0..1.0_f64])
}

prop_compose! {
    fn any_evidence()(
        outputs_finite in any::<Option<bool>>(),
        compute_seconds in prop::collection::vec(prop_oneof![Just(f64::NAN), 0.0..0.02_f64], 0..400),
        compute_estimate in numbers(),
        bytes in prop::option::of(0_u64..2_000),
        per_row in numbers(),
        stresses in prop::collection::vec((0_usize..4, any::<f64>(), 0.0..0.1_f64), 0..4),
        scored in any::<bool>(),
        quality in prop::option::of((any::<f64>(), any::<f64>(), any::<u64>(), any::<f64>())),
    ) -> Evidence {
        let quality = quality.map(|(log_gain, log_harm, outcomes, mean_gain)| {
            QualityEvidence { claim: Claim::Better, log_gain, log_harm, log_futile: 0.0, outcomes, mean_gain }
        });
        Evidence {
            outputs_finite, compute_seconds, compute_estimate, bytes, quality, feed: None,
            energy: per_row.map(|per_row| Energy { per_row, unit: EnergyUnit::CpuSeconds }),
            stresses: stresses.into_iter().map(|(at, up, champion)| stressed(Stress::ALL[at], up, champion)).collect(),
            scorecard: scored.then(card),
        }
    }
}

#[test]
fn nothing_passes_by_labels_that_come_otherwise_than_they_did() {
    for trouble in [FeedTrouble::Stopped, FeedTrouble::Thinned, FeedTrouble::Delayed] {
        let judged = |quality| {
            QUALITY.judge(&Evidence { feed: Some(trouble), quality: Some(quality), ..good() }).verdict
        };
        assert_eq!(judged(quality(4.0, -2.0)), Verdict::Inconclusive);
        assert_eq!(judged(quality(-2.0, 4.0)), Verdict::Fail, "harm is harm");
    }
}

#[test]
fn where_no_stress_is_wanted_none_is_asked_for() {
    let asked = |wanted: Vec<Stress>| {
        let robustness = RobustnessGate { excess_max: 0.02, wanted };
        let judgements = Thresholds { robustness, ..thresholds() }.judge(&Evidence::default());
        judgements.iter().any(|judgement| judgement.gate == GateKind::Robustness)
    };
    assert!(asked(vec![Stress::Noise]) && !asked(Vec::new()));
}

#[test]
fn a_relief_is_asked_for_what_can_be_known_at_once_and_budgets_always_count() {
    let advisory = vec![GateKind::Latency, GateKind::Robustness];
    let judgements = Thresholds { advisory, ..thresholds() }.judge_relief(&Evidence::default());
    let asked: Vec<(GateKind, bool)> = judgements.iter().map(|said| (said.gate, said.binding)).collect();
    let expected = [
        (GateKind::Finite, true),
        (GateKind::Latency, true),
        (GateKind::Memory, true),
        (GateKind::Energy, true),
        (GateKind::Robustness, false),
    ];
    assert_eq!(asked, expected);
}

proptest! {
    #[test]
    fn a_pass_has_a_finite_measurement_on_the_right_side(evidence in any_evidence()) {
        for gate in gates() {
            let judgement = gate.judge(&evidence);
            prop_assert_eq!(judgement.gate, gate.kind());
            prop_assert!(!judgement.reason.is_empty());
            if judgement.verdict != Verdict::Pass {
                continue;
            }
            let (measured, limit) = (judgement.measured, judgement.limit);
            prop_assert!(measured.is_finite());
            let holds = match judgement.gate {
                GateKind::Finite | GateKind::Quality => measured >= limit,
                GateKind::Latency
                | GateKind::Memory
                | GateKind::Energy
                | GateKind::Robustness
                | GateKind::Calibration
                | GateKind::Fairness
                | GateKind::Churn => measured <= limit,
            };
            prop_assert!(holds, "{:?}", judgement);
        }
    }

    #[test]
    fn faster_answers_never_turn_a_pass_into_a_fail(
        seconds in prop::collection::vec(0.0..0.011_f64, 299..400), factor in 0.0..1.0_f64,
    ) {
        let evidence = Evidence { compute_seconds: seconds, ..Evidence::default() };
        let mut faster = evidence.clone();
        faster.compute_seconds.iter_mut().for_each(|second| *second *= factor);
        let (slow, fast) = (LATENCY.judge(&evidence), LATENCY.judge(&faster));
        prop_assert!(slow.verdict != Verdict::Pass || fast.verdict == Verdict::Pass);
        let bound = quantile::upper_bound(&evidence.compute_seconds, 0.99, 0.95);
        prop_assert_eq!(Some(slow.measured), bound);
        prop_assert_eq!(saved_and_restored(&slow), slow);
    }
}
