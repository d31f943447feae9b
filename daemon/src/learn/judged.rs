//! Judged: what was judged, by which limits and with which result, so that it can be judged again.
//!
//! Lives here: the pure judgements that change what is served, and their record in the journal. May not:
//! gather evidence, or act on a verdict.

use adapters::audit::{from_json, to_json};
use policies::gate::{
    Evidence, Gate as _, Judgement, QualityEvidence, QualityGate, Thresholds, Verdict, verdict,
};
use policies::watch::{WatchEvidence, WatchLimits, WatchVerdict};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::lifecycle::{ReliefOption, choose};
use crate::telemetry::word;

/// A judgement with all that it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judged {
    /// Gates spoke about a challenger.
    Gates {
        /// What they hold it against.
        thresholds: Box<Thresholds>,
        /// What was known of it.
        evidence: Box<Evidence>,
        /// What they said, up to the first that failed.
        judgements: Vec<Judgement>,
    },
    /// A challenger's running test, when it was let go.
    Quality {
        /// What it had to show, and within which time.
        limits: QualityGate,
        /// How far it had come.
        evidence: Option<QualityEvidence>,
        /// What that says.
        judgement: Judgement,
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

impl Judged {
    /// Gates speak.
    pub fn of_gates(thresholds: Thresholds, evidence: Evidence) -> Self {
        let judgements = thresholds.judge(&evidence);
        Self::Gates { thresholds: Box::new(thresholds), evidence: Box::new(evidence), judgements }
    }

    /// The paired test is judged by itself.
    pub fn of_quality(limits: QualityGate, evidence: Option<QualityEvidence>) -> Self {
        let judgement = limits.judge(&Evidence { quality: evidence, ..Evidence::default() });
        Self::Quality { limits, evidence, judgement }
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
            Self::Gates { judgements, .. } => word(verdict(judgements)),
            Self::Quality { judgement, .. } => word(judgement.verdict),
            Self::Relief { chosen, .. } => chosen.map_or("nothing_fits", |_| "chosen"),
            Self::Watch { verdict, .. } => match verdict {
                WatchVerdict::Keep => "keep",
                WatchVerdict::Rollback => "rollback",
                WatchVerdict::Watching => "watching",
            },
        }
    }

    /// The chance of a wrong verdict that was allowed, where there is one.
    pub fn alpha(&self) -> Option<f64> {
        match self {
            Self::Gates { thresholds, .. } => Some(thresholds.quality.alpha),
            Self::Quality { limits, .. } => Some(limits.alpha),
            Self::Watch { limits, .. } => Some(limits.alpha),
            Self::Relief { .. } => None,
        }
    }

    /// What spoke last, for people.
    pub fn reason(&self) -> String {
        match self {
            Self::Gates { judgements, .. } => {
                let stops = |said: &&Judgement| said.binding && said.verdict != Verdict::Pass;
                let last = judgements.iter().find(stops).or(judgements.last());
                last.map_or_else(String::new, spoken)
            }
            Self::Quality { judgement, .. } => spoken(judgement),
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
            Self::Gates { judgements, .. } => judgements.iter().map(said).collect(),
            Self::Quality { judgement, .. } => vec![said(judgement)],
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
            Self::Gates { thresholds, evidence, .. } => {
                Self::of_gates(Thresholds::clone(thresholds), Evidence::clone(evidence))
            }
            Self::Quality { limits, evidence, .. } => Self::of_quality(*limits, *evidence),
            Self::Relief { quality_loss_max, options, .. } => Self::of_relief(*quality_loss_max, options),
            Self::Watch { limits, evidence, .. } => Self::of_watch(*limits, *evidence),
        }
    }

    /// As it stands in the journal.
    pub fn to_json(&self) -> Result<Value, serde_json::Error> {
        to_json(self)
    }

    /// From the journal.
    pub fn from_json(json: &Value) -> Result<Self, serde_json::Error> {
        from_json(json)
    }
}

fn spoken(judgement: &Judgement) -> String {
    format!("{}: {}", judgement.gate.name(), judgement.reason)
}

fn said(judgement: &Judgement) -> String {
    let Judgement { gate, verdict, measured, limit, reason, binding } = judgement;
    let advice = if *binding { "" } else { ", which only advises" };
    format!("{}: {}, {measured} of {limit} ({reason}){advice}", gate.name(), word(*verdict))
}

#[cfg(test)]
mod tests;
