//! Time: how far the streams have come, partition by partition.
//!
//! Lives here: the watermark, up to which every record that is not later than allowed has come. May not: know records, or
//! decide what follows. The machine's date comes in from outside, and says only who is idle and what lies in the future.

use std::collections::{BTreeMap, VecDeque};

use model::Timestamp;
use serde::{Deserialize, Serialize};

/// A partition's time moves on when so many of its records in a row say so: one wrong clock must not expire everything.
pub const AGREEING_RECORDS: usize = 64;

/// Where a record came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Origin {
    /// A partition of the events topic.
    Events(i32),
    /// A partition of the labels topic.
    Labels(i32),
}

/// How late records may be, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lateness {
    /// Behind the newest of their partition.
    pub allowed_ms: i64,
    /// Without a record for so long, a partition no longer holds the others back.
    pub idle_ms: i64,
    /// By which clocks may differ.
    pub skew_ms: i64,
}

/// The watermark of all partitions: it never falls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Watermark {
    lateness: Lateness,
    partitions: BTreeMap<Origin, Head>,
    /// The machine's date; none in a replay, where nobody is idle.
    now: Option<Timestamp>,
    at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Head {
    /// Times of its last records.
    recent: VecDeque<Timestamp>,
    /// What they agree on.
    time: Timestamp,
    /// When one came last, by the machine's date.
    came: Option<Timestamp>,
}

impl Watermark {
    /// Nothing has come.
    pub fn new(lateness: Lateness) -> Self {
        Self { lateness, partitions: BTreeMap::new(), now: None, at: Timestamp(i64::MIN) }
    }

    /// Other allowances, from now on.
    pub fn set_lateness(&mut self, lateness: Lateness) {
        self.lateness = lateness;
    }

    /// Up to here everything has come that is not too late.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// The newest time of the last records.
    pub fn newest(&self) -> Timestamp {
        let last = self.partitions.values().flat_map(|head| head.recent.iter().copied());
        last.max().unwrap_or(Timestamp(i64::MIN))
    }

    /// The machine's date; it does not go back. True if the watermark moved.
    pub fn passed(&mut self, now: Timestamp) -> bool {
        self.now = Some(self.now.map_or(now, |before| before.max(now)));
        self.advance()
    }

    /// A record of this time came. Returns the time that counts (none lies further ahead than clocks differ), and whether
    /// that is another.
    pub fn came(&mut self, origin: Origin, time: Timestamp) -> (Timestamp, bool) {
        let latest = self.now.map_or(i64::MAX, |now| now.0.saturating_add(self.lateness.skew_ms));
        let counts = Timestamp(time.0.min(latest));
        let head = self.partitions.entry(origin).or_insert_with(|| Head {
            recent: VecDeque::new(),
            time: Timestamp(i64::MIN),
            came: None,
        });
        head.came = self.now;
        head.recent.push_back(counts);
        if head.recent.len() > AGREEING_RECORDS {
            head.recent.pop_front();
            let agreed = head.recent.iter().min().copied().unwrap_or(counts);
            head.time = head.time.max(agreed);
        }
        self.advance();
        (counts, counts != time)
    }

    fn advance(&mut self) -> bool {
        let active = self.partitions.values().filter(|head| !self.is_idle(head));
        let Some(slowest) = active.map(|head| head.time).min() else { return false };
        let at = Timestamp(slowest.0.saturating_sub(self.lateness.allowed_ms));
        let moved = at > self.at;
        self.at = self.at.max(at);
        moved
    }

    fn is_idle(&self, head: &Head) -> bool {
        let (Some(now), Some(came)) = (self.now, head.came) else { return false };
        now.0.saturating_sub(came.0) >= self.lateness.idle_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATENESS: Lateness = Lateness { allowed_ms: 10, idle_ms: 60_000, skew_ms: 100 };

    fn run(watermark: &mut Watermark, origin: Origin, times: std::ops::Range<i64>) {
        for time in times {
            watermark.came(origin, Timestamp(time));
        }
    }

    #[test]
    fn the_slowest_partition_counts_and_one_wrong_clock_does_not() {
        let mut watermark = Watermark::new(LATENESS);
        run(&mut watermark, Origin::Events(1), 0..1);
        run(&mut watermark, Origin::Events(0), 0..200);
        run(&mut watermark, Origin::Events(1), 1..100);
        let agreed = 100 - i64::try_from(AGREEING_RECORDS).expect("a few");
        assert_eq!(watermark.at(), Timestamp(agreed - 10));
        watermark.came(Origin::Events(1), Timestamp(1_000_000));
        assert!(watermark.at() < Timestamp(200));
    }

    #[test]
    fn whoever_is_idle_holds_nobody_back_and_nothing_lies_in_the_future() {
        let mut watermark = Watermark::new(LATENESS);
        watermark.passed(Timestamp(0));
        run(&mut watermark, Origin::Labels(0), 0..65);
        watermark.passed(Timestamp(30_000));
        run(&mut watermark, Origin::Events(0), 0..30_000);
        let held_back = watermark.at();
        assert!(held_back < Timestamp(65));
        assert!(watermark.passed(Timestamp(60_000)));
        assert!(watermark.at() > Timestamp(29_000));
        assert_eq!(watermark.came(Origin::Events(0), Timestamp(i64::MAX)), (Timestamp(60_100), true));
        let before = watermark.at();
        watermark.passed(Timestamp(5));
        assert_eq!(watermark.at(), before, "it never falls");
    }
}
