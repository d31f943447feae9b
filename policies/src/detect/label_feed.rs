//! Label feed: do labels come as they used to?
//!
//! Lives here: delay and coverage of labels, compared with what they were. May not: know a label's value, or which event it
//! belongs to.
//!
//! A feed that stops, thins out or gets slower looks like a drift to whoever counts errors, and hides one. So long as it is
//! in trouble, nothing that rests on labels is decided.

use std::collections::VecDeque;

use model::{FeatureKind, Timestamp};
use serde::{Deserialize, Serialize};

use crate::detect::features::{binning::Binning, evidence};
use crate::detect::{DetectorKind, Drift};
use crate::stats::ShiryaevRoberts;

/// Labels from which the delays are learned that are normal.
const DELAYS: usize = 1_000;
/// Before delays are known, so many times the one that 99 of 100 have passes: the first labels to come are the fast ones.
const LEARNING: f64 = 3.0;
/// A label is awaited for so many times the delay that 99 of 100 had.
const PATIENCE: f64 = 1.5;
/// And for so long at least, in milliseconds.
const PATIENCE_MIN_MS: i64 = 1_000;
/// Spans of time in which events are awaited together.
const SPANS: i64 = 32;
/// Windows that say what is normal at first.
const REFERENCE_WINDOWS: u32 = 4;
/// Share of labels that has to have another delay, or not to come, for trouble; less is seen, and let pass.
pub const SHARE_MIN: f64 = 0.1;
/// And by so much of the time that a label is awaited the mean delay has to differ, where as many come as did: labels that
/// always take as long differ by milliseconds only, and then most of them do.
pub const SHIFT_MIN: f64 = 0.03;
/// Windows after which labels that come in another way are what is normal.
const SETTLED_WINDOWS: u32 = 10;
/// Below this share of the coverage there was, nothing is normal.
const SETTLED_COVERAGE: f64 = 0.5;
/// Below this share of the coverage there was, labels have stopped.
const STOPPED: f64 = 0.05;

/// What is wrong with the labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedTrouble {
    /// They do not come any more.
    Stopped,
    /// Fewer of them come.
    Thinned,
    /// They take another time to come.
    Delayed,
}

impl FeedTrouble {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Stopped, Self::Thinned, Self::Delayed];

    /// As one word, for counting.
    pub fn word(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Thinned => "thinned",
            Self::Delayed => "delayed",
        }
    }

    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stopped => "labels have stopped",
            Self::Thinned => "fewer labels come",
            Self::Delayed => "labels take another time to come",
        }
    }
}

/// How labels came, before and in the last window.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeedReport {
    /// What is wrong.
    pub trouble: FeedTrouble,
    /// Share of events whose label came in time, before.
    pub coverage_before: f64,
    /// And now.
    pub coverage_now: f64,
    /// Labels that came now although nobody awaited them any more, as a share of events.
    pub overdue_now: f64,
    /// Share of events that fare otherwise.
    pub share: f64,
    /// By how much the mean delay of labels that came in time differs, as a share of the time that one is awaited.
    pub shift: f64,
}

impl FeedReport {
    /// Whether that is more than labels differ by anyway.
    fn is_trouble(&self) -> bool {
        let missing = (self.coverage_before - self.coverage_now).abs();
        missing >= SHARE_MIN || (self.share >= SHARE_MIN && self.shift >= SHIFT_MIN)
    }
}

/// Events of a span of time, by the delays of their labels; those that have none yet are last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Span {
    index: i64,
    delays: Vec<u32>,
    /// All delays of it, in milliseconds.
    total: i64,
}

/// How labels come, by their delays; those that do not come in time are last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Normal {
    /// How long one is awaited, in milliseconds.
    patience: i64,
    binning: Binning,
    past: Delays,
    window: Delays,
}

/// Delays of many events, by bins; those without a label in time are last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Delays {
    counts: Vec<u64>,
    /// In milliseconds.
    total: f64,
}

impl Delays {
    fn none(bins: usize) -> Self {
        Self { counts: vec![0; bins], total: 0.0 }
    }

    fn take(&mut self, span: &Span) {
        for (known, count) in self.counts.iter_mut().zip(&span.delays) {
            *known += u64::from(*count);
        }
        self.total += span.total as f64;
    }

    /// Takes all of the others, and leaves none of them.
    fn absorb(&mut self, others: &mut Self) {
        for (known, count) in self.counts.iter_mut().zip(&mut others.counts) {
            *known += std::mem::take(count);
        }
        self.total += std::mem::take(&mut others.total);
    }

