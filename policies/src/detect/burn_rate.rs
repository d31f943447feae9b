//! Burn rate: how many times faster than allowed a service uses up the errors it may make.
//!
//! Lives here: windows of counts, and the four rules of the SRE workbook ("Alerting on SLOs", multi-window,
//! multi-burn-rate). A rule holds while the rate is above its factor over a long window, so that one bad minute is
//! nothing, and over a short one, so that it ends soon after the trouble has. May not: know what good and bad are, read a
//! clock, say what follows.
//!
//! | severity | factor | long window | short window | of a 30-day error budget, gone by then |
//! |---|---|---|---|---|
//! | page | 14.4 | 1 h | 5 min | 2 % |
//! | page | 6 | 6 h | 30 min | 5 % |
//! | ticket | 3 | 1 d | 2 h | 10 % |
//! | ticket | 1 | 3 d | 6 h | 10 % |

use model::Timestamp;
use serde::{Deserialize, Serialize};

/// Every long window is twelve short ones, and a short one is five buckets.
const SHORT_BUCKETS: u32 = 5;
const LONG_BUCKETS: u32 = 12 * SHORT_BUCKETS;
/// Events in the long window, at least: of a handful, one bad one is a large share and says nothing.
pub const EVENTS_MIN: u64 = 100;

/// How urgent it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Within days.
    Ticket,
    /// Now.
    Page,
}

impl Severity {
    /// Its name in metrics and the journal.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ticket => "ticket",
            Self::Page => "page",
        }
    }
}

/// When something is said.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Rule {
    severity: Severity,
    factor: f64,
    short_seconds: u32,
}

/// The rules, most urgent first.
const RULES: [Rule; 4] = [
    Rule { severity: Severity::Page, factor: 14.4, short_seconds: 300 },
    Rule { severity: Severity::Page, factor: 6.0, short_seconds: 1_800 },
    Rule { severity: Severity::Ticket, factor: 3.0, short_seconds: 7_200 },
    Rule { severity: Severity::Ticket, factor: 1.0, short_seconds: 21_600 },
];

impl Rule {
    fn bucket_milliseconds(self) -> i64 {
        i64::from(self.short_seconds) * 1_000 / i64::from(SHORT_BUCKETS)
    }
}

/// What a rule has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BurnStage {
    /// It holds since now.
    Began,
    /// It has held for another short window.
    Lasts,
    /// It holds no longer.
    Ended,
}

impl BurnStage {
    /// Its name in the journal.
    pub fn name(self) -> &'static str {
        match self {
            Self::Began => "began",
            Self::Lasts => "lasts",
            Self::Ended => "ended",
        }
    }
}

/// What one rule says, with its numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Burn {
    /// What it says.
    pub stage: BurnStage,
    /// How urgent that is.
    pub severity: Severity,
    /// The rate that it speaks of.
    pub factor: f64,
    /// The rate over the long window.
    pub rate: f64,
    /// The rate over the short window.
    pub rate_short: f64,
    /// The long window.
    pub window_seconds: u32,
}

/// Counts of events, the bad ones among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Events {
    all: u64,
    bad: u64,
}

/// The last events, by when they came: memory is constant, and what is too old goes a bucket at a time. The newest bucket
/// is not full yet, so a window is up to a bucket shorter than it is called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Ring {
    /// Numbers of the oldest bucket that was looked at and of the newest one, counted from the beginning of time; none
    /// before the first look.
    since: Option<(i64, i64)>,
    buckets: Vec<Events>,
}

impl Ring {
    fn new() -> Self {
        Self { since: None, buckets: vec![Events::default(); LONG_BUCKETS as usize] }
    }

    /// Time goes on to this bucket; those in between were silent. A time that goes back is the newest one.
    fn advance(&mut self, number: i64) {
        let (oldest, newest) = *self.since.get_or_insert((number, number));
        let gone = number.saturating_sub(newest).clamp(0, i64::from(LONG_BUCKETS));
        for silent in 1..=gone {
            let place = Self::place(number.saturating_sub(gone).saturating_add(silent));
            self.buckets[place] = Events::default();
        }
        // After so long a silence nothing is known, as at the beginning.
        let oldest = if gone == i64::from(LONG_BUCKETS) { number } else { oldest };
        self.since = Some((oldest, newest.max(number)));
    }

    fn place(number: i64) -> usize {
        number.rem_euclid(i64::from(LONG_BUCKETS)) as usize
    }

    fn add(&mut self, events: Events) {
        let Some((_, newest)) = self.since else { return };
        let place = Self::place(newest);
        let bucket = &mut self.buckets[place];
        bucket.all = bucket.all.saturating_add(events.all);
        bucket.bad = bucket.bad.saturating_add(events.bad);
    }

