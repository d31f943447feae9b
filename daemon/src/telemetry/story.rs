//! Story: every audit event as one sentence for a person.
//!
//! Lives here: words. May not: leave out the number that a decision rested on.

use std::time::{Duration, UNIX_EPOCH};

use super::AuditEvent;
use super::brief::changed;
use super::budgets::amount;

impl AuditEvent {
    /// One sentence, with its numbers.
    pub fn story(&self) -> String {
        match self {
            Self::FirstChampion { .. }
            | Self::Promoted { .. }
            | Self::Relieved { .. }
            | Self::RolledBack { .. } => self.swapped(),
            Self::ContestBegun { .. }
            | Self::ContestEnded { .. }
            | Self::TookOver { .. }
            | Self::HandedBack { .. } => self.of_external(),
            Self::Drift { noticed } => noticed.story(),
            Self::Breach { budget, measured, limit } => {
                let [measured, limit] = [measured, limit].map(|value| amount(budget, *value));
                format!("budget {budget} breached: {measured} over {limit}")
            }
            Self::EpisodeOpened { number, cause, diagnosis } => {
                let which =
                    diagnosis.as_ref().map_or(String::new(), |noticed| format!(": {}", noticed.summary()));
                format!("episode {number} opened ({}{which})", cause.replace('_', " "))
            }
            Self::Proposed { count } => format!("{count} candidates proposed, beside the control"),
            Self::Rejected { by, count } => format!("{count} candidates rejected untrained, by {by}"),
            Self::Relaxed { architecture, chosen, skip_share, entropy, curvature, .. } => format!(
                "{architecture}, relaxed, asks for {chosen} (skips {skip_share:.2}, undecided {entropy:.2}, curvature \
                 {:.4})",
                curvature.unwrap_or(0.0)
            ),
            Self::SpaceRefined { changes } => format!("search space: {}", changes.join("; ")),
            Self::RungClimbed { rung, scores, robust_gains } => climbed(*rung, scores, robust_gains),
            Self::TrialFailed { architecture, reason } => format!("trial of {architecture} failed: {reason}"),
            Self::EpisodeClosed { number, reason } => format!("episode {number} closed: {reason}"),
            Self::Archived { learned, models } => format!(
                "the control as it was after {learned} outcomes is put aside, in case this world comes back; {models} are kept"
            ),
            Self::Recalled { learned, outcomes, mean_gain } => format!(
                "MEMORY: what served after {learned} outcomes does better than the control again: {mean_gain:+.4} over the \
                 last {outcomes} outcomes"
            ),
            Self::ChallengerPlaced { architecture, challenger, alpha, test } => format!(
                "{architecture} goes into the shadow slot as challenger {challenger}, to be compared on live events \
                 (test {test}, alpha {alpha:.4})"
            ),
            Self::ChallengerDropped { architecture, reason, outcomes, mean_gain } => format!(
                "challenger {architecture} dropped after {outcomes} outcomes: {reason} (mean gain {mean_gain:+.4})"
            ),
            Self::Gate { gate, verdict, reason, .. } => format!("gate {gate}: {verdict} ({reason})"),
            Self::WatchEnded { outcomes, kept: true } => {
                format!("the watch ended well after {outcomes} outcomes; the displaced champion is released")
            }
            Self::WatchEnded { outcomes, kept: false } => format!(
                "the watch ended at its deadline, after {outcomes} outcomes only; the displaced champion is released"
            ),
            Self::SchemaAdopted { kind, name, features, classes, inputs, generation } => {
                adopted(kind, name, [*features, *classes, *inputs], generation.0)
            }
            Self::Erased { records, by } => format!("{by} had {records} rows of an id erased"),
            Self::Alarm { text } => format!("ALARM: {text}"),
            Self::Started { .. }
            | Self::Refreshed { .. }
            | Self::Judged { .. }
            | Self::SwapStep { .. }
            | Self::Measured { .. }
            | Self::Warned { .. }
            | Self::ApprovalAwaited { .. }
            | Self::Approved { .. }
            | Self::Steered { .. }
            | Self::BudgetSet { .. }
            | Self::Readings { .. }
            | Self::BurnRate { .. }
            | Self::ConfigReloaded { .. } => self.detail(),
        }
    }