    /// Mean of those that came, in milliseconds; none if none did.
    fn mean(&self) -> Option<f64> {
        let came: u64 = self.counts.iter().rev().skip(1).sum();
        (came > 0).then(|| self.total / came as f64)
    }

    fn clear(&mut self) {
        *self = Self::none(self.counts.len());
    }
}

impl Normal {
    fn new(patience: i64, delays: Vec<f32>) -> Self {
        let binning = Binning::new(FeatureKind::Numeric, delays.into_iter());
        let none = Delays::none(binning.bins());
        Self { patience, binning, past: none.clone(), window: none }
    }

    /// Takes a span into the window; how many events that were.
    fn take(&mut self, span: &Span) -> u32 {
        self.window.take(span);
        span.delays.iter().sum()
    }

    fn absorb(&mut self) {
        self.past.absorb(&mut self.window);
    }
}

/// Alarms when labels come in another way than they did.
///
/// From the first thousand labels it learns how long one takes, and awaits each for half as long again as 99 of 100 took.
/// Then windows of events are compared with all before them, by the delays of their labels, as [`super::FeatureDrift`]
/// compares values; a label that did not come in that time counts as one that is missing.
///
/// **False alarms.** Where delays are exchangeable the expected number of events to a false alarm is at least
/// `average_run_length`. Most are not: labels come in batches, or not at night. So a window is trouble only where a tenth
/// of its labels ([`SHARE_MIN`]) fares otherwise and the difference is no trifle ([`SHIFT_MIN`]), and no run length is
/// promised for the rest.
///
/// **Memory.** A thousand delays at first, then two counters a tenth of them and some spans of time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelFeed {
    average_run_length: f64,
    window: u32,
    began: Option<Timestamp>,
    /// The last ones, until they say what is normal.
    delays: VecDeque<f32>,
    /// Once the delays are known: how long one is awaited, and how they are spread.
    normal: Option<Normal>,
    spans: VecDeque<Span>,
    newest: Timestamp,
    /// Events of this window whose time is over, and windows so far.
    awaited: u32,
    windows: u32,
    /// Labels of this window that came after they were awaited.
    overdue: u32,
    evidence: ShiryaevRoberts,
    suspected: bool,
    report: Option<FeedReport>,
    troubled_windows: u32,
}

impl LabelFeed {
    /// Learns how labels come, then compares windows of so many events.
    pub fn new(average_run_length: f64, window: usize) -> Self {
        Self {
            average_run_length: average_run_length.max(1.0),
            window: u32::try_from(window.max(super::features::WINDOW_MIN)).unwrap_or(u32::MAX),
            began: None,
            delays: VecDeque::new(),
            normal: None,
            spans: VecDeque::new(),
            newest: Timestamp(i64::MIN),
            awaited: 0,
            windows: 0,
            overdue: 0,
            evidence: ShiryaevRoberts::default(),
            suspected: false,
            report: None,
            troubled_windows: 0,
        }
    }

    /// What is wrong, for as long as it is.
    pub fn trouble(&self) -> Option<FeedReport> {
        self.report
    }

    /// How long a label is awaited, in milliseconds, once that is known.
    pub fn patience_ms(&self) -> Option<i64> {
        self.normal.as_ref().map(|normal| normal.patience)
    }

    /// An event of this time waits for its label.
    pub fn awaited(&mut self, time: Timestamp) -> Option<Drift> {
        self.newest = self.newest.max(time);
        self.began.get_or_insert(time);
        let index = self.span_of(time)?;
        let at = self.spans.partition_point(|span| span.index < index);
        if self.spans.get(at).is_none_or(|span| span.index != index) {
            let bins = self.normal.as_ref().map_or(0, |normal| normal.window.counts.len());
            self.spans.insert(at, Span { index, delays: vec![0; bins], total: 0 });
        }
        if let Some(none_yet) = self.spans[at].delays.last_mut() {
            *none_yet += 1;
        }
        self.close_spans()
    }

    /// The label of an event of this time came after so long.
    pub fn labelled(&mut self, time: Timestamp, delay_ms: i64) {
        let index = self.span_of(time);
        let delay = delay_ms.max(0);
        let Some(normal) = &self.normal else { return self.learn(delay) };
        if delay > normal.patience {
            self.overdue += 1;
            return;
        }
        let bin = normal.binning.bin(delay as f32);
        if let Some(span) = self.spans.iter_mut().rev().find(|span| Some(span.index) == index)
            && let Some(none_yet) = span.delays.last_mut().filter(|count| **count > 0)
        {
            *none_yet -= 1;
            span.delays[bin] += 1;
            span.total += delay;
        }
    }

