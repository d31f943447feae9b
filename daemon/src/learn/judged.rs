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
        /// What the gates that wait for no labels hold them against.
        thresholds: Box<Thresholds>,
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
    pub fn of_relief(thresholds: Thresholds, quality_loss_max: f64, options: Vec<ReliefOption>) -> Self {
        let judged = |ReliefOption { architecture, evidence, quality_loss, .. }| {
            ReliefOption::judged(architecture, evidence, quality_loss, &thresholds)
        };
        let options: Vec<ReliefOption> = options.into_iter().map(judged).collect();
        let chosen = choose(&options, quality_loss_max);
        Self::Relief { thresholds: Box::new(thresholds), quality_loss_max, options, chosen }
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
                let passed = options.iter().filter(|option| option.why_not(*quality_loss_max).is_none());
                let (passed, tried) = (passed.count(), options.len());
                format!(
                    "{passed} of {tried} smaller mixtures pass; they may cost a loss of {quality_loss_max}"
                )
            }
            Self::Watch { limits, evidence, .. } => format!(
                "log-evidence of harm {:.3} (losses {:.3}, answers {:.3}, time {:.3}) after {} of {} outcomes",
                evidence.log_harm(),
                evidence.log_quality,
                evidence.log_errors,
                evidence.log_compute,
                evidence.outcomes,
                limits.outcomes
            ),
        }
    }

    /// A sentence for each part, for people.
    pub fn told(&self) -> Vec<String> {
        match self {
            Self::Gates { judgements, .. } => judgements.iter().map(said).collect(),
            Self::Quality { judgement, .. } => vec![said(judgement)],
            Self::Relief { quality_loss_max, options, chosen, .. } => {
                let option = |(at, option): (usize, &ReliefOption)| {
                    let ReliefOption { architecture, quality_loss, .. } = option;
                    let why = option.why_not(*quality_loss_max);
                    let why = match why {
                        Some(why) => why,
                        None if Some(at) == *chosen => "chosen".into(),
                        None => "another costs less loss".into(),
                    };
                    format!("{architecture}, loss {quality_loss:?}: {why}")
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
            Self::Relief { thresholds, quality_loss_max, options, .. } => {
                Self::of_relief(Thresholds::clone(thresholds), *quality_loss_max, options.clone())
            }
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
