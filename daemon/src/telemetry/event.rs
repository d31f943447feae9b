//! Event: what happened, as the journal and people are told it.
//!
//! Lives here: each event with its numbers, and how those that are made of a decision are made. How each reads is in
//! `story`. May not: decide, count.

use std::collections::BTreeMap;

use adapters::kafka::Positions;
use model::relaxation::Strengths;
use model::{Addition, Architecture, Generation};
use policies::detect::Diagnosis;
use policies::gate::{Judgement, Verdict};
use serde::Serialize;
use serde_json::{Value, json};

use super::Noticed;
use crate::learn::{EvidencePath, Judged};
use crate::lifecycle::Cause;
use crate::storage::Digests;

/// Something an operator may want to know later.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the fields are the numbers that `story` tells")]
pub enum AuditEvent {
    Started {
        epoch: u64,
        generation: Generation,
        architecture: String,
        digests: Option<Digests>,
        warnings: Vec<String>,
    },
    FirstChampion {
        generation: Generation,
        architecture: String,
        digests: Option<Digests>,
    },
    Refreshed {
        generation: Generation,
        count: u64,
    },
    Drift {
        #[serde(flatten)]
        noticed: Box<Noticed>,
    },
    Warned {
        statistic: f64,
        threshold: f64,
    },
    Breach {
        budget: String,
        measured: f64,
        limit: f64,
    },
    BudgetSet {
        budget: String,
        before: f64,
        limit: f64,
        set_in: &'static str,
        by: Option<String>,
    },
    Readings {
        source: &'static str,
        readings: BTreeMap<String, f64>,
    },
    BurnRate {
        budget: &'static str,
        stage: &'static str,
        severity: &'static str,
        factor: f64,
        rate: f64,
        rate_short: f64,
        window_seconds: u32,
    },
    ConfigReloaded {
        result: &'static str,
        needs_restart: Vec<String>,
        why: Option<String>,
    },
    EpisodeOpened {
        number: u64,
        cause: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        diagnosis: Option<Box<Noticed>>,
    },
    Proposed {
        count: usize,
    },
    Rejected {
        by: &'static str,
        count: usize,
    },
    Relaxed {
        architecture: String,
        chosen: String,
        /// Shares of the operations, place by place.
        shares: Vec<Vec<f64>>,
        /// What their removal costs, place by place.
        hurts: Vec<Vec<f64>>,
        skip_share: f64,
        entropy: f64,
        curvature: Option<f64>,
        stopped_at: Option<usize>,
        variance: f64,
        variance_of_plain_draws: f64,
    },
    SpaceRefined {
        changes: Vec<String>,
    },
    RungClimbed {
        rung: usize,
        scores: Vec<(String, Option<f64>)>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        robust_gains: Vec<Option<f64>>,
    },
    TrialFailed {
        architecture: String,
        reason: String,
    },
    EpisodeClosed {
        number: u64,
        reason: String,
    },
    Archived {
        learned: u64,
        models: usize,
    },
    Recalled {
        learned: u64,
        outcomes: usize,
        mean_gain: f64,
    },
    ChallengerPlaced {
        architecture: String,
        challenger: u64,
        alpha: f64,
        test: u64,
    },
    ApprovalAwaited {
        challenger: u64,
        architecture: String,
        until: i64,
    },
    Approved {
        challenger: u64,
        architecture: String,
        by: String,
    },
    Steered {
        what: &'static str,
        by: String,
    },
    ChallengerDropped {
        architecture: String,
        reason: String,
        outcomes: u64,
        mean_gain: f64,
    },
    Gate {
        gate: &'static str,
        verdict: &'static str,
        measured: f64,
        limit: f64,
        reason: String,
    },
    Judged {
        verdict: &'static str,
        architecture: String,
        reason: String,
        alpha: Option<f64>,
        judged: Value,
        path: Value,
        evidence_from: Value,
    },
    SwapStep {
        change: &'static str,
        generation: Generation,
        step: &'static str,
        detail: String,
    },
    Promoted {
        generation: Generation,
        before: String,
        architecture: String,
        claim: &'static str,
        outcomes: u64,
        mean_gain: f64,
        log_evidence: f64,
        alpha: f64,
        /// Of an archived mixture: outcomes that it had learned when it was put aside.
        #[serde(skip_serializing_if = "Option::is_none")]
        remembered: Option<u64>,
        digests: Option<Digests>,
    },
    Relieved {
        generation: Generation,
        before: String,
        architecture: String,
        compute_upper: f64,
        source: &'static str,
        digests: Option<Digests>,
    },
    RolledBack {
        generation: Generation,
        replaces: Generation,
        before: String,
        architecture: String,
        /// What spoke for it, in one word.
        reason: &'static str,
        why: String,
        digests: Option<Digests>,
    },
    ContestBegun {
        contest: u64,
        alpha: f64,
        test: u64,
    },
    ContestEnded {
        contest: u64,
        reason: String,
        outcomes: u64,
        mean_gain: f64,
    },
    TookOver {
        generation: Generation,
        architecture: String,
        outcomes: u64,
        mean_gain: f64,
        log_evidence: f64,
        alpha: f64,
        digests: Option<Digests>,
    },
    HandedBack {
        generation: Generation,
        replaces: Generation,
        architecture: String,
        /// What spoke for it, in one word.
        reason: &'static str,
        why: String,
    },
    WatchEnded {
        outcomes: u64,
        kept: bool,
    },
    Measured {
        source: &'static str,
        rows: usize,
        upper: f64,
        upper_of_one: f64,
        bytes: u64,
    },
    SchemaAdopted {
        kind: &'static str,
        name: String,
        features: usize,
        classes: usize,
        inputs: usize,
        generation: Generation,
    },
    Erased {
        records: usize,
        by: String,
    },
    Alarm {
        text: String,
    },
}