    fn last(&self, buckets: u32) -> Events {
        let Some((_, newest)) = self.since else { return Events::default() };
        (0..i64::from(buckets)).fold(Events::default(), |sum, back| {
            let Events { all, bad } = self.buckets[Self::place(newest.saturating_sub(back))];
            Events { all: sum.all.saturating_add(all), bad: sum.bad.saturating_add(bad) }
        })
    }
}

impl Ring {
    /// The share of bad events in the last buckets, in shares that are allowed; none of no events. What was before the
    /// first look counts as good: a rate that is said has used up as much as it says, not only for a minute.
    fn burn(&self, buckets: u32, allowed: f64) -> Option<f64> {
        let (oldest, newest) = self.since?;
        let known = newest.saturating_sub(oldest).saturating_add(1).clamp(1, i64::from(buckets));
        let Events { all, bad } = self.last(buckets);
        let share = bad as f64 / all as f64 * (known as f64 / f64::from(buckets));
        (all > 0).then_some(share / allowed)
    }
}

/// One rule at work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Watched {
    ring: Ring,
    /// When it last said that it holds; none while it does not.
    said: Option<Timestamp>,
}

/// Watches a share of bad events against the share that is allowed, in 16 bytes for each of 240 buckets.
///
/// ```
/// use model::Timestamp;
/// use policies::detect::{BurnRate, BurnStage, Severity};
///
/// let mut burn = BurnRate::new(0.01);
/// assert!(burn.observe(Timestamp(0), 1_000, 10).is_empty(), "just what is allowed");
/// let said = burn.observe(Timestamp(3_540_000), 1_000, 500);
/// assert_eq!((said[0].stage, said[0].severity), (BurnStage::Began, Severity::Page));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BurnRate {
    allowed: f64,
    watched: Vec<Watched>,
}

impl BurnRate {
    /// Allows this share of events to be bad; at a share of one, nothing is ever said.
    pub fn new(allowed: f64) -> Self {
        let watched = RULES.map(|_| Watched { ring: Ring::new(), said: None });
        Self { allowed, watched: watched.into() }
    }

    /// Allows another share; what was counted stays.
    pub fn set_allowed(&mut self, allowed: f64) {
        self.allowed = allowed;
    }

    /// The share that is allowed.
    pub fn allowed(&self) -> f64 {
        self.allowed
    }

    /// Takes in so many events since the last call, the bad ones among them; to be called in silence, too, because windows
    /// pass. What each rule says of it, most urgent first.
    pub fn observe(&mut self, now: Timestamp, all: u64, bad: u64) -> Vec<Burn> {
        let allowed = self.allowed;
        let rules = RULES.iter().zip(&mut self.watched);
        rules
            .filter_map(|(rule, watched)| {
                watched.ring.advance(now.0.div_euclid(rule.bucket_milliseconds()));
                watched.ring.add(Events { all, bad });
                watched.say(*rule, allowed, now)
            })
            .collect()
    }

    /// The rates over the four long windows, shortest first, with their seconds; not a number where nothing came.
    pub fn rates(&self) -> [(u32, f64); RULES.len()] {
        let mut rates = [(0, f64::NAN); RULES.len()];
        for ((rate, rule), watched) in rates.iter_mut().zip(RULES).zip(&self.watched) {
            let burn = watched.ring.burn(LONG_BUCKETS, self.allowed);
            *rate = (long_seconds(rule), burn.unwrap_or(f64::NAN));
        }
        rates
    }

    /// The most urgent that holds now.
    pub fn burning(&self) -> Option<Severity> {
        let holding = RULES.iter().zip(&self.watched).filter(|(_, watched)| watched.said.is_some());
        holding.map(|(rule, _)| rule.severity).max()
    }
}

impl Watched {
    fn say(&mut self, rule: Rule, allowed: f64, now: Timestamp) -> Option<Burn> {
        let rate = |buckets| self.ring.burn(buckets, allowed).unwrap_or(0.0);
        let rates = (rate(LONG_BUCKETS), rate(SHORT_BUCKETS));
        let enough = self.ring.last(LONG_BUCKETS).all >= EVENTS_MIN;
        let holds = enough && rates.0 > rule.factor && rates.1 > rule.factor;
        let again = i64::from(rule.short_seconds) * 1_000;
        let stage = match (holds, self.said) {
            (true, None) => BurnStage::Began,
            (true, Some(said)) if now.0.saturating_sub(said.0) >= again => BurnStage::Lasts,
            (true, Some(_)) | (false, None) => return None,
            (false, Some(_)) => BurnStage::Ended,
        };
        self.said = holds.then_some(now);
        Some(Burn {
            stage,
            severity: rule.severity,
            factor: rule.factor,
            rate: rates.0,
            rate_short: rates.1,
            window_seconds: long_seconds(rule),
        })
    }
}

fn long_seconds(rule: Rule) -> u32 {
    rule.short_seconds * (LONG_BUCKETS / SHORT_BUCKETS)
}

#[cfg(test)]
mod tests;
