//! Judged: what was judged, by which limits and with which result, so that it can be judged again.
//!
//! Lives here: the three pure judgements that change what is served, and their record in the journal. May not:
//! gather evidence, or act on a verdict.

use policies::gate::{
    Evidence, FiniteGate, Gate, GateKind, Judgement, LatencyGate, MemoryGate, QualityGate, RobustnessGate,
    Verdict, judge_all,
};
use policies::watch::{WatchEvidence, WatchLimits, WatchVerdict};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::lifecycle::{ReliefOption, choose};
use crate::telemetry::exact;

/// What the gates hold a challenger against.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct GateLimits {
    /// Compute time.
    pub latency: LatencyGate,
    /// Memory.
    pub memory: MemoryGate,
    /// Noise and missing values.
    pub robustness: RobustnessGate,
    /// The paired test against the control.
    pub quality: QualityGate,
}

/// Every gate, in the order of what its evidence costs.
pub const ALL_GATES: [GateKind; 5] =
    [GateKind::Finite, GateKind::Latency, GateKind::Memory, GateKind::Robustness, GateKind::Quality];

/// A judgement with all that it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "judge", rename_all = "snake_case")]
pub enum Judged {
    /// Gates spoke about a challenger.
    Gates {
        /// Which of them were asked.
        asked: Vec<GateKind>,
        /// What they hold it against.
        limits: GateLimits,
        /// What was known of it.
        evidence: Box<Evidence>,
        /// What they said, up to the first that failed.
        judgements: Vec<Judgement>,
    },
    /// Smaller mixtures were compared after a breach.
    Relief {
        /// Mean paired loss that relief may cost.
        quality_loss_max: f64,
        /// Each as it was measured.
        options: Vec<ReliefOption>,
        /// The place of the one that takes over.
        chosen: Option<usize>,
    },
    /// A new champion was compared with the one it displaced.
    Watch {
        /// What it is judged by.
        limits: WatchLimits,
        /// What was seen.
        evidence: WatchEvidence,
        /// What that says.
        verdict: WatchVerdict,
    },
}

impl GateLimits {
    /// What these gates say.
    pub fn judge(&self, asked: &[GateKind], evidence: &Evidence) -> Vec<Judgement> {
        let gates: [&dyn Gate; 5] =
            [&FiniteGate, &self.latency, &self.memory, &self.robustness, &self.quality];
        let asked: Vec<&dyn Gate> = gates.into_iter().filter(|gate| asked.contains(&gate.kind())).collect();
        judge_all(&asked, evidence)
    }
}

impl Judged {
    /// Gates speak.
    pub fn of_gates(limits: GateLimits, asked: &[GateKind], evidence: Evidence) -> Self {
        let judgements = limits.judge(asked, &evidence);
        Self::Gates { asked: asked.to_vec(), limits, evidence: Box::new(evidence), judgements }
    }

    /// The smaller mixtures are compared.
    pub fn of_relief(quality_loss_max: f64, options: &[ReliefOption]) -> Self {
        Self::Relief {
            quality_loss_max,
            options: options.to_vec(),
            chosen: choose(options, quality_loss_max),
        }
    }

    /// A watch is judged.
    pub fn of_watch(limits: WatchLimits, evidence: WatchEvidence) -> Self {
        Self::Watch { limits, evidence, verdict: limits.judge(&evidence) }
    }

    /// One word for the whole.
    pub fn verdict(&self) -> &'static str {
        match self {
            Self::Gates { judgements, .. } => {
                let said = |verdict| judgements.iter().any(|judgement| judgement.verdict == verdict);
                match (said(Verdict::Fail), said(Verdict::Inconclusive)) {
                    (true, _) => "fail",
                    (false, true) => "inconclusive",
                    (false, false) => "pass",
                }
            }
            Self::Relief { chosen, .. } => chosen.map_or("nothing_fits", |_| "chosen"),
            Self::Watch { verdict, .. } => match verdict {
                WatchVerdict::Keep => "keep",
                WatchVerdict::Rollback => "rollback",
                WatchVerdict::Watching => "watching",
            },
        }
    }

    /// What spoke last, for people.
    pub fn reason(&self) -> String {
        match self {
            Self::Gates { judgements, .. } => {
                let last = judgements.iter().find(|judgement| judgement.verdict != Verdict::Pass);
                let last = last.or(judgements.last());
                last.map_or_else(String::new, |last| format!("{}: {}", last.gate.name(), last.reason))
            }
            Self::Relief { quality_loss_max, options, .. } => {
                let fit = options.iter().filter(|option| option.fits).count();
                let tried = options.len();
                format!("{fit} of {tried} smaller mixtures fit; they may cost a loss of {quality_loss_max}")
            }
            Self::Watch { limits, evidence, .. } => format!(
                "log-evidence of harm {:.3} after {} of {} outcomes",
                evidence.log_harm, evidence.outcomes, limits.outcomes
            ),
        }
    }

    /// A sentence for each part, for people.
    pub fn told(&self) -> Vec<String> {
        match self {
            Self::Gates { judgements, .. } => {
                let gate = |said: &Judgement| {
                    let (measured, limit) = (said.measured, said.limit);
                    format!(
                        "{}: {:?}, {measured} of {limit} ({})",
                        said.gate.name(),
                        said.verdict,
                        said.reason
                    )
                };
                judgements.iter().map(gate).collect()
            }
            Self::Relief { options, chosen, .. } => {
                let mark = |at| if Some(at) == *chosen { "chosen" } else { "not chosen" };
                let option = |(at, option): (usize, &ReliefOption)| {
                    let fits = if option.fits { "fits" } else { "does not fit" };
                    format!("option {at} {fits}, loss {:?}: {}", option.quality_loss, mark(at))
                };
                options.iter().enumerate().map(option).collect()
            }
            Self::Watch { .. } => vec![format!("{}: {}", self.verdict(), self.reason())],
        }
    }

    /// The same evidence and limits, judged again now.
    #[must_use]
    pub fn again(&self) -> Self {
        match self {
            Self::Gates { asked, limits, evidence, .. } => {
                Self::of_gates(*limits, asked, Evidence::clone(evidence))
            }
            Self::Relief { quality_loss_max, options, .. } => Self::of_relief(*quality_loss_max, options),
            Self::Watch { limits, evidence, .. } => Self::of_watch(*limits, *evidence),
        }
    }

    /// As it stands in the journal.
    pub fn to_json(&self) -> Result<Value, String> {
        exact::to_json(self)
    }

    /// From the journal.
    pub fn from_json(json: &Value) -> Result<Self, String> {
        exact::from_json(json)
    }
}

#[cfg(test)]
mod tests;
