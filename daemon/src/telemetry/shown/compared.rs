//! Who is compared with whom, and what that has shown.

use adapters::console::{self, Challenger, Evidence, Gate, PathPoint, Watch};
use policies::gate::Claim;

use super::super::story;
use super::finite;
use crate::learn::{EvidencePath, Learn};

pub(super) fn challenger(learn: &Learn, said: &[Gate]) -> Option<Challenger> {
    let (arms, lifecycle) = (learn.arms(), &learn.state().lifecycle);
    let challenger = arms.challenger.as_ref()?;
    let (mixture, control) = (arms.pool.mixture(&challenger.arm).ok()?, arms.mixture().ok()?);
    let quality = challenger.test.evidence();
    let until = lifecycle.shadow_until().map(|until| until.saturating_sub(learn.state().outcomes));
    let asked = lifecycle.waits_for_approval();
    Some(Challenger {
        number: challenger.number,
        architecture: mixture.to_string(),
        network: console::draw(&mixture, &challenger.arm.mixer().weights(), Some(&control)),
        claim: claim(quality.claim).into(),
        outcomes: quality.outcomes,
        outcomes_left: until.filter(|_| asked.is_none()),
        mean_gain: finite(quality.mean_gain),
        evidence: evidence(learn)?,
        path: path(&challenger.path),
        gates: gates(learn, said),
        waits_until: asked.map(|until| story::clock(until.0)),
    })
}

fn claim(claim: Claim) -> &'static str {
    match claim {
        Claim::Better => "better",
        Claim::NotWorse => "cheaper, and not worse by the margin,",
    }
}

/// The running test, from all its sides.
fn evidence(learn: &Learn) -> Option<Vec<Evidence>> {
    let (quality, limits) = (learn.arms().quality()?, learn.thresholds().quality);
    let side = |of: &str, log: f64, alpha: f64, then: &str| Evidence {
        of: of.into(),
        log_value: finite(log),
        threshold: -alpha.ln(),
        then: then.into(),
    };
    Some(vec![
        side("gain", quality.log_gain, limits.alpha, "it passes the quality gate"),
        side("harm", quality.log_harm, limits.alpha_harm, "it is dropped"),
        side("futility", quality.log_futile, limits.alpha_harm, "it is dropped: it gains too little"),
    ])
}

/// All gates in the order in which they are asked; those that have not been are told so.
fn gates(learn: &Learn, said: &[Gate]) -> Vec<Gate> {
    let asked = |(kind, binding): (policies::gate::GateKind, bool)| {
        let known = said.iter().find(|gate| gate.name == kind.name()).cloned();
        known.unwrap_or_else(|| Gate {
            name: kind.name().into(),
            verdict: "not asked".into(),
            reason: "asked once there is evidence of gain, or at the deadline".into(),
            binding,
            ..Gate::default()
        })
    };
    learn.thresholds().kinds().into_iter().map(asked).collect()
}

pub(super) fn watch(learn: &Learn) -> Option<Watch> {
    let displaced = learn.arms().displaced.as_ref()?;
    let (limits, seen) = (displaced.watch.limits(), displaced.watch.evidence());
    Some(Watch {
        displaced: learn.arms().pool.mixture(&displaced.arm).ok()?.to_string(),
        outcomes: seen.outcomes,
        lasts: limits.outcomes,
        evidence: Evidence {
            of: "harm".into(),
            log_value: finite(seen.log_harm()),
            threshold: -limits.alpha.ln(),
            then: "it is rolled back".into(),
        },
        path: path(&displaced.path),
    })
}

fn path(path: &EvidencePath) -> Vec<PathPoint> {
    let point = |point: &crate::learn::Point| PathPoint {
        outcomes: point.outcomes,
        log_gain: point.log_gain.and_then(finite),
        log_harm: finite(point.log_harm),
    };
    path.points().iter().map(point).collect()
}