    /// The sentence of what changes who serves; nothing for the others.
    fn swapped(&self) -> String {
        match self {
            Self::FirstChampion { generation, architecture, .. } => {
                format!("first champion: generation {} ({architecture}) replaces the prior", generation.0)
            }
            Self::Promoted {
                generation,
                before,
                architecture,
                claim,
                outcomes,
                mean_gain,
                log_evidence,
                alpha,
                remembered,
                ..
            } => {
                let claim = claim.replace('_', " ");
                let (architecture, before) = changed(architecture, before);
                let from = remembered.map_or(String::new(), |learned| {
                    format!(", from memory (as it was after {learned} outcomes)")
                });
                format!(
                    "PROMOTION: generation {} ({architecture}{from}) replaces {before}; {claim}, mean gain {mean_gain:+.4} over \
                     {outcomes} outcomes, e-value {:.0} ({:.0} was needed)",
                    generation.0,
                    log_evidence.exp(),
                    1.0 / alpha
                )
            }
            Self::Relieved { generation, before, architecture, compute_upper, source, .. } => {
                let (architecture, before) = changed(architecture, before);
                format!(
                    "RELIEF: generation {} ({architecture}) replaces {before}; compute p99 {source} at most {:.0} µs",
                    generation.0,
                    compute_upper * 1e6
                )
            }
            Self::RolledBack { generation, replaces, before, architecture, why, .. } => {
                let (architecture, before) = changed(architecture, before);
                format!(
                    "ROLLBACK: generation {} ({architecture}) serves again in place of generation {} ({before}): {why}",
                    generation.0, replaces.0
                )
            }
            _ => String::new(),
        }
    }

    /// The sentence of what is about how things are done; nothing for the others.
    fn detail(&self) -> String {
        match self {
            Self::Started { epoch, generation, architecture, warnings, .. } => {
                let warnings: String = warnings.iter().flat_map(|warning| ["; ", warning]).collect();
                format!(
                    "started, as number {epoch} on this state: generation {} ({architecture}) serves{warnings}",
                    generation.0
                )
            }
            Self::Warned { statistic, threshold } => {
                format!("ADWIN: the champion's loss rose by {statistic:.3}, over {threshold:.3}")
            }
            Self::Refreshed { generation, count } => {
                format!("{count} refreshes since the last snapshot, up to generation {}", generation.0)
            }
            Self::Judged { verdict, architecture, reason, alpha, .. } => {
                let alpha = alpha.map_or(String::new(), |alpha| format!(", at alpha {alpha:.4}"));
                format!("{architecture} judged: {verdict} ({reason}{alpha})")
            }
            Self::SwapStep { change, generation, step, detail } => {
                format!("{change} of generation {}: {} ({detail})", generation.0, step.replace('_', " "))
            }
            Self::Measured { source, rows, upper, upper_of_one, bytes } => format!(
                "the champion's compute p99 is {source} at most {:.0} µs for {rows} rows, {:.0} µs for one, in {bytes} bytes",
                upper * 1e6,
                upper_of_one * 1e6
            ),
            Self::ApprovalAwaited { challenger, architecture, until } => format!(
                "challenger {challenger} ({architecture}) has passed all gates and waits for a person until {}",
                clock(*until)
            ),
            Self::Approved { challenger, architecture, by } => {
                format!("{by} approves challenger {challenger} ({architecture})")
            }
            Self::Steered { what, by } => {
                format!("{by} has it {}", if *what == "rollback" { "roll back" } else { what })
            }
            _ => self.of_budgets(),
        }
    }
}

fn adopted(kind: &str, name: &str, [features, classes, inputs]: [usize; 3], generation: u64) -> String {
    let what = match kind {
        "buckets" => format!("twice as many buckets for `{name}`"),
        kind => format!("{kind} `{name}`"),
    };
    let classes = if classes > 0 { format!(", {classes} classes") } else { String::new() };
    format!(
        "SCHEMA: {what} adopted; now {features} features in {inputs} numbers{classes}; generation {generation} \
         says what was said before"
    )
}

/// A moment, for people.
pub(super) fn clock(milliseconds: i64) -> String {
    let since = Duration::from_millis(milliseconds.try_into().unwrap_or_default());
    humantime::format_rfc3339_seconds(UNIX_EPOCH + since).to_string()
}

fn climbed(rung: usize, scores: &[(String, Option<f64>)], robust_gains: &[Option<f64>]) -> String {
    let better = scores.iter().filter(|(_, gain)| gain.is_some_and(|gain| gain > 0.0)).count();
    let robust = robust_gains.iter().copied().chain(std::iter::repeat(None));
    let best = scores.iter().zip(robust).filter_map(|((name, gain), robust)| Some((name, (*gain)?, robust)));
    let best = best.max_by(|a, b| a.1.total_cmp(&b.1));
    let best = best.map_or("all failed".into(), |(name, gain, robust)| {
        let robust = robust.map(|gain| format!(", {gain:+.4} under stress")).unwrap_or_default();
        format!("best: {name} ({gain:+.4}{robust})")
    });
    format!("rung {rung}: {better} of {} candidates better than the control; {best}", scores.len())
}