    /// The last delays, until slow labels have had the time to be among them.
    fn learn(&mut self, delay: i64) {
        self.delays.push_back(delay as f32);
        let learning = self.began.map_or(0, |began| self.newest.0.saturating_sub(began.0));
        if self.delays.len() < DELAYS {
            return;
        }
        let mut delays: Vec<f32> = self.delays.iter().copied().collect();
        delays.sort_unstable_by(f32::total_cmp);
        let most = f64::from(delays[DELAYS * 99 / 100]);
        if (learning as f64) < LEARNING * most {
            self.delays.drain(..DELAYS / 2);
            return;
        }
        self.delays.clear();
        let patience = ((PATIENCE * most) as i64).max(PATIENCE_MIN_MS);
        self.normal = Some(Normal::new(patience, delays));
    }

    fn span_of(&self, time: Timestamp) -> Option<i64> {
        let patience = self.patience_ms()?;
        Some(time.0.div_euclid((patience / SPANS).max(1)))
    }

    /// Gives up waiting for the labels of spans that are over.
    fn close_spans(&mut self) -> Option<Drift> {
        let over = self.span_of(Timestamp(self.newest.0.saturating_sub(self.patience_ms()?)))?;
        let mut found = None;
        while self.spans.front().is_some_and(|span| span.index < over) {
            let span = self.spans.pop_front().expect("there is one in front");
            self.awaited += self.normal.as_mut()?.take(&span);
            if self.awaited >= self.window {
                found = self.close_window().or(found);
            }
        }
        found
    }

    /// Compares the window with all before it, and says what it found.
    fn close_window(&mut self) -> Option<Drift> {
        let overdue = f64::from(std::mem::take(&mut self.overdue)) / f64::from(self.awaited);
        self.awaited = 0;
        self.windows += 1;
        let normal = self.normal.as_mut()?;
        if self.windows <= REFERENCE_WINDOWS {
            normal.absorb();
            return None;
        }
        let report = report(normal, overdue);
        if self.report.is_some() {
            self.stay_or_recover(report);
            return None;
        }
        self.evidence.observe(evidence::log_e(&normal.past.counts, &normal.window.counts).exp());
        let threshold = (self.average_run_length / f64::from(self.window)).max(1.0).ln();
        let statistic = self.evidence.value().ln();
        if statistic < threshold || !report.is_trouble() {
            self.suspected = false;
            normal.absorb();
            return None;
        }
        normal.window.clear();
        if !std::mem::replace(&mut self.suspected, true) {
            // The change is somewhere in this window; the next one says what it is.
            return None;
        }
        self.report = Some(report);
        let ago = self.evidence.since() * u64::from(self.window);
        (self.evidence, self.suspected) = (ShiryaevRoberts::default(), false);
        Some(Drift { detector: DetectorKind::LabelFeed, statistic, threshold, ago, features: Vec::new() })
    }

    /// Trouble ends where labels come as before, or where they have come otherwise for long.
    fn stay_or_recover(&mut self, report: FeedReport) {
        if let Some(normal) = &mut self.normal {
            normal.window.clear();
        }
        self.troubled_windows += 1;
        let is_normal = report.coverage_now + report.overdue_now >= SETTLED_COVERAGE * report.coverage_before;
        if !report.is_trouble() {
            (self.report, self.troubled_windows) = (None, 0);
        } else if is_normal && self.troubled_windows >= SETTLED_WINDOWS {
            *self = Self { newest: self.newest, ..Self::new(self.average_run_length, self.window as usize) };
        } else {
            self.report = Some(report);
        }
    }
}

/// How the window differs from the past.
fn report(normal: &Normal, overdue_now: f64) -> FeedReport {
    let [before, now] = [&normal.past, &normal.window].map(|delays| evidence::shares(&delays.counts));
    let [coverage_before, coverage_now] =
        [&before, &now].map(|shares| 1.0 - shares.last().copied().unwrap_or(0.0));
    let came = coverage_now + overdue_now;
    let trouble = if came < STOPPED * coverage_before {
        FeedTrouble::Stopped
    } else if coverage_before - came >= SHARE_MIN {
        FeedTrouble::Thinned
    } else {
        FeedTrouble::Delayed
    };
    let share = before.iter().zip(&now).map(|(before, now)| (before - now).abs()).sum::<f64>() / 2.0;
    let apart =
        normal.past.mean().zip(normal.window.mean()).map_or(0.0, |(before, now)| (before - now).abs());
    let shift = apart / normal.patience as f64;
    FeedReport { trouble, coverage_before, coverage_now, overdue_now, share, shift }
}

#[cfg(test)]
mod tests;
