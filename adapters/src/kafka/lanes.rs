//! Many partitions into one stream, in the order of time.
//!
//! Lives here: the rule by which one of the waiting records is taken. A partition at its end holds
//! nobody back; one whose next record is on its way does, for a while: after a restart, labels cannot
//! overtake the predictions they belong to. May not: talk to Kafka.

use std::time::{Duration, Instant};

use super::record::Polled;

/// One partition, as far as the rule has to know it.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// The record that is next.
    pub(super) head: Option<Polled>,
    /// Everything there is has been taken.
    pub(super) at_end: bool,
    /// Since when its next record has been awaited.
    pub(super) awaited_since: Option<Instant>,
}

impl Lane {
    /// Its next record has come.
    pub(super) fn arrive(&mut self, record: Polled) {
        self.head = Some(record);
        self.at_end = false;
        self.awaited_since = None;
    }

    /// It has no further record for now.
    pub(super) fn end(&mut self) {
        self.at_end = true;
        self.awaited_since = None;
    }

    /// How long it still holds the others back; zero once its time is up.
    fn holds(&mut self, now: Instant, limit: Duration) -> Duration {
        if self.head.is_some() || self.at_end {
            return Duration::ZERO;
        }
        let since = *self.awaited_since.get_or_insert(now);
        limit.saturating_sub(now.saturating_duration_since(since))
    }
}

/// What is to be done next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Take the head of this lane.
    Take(usize),
    /// Wait this long at most: a lane's next record is on its way.
    Hold(Duration),
    /// Nothing is there.
    Idle,
}

/// The oldest head, unless a lane has to be waited for; ties go by topic, partition and offset.
pub(super) fn turn(lanes: &mut [Lane], now: Instant, limit: Duration) -> Turn {
    let oldest = lanes.iter().enumerate().filter_map(|(index, lane)| Some((index, lane.head.as_ref()?)));
    let oldest = oldest.min_by(|(_, a), (_, b)| rank(a).cmp(&rank(b))).map(|(index, _)| index);
    let Some(oldest) = oldest else { return Turn::Idle };
    let held = lanes.iter_mut().map(|lane| lane.holds(now, limit)).max().unwrap_or_default();
    if held.is_zero() { Turn::Take(oldest) } else { Turn::Hold(held) }
}

fn rank(record: &Polled) -> impl Ord + '_ {
    (record.timestamp, record.role, record.topic.as_ref(), record.partition, record.offset)
}

#[cfg(test)]
mod tests;
