//! Retention: how long rows are kept at most, and that one is erased.
//!
//! Lives here: when each part of the records came, and forgetting the rows of an id. May not: know files.

use std::collections::VecDeque;

use model::{EventId, Timestamp};
use serde::{Deserialize, Serialize};

use super::outcome::{carries, is_of};
use super::{Learn, LearnError};
use crate::telemetry::AuditEvent;

/// Bytes of records between two marks.
const MARK_BYTES: u64 = 1 << 20;
/// Marks that are kept; with more, every other one goes.
const MARKS_MAX: usize = 8_192;

/// What rows may take, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Bytes of records.
    pub bytes_max: u64,
    /// Age in event time, in milliseconds; none where they stay as long as they are needed.
    pub age_max_ms: Option<i64>,
}

/// How far the stream was when records came.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Marks(VecDeque<(u64, Timestamp)>);

impl Marks {
    /// A record begins at this place, and the stream is so far.
    pub(super) fn passed(&mut self, place: u64, watermark: Timestamp) {
        if self.0.back().is_some_and(|(last, _)| place - last < MARK_BYTES) {
            return;
        }
        self.0.push_back((place, watermark));
        if self.0.len() > MARKS_MAX {
            let mut odd = false;
            self.0.retain(|_| {
                odd = !odd;
                odd
            });
        }
    }

    /// Where the first record begins that may stay, of `end` bytes in all when the stream is at `now`.
    pub(super) fn first_kept(&mut self, retention: Retention, end: u64, now: Timestamp) -> u64 {
        let by_bytes = end.saturating_sub(retention.bytes_max);
        let mut by_age = 0;
        if let Some(age) = retention.age_max_ms {
            // What lies before a mark that is old is older.
            while let Some((place, at)) = self.0.front().copied() {
                if now.0.saturating_sub(at.0) <= age {
                    break;
                }
                by_age = place;
                self.0.pop_front();
            }
        }
        by_bytes.max(by_age)
    }
}

impl Learn {
    /// Forgets the rows of an id and what was said of them. What networks have learned from them stays, and so do the
    /// topics; kept snapshots may have a copy until newer ones took their places.
    pub fn erase(&mut self, id: &EventId, by: &str) -> Result<String, LearnError> {
        self.state.join.erase(id);
        self.state.pasts.forget(id);
        // Whoever carries it goes with it: a record is erased as a whole.
        let places = self.records.erase(|record| is_of(record, id) || carries(record, id))?;
        self.state.past.forget(&places);
        let records = places.len();
        // Not the id: the journal stays.
        self.happened.push(AuditEvent::Erased { records, by: by.into() });
        Ok(match records {
            0 => "no row of this id is kept".into(),
            _ if self.state.schema().sequences().is_some() => {
                format!("{records} rows are erased: of this id, and of events that carried it")
            }
            _ => format!("{records} rows of this id are erased"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_old_or_too_much_goes() {
        let mut marks = Marks::default();
        (0..100).for_each(|at| marks.passed(at * MARK_BYTES / 2, Timestamp(at.cast_signed() * 1_000)));
        assert_eq!(marks.0.len(), 50);
        let end = 50 * MARK_BYTES;
        let all = Retention { bytes_max: u64::MAX, age_max_ms: None };
        let mut kept = |retention| marks.first_kept(retention, end, Timestamp(99_000));
        assert_eq!(kept(all), 0);
        assert_eq!(kept(Retention { bytes_max: 10 * MARK_BYTES, ..all }), 40 * MARK_BYTES);
        let young = kept(Retention { age_max_ms: Some(50_000), ..all });
        assert!((23 * MARK_BYTES..26 * MARK_BYTES).contains(&young), "{young}");
    }

    #[test]
    fn marks_are_bounded() {
        let mut marks = Marks::default();
        (0..3 * MARKS_MAX as u64).for_each(|at| marks.passed(at * MARK_BYTES, Timestamp(0)));
        assert!(marks.0.len() <= MARKS_MAX && marks.0[0].0 == 0, "{}", marks.0.len());
    }
}
