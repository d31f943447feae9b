//! Cheap gates: what can be known of a challenger without waiting for labels.
//!
//! Lives here: finite outputs, latency, memory, energy, robustness. May not: compare predictions with truth over
//! time (that is [`crate::gate::quality`]).

use serde::{Deserialize, Serialize};

use crate::gate::{
    EnergyUnit, Evidence, Gate, GateKind, Judgement, Stress, Stressed, Verdict, at_most, inconclusive,
};
use crate::stats::quantile;

/// Passes a challenger whose outputs are all finite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiniteGate;

impl Gate for FiniteGate {
    fn kind(&self) -> GateKind {
        GateKind::Finite
    }

    /// Measured is 1 where all outputs are finite and 0 where not; the limit is 1.
    fn judge(&self, evidence: &Evidence) -> Judgement {
        let (verdict, reason) = match evidence.outputs_finite {
            Some(true) => (Verdict::Pass, "all outputs are finite"),
            Some(false) => (Verdict::Fail, "an output is not finite"),
            None => return inconclusive(self.kind(), 1.0, "no outputs were looked at".into()),
        };
        let measured = f64::from(u8::from(verdict == Verdict::Pass));
        Judgement::new(self.kind(), verdict, measured, 1.0, reason.into())
    }
}

/// Passes a challenger whose latency quantile is, with confidence, within the limit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LatencyGate {
    /// The limit of the quantile.
    pub limit_seconds: f64,
    /// Which quantile, for instance 0.99.
    pub quantile: f64,
    /// How sure to be that the true quantile is no higher than what is judged, for instance 0.95.
    pub confidence: f64,
}

impl Gate for LatencyGate {
    fn kind(&self) -> GateKind {
        GateKind::Latency
    }

    /// Measured is the upper confidence bound of the quantile, or what stands in for it; the reason says which.
    fn judge(&self, evidence: &Evidence) -> Judgement {
        let samples = &evidence.compute_seconds;
        if let Some(bound) = evidence.compute_estimate.filter(|_| samples.is_empty()) {
            return at_most(
                self.kind(),
                bound,
                self.limit_seconds,
                "estimated bound of the latency quantile",
            );
        }
        let Some(bound) = quantile::upper_bound(samples, self.quantile, self.confidence) else {
            let reason =
                format!("{} measurements are too few to bound quantile {}", samples.len(), self.quantile);
            return inconclusive(self.kind(), self.limit_seconds, reason);
        };
        at_most(self.kind(), bound, self.limit_seconds, "measured bound of the latency quantile")
    }
}

/// Passes a challenger whose loaded network is small enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryGate {
    /// The limit.
    pub bytes_max: u64,
}

impl Gate for MemoryGate {
    fn kind(&self) -> GateKind {
        GateKind::Memory
    }

    fn judge(&self, evidence: &Evidence) -> Judgement {
        let limit = self.bytes_max as f64;
        match evidence.bytes {
            Some(bytes) => at_most(self.kind(), bytes as f64, limit, "memory of the network"),
            None => inconclusive(self.kind(), limit, "nobody measured the memory".into()),
        }
    }
}

/// Passes a challenger of which one answer takes little enough energy, or time where energy is not told.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EnergyGate {
    /// Most of it for one row.
    pub per_row_max: f64,
    /// Of what; something measured in another unit says nothing.
    pub unit: EnergyUnit,
}

impl Gate for EnergyGate {
    fn kind(&self) -> GateKind {
        GateKind::Energy
    }

    fn judge(&self, evidence: &Evidence) -> Judgement {
        match evidence.energy {
            Some(energy) if energy.unit == self.unit => {
                let what = format!("{} for a row", self.unit.name());
                at_most(self.kind(), energy.per_row, self.per_row_max, &what)
            }
            Some(energy) => {
                let reason = format!(
                    "the limit is in {}, this machine tells {}",
                    self.unit.name(),
                    energy.unit.name()
                );
                inconclusive(self.kind(), self.per_row_max, reason)
            }
            None => inconclusive(self.kind(), self.per_row_max, "nobody measured the energy".into()),
        }
    }
}

/// Passes a challenger that loses about as little as the champion on a bad day. Losses are compared, not their growth: a
/// champion that knows nothing is hurt by nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RobustnessGate {
    /// By how much its mean loss may be above the champion's.
    pub excess_max: f64,
    /// Stresses without which nothing is said; only of the past there may be none, where nothing has drifted.
    pub wanted: Vec<Stress>,
}

impl Gate for RobustnessGate {
    fn kind(&self) -> GateKind {
        GateKind::Robustness
    }

    /// Measured is the largest excess over the champion's loss.
    fn judge(&self, evidence: &Evidence) -> Judgement {
        let done = |wanted: &&Stress| {
            **wanted == Stress::Past || evidence.stresses.iter().any(|done| done.stress == **wanted)
        };
        if let Some(missing) = self.wanted.iter().find(|wanted| !done(wanted)) {
            let reason =
                format!("what {} does to its loss, or the champion's, was not measured", missing.name());
            return inconclusive(self.kind(), self.excess_max, reason);
        }
        let excess = |done: &Stressed| done.loss - done.champion_loss;
        // One that is not a number counts as the largest: `max` would hide it.
        let worst = evidence.stresses.iter().max_by(|a, b| {
            let key = |done: &Stressed| if excess(done).is_nan() { f64::INFINITY } else { excess(done) };
            key(a).total_cmp(&key(b))
        });
        let Some(worst) = worst else {
            let reason = "nothing has drifted, so there is nothing to forget".into();
            return Judgement::new(self.kind(), Verdict::Pass, 0.0, self.excess_max, reason);
        };
        let what = format!("loss under {}, over the champion's,", worst.stress.name());
        at_most(self.kind(), excess(worst), self.excess_max, &what)
    }
}