impl AuditEvent {
    /// Something changed.
    pub fn drift(diagnosis: &Diagnosis, schema: &model::Schema) -> Self {
        Self::Drift { noticed: Box::new(Noticed::new(diagnosis, schema)) }
    }

    /// An episode begins, and why.
    pub fn opened(number: u64, cause: &Cause, schema: &model::Schema) -> Self {
        let diagnosis = match cause {
            Cause::Drift(diagnosis) => Some(Box::new(Noticed::new(diagnosis, schema))),
            Cause::ColdStart | Cause::Plateau | Cause::Breach | Cause::ByHand => None,
        };
        Self::EpisodeOpened { number, cause: cause.name(), diagnosis }
    }

    /// A relaxed network was asked what should follow its last block.
    pub fn relaxed(parent: &Architecture, chosen: &Architecture, strengths: &Strengths) -> Self {
        let [variance_of_plain_draws, variance] = strengths.variances;
        Self::Relaxed {
            architecture: parent.to_string(),
            chosen: chosen.to_string(),
            shares: strengths.edges.iter().map(|edge| edge.shares.clone()).collect(),
            hurts: strengths.edges.iter().map(|edge| edge.hurts.clone()).collect(),
            skip_share: strengths.skip_share,
            entropy: strengths.entropy,
            curvature: strengths.curvatures.last().copied(),
            stopped_at: strengths.stopped_at,
            variance,
            variance_of_plain_draws,
        }
    }

    /// The schema has gained something; this is it now.
    pub fn schema_adopted(addition: &Addition, schema: &model::Schema, generation: Generation) -> Self {
        let (kind, name) = match addition {
            Addition::Feature(feature) => ("feature", feature.name.clone()),
            Addition::Class(name) => ("class", name.clone()),
            Addition::Buckets(at) => {
                ("buckets", schema.features().get(*at).map_or(String::new(), |feature| feature.name.clone()))
            }
        };
        let classes = if schema.target().is_classification() { schema.target().outputs() } else { 0 };
        Self::SchemaAdopted {
            kind,
            name,
            features: schema.features().len(),
            classes,
            inputs: schema.features().iter().map(|feature| feature.kind.width()).sum(),
            generation,
        }
    }

    /// Something was judged, on evidence that began at this place of the stream.
    pub fn judged(architecture: &str, judged: &Judged, path: &EvidencePath, from: &Positions) -> Self {
        let told = |json: Result<Value, serde_json::Error>| {
            json.unwrap_or_else(|error| {
                tracing::error!("a verdict cannot be told in full: {error}");
                Value::Null
            })
        };
        let mut evidence_from = json!({});
        for ((topic, partition), offset) in from {
            evidence_from[topic][partition.to_string()] = (*offset).into();
        }
        Self::Judged {
            verdict: judged.verdict(),
            architecture: architecture.into(),
            reason: judged.reason(),
            alpha: judged.alpha(),
            judged: told(judged.to_json()),
            path: told(adapters::audit::to_json(path.points())),
            evidence_from,
        }
    }

    /// Whether it is for the journal only: an account of what another event tells.
    pub fn is_detail(&self) -> bool {
        matches!(
            self,
            Self::Started { .. }
                | Self::Refreshed { .. }
                | Self::Readings { .. }
                | Self::Judged { .. }
                | Self::SwapStep { .. }
                | Self::Warned { .. }
        )
    }

    /// What one gate said.
    pub fn gate(judgement: &Judgement) -> Self {
        let verdict = word(judgement.verdict);
        Self::Gate {
            gate: judgement.gate.name(),
            verdict,
            measured: judgement.measured,
            limit: judgement.limit,
            reason: judgement.reason.clone(),
        }
    }
}

/// A verdict in metrics and in the journal.
pub fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::Inconclusive => "inconclusive",
    }
}
