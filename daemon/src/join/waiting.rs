//! Waiting: ids as the join knows them, and in which order they are given up.
//!
//! Lives here: keyed hashes in the place of ids, which are short and say nothing, and a queue by time. May not: know what
//! waits.

use std::collections::BTreeMap;
use std::hash::Hash as _;

use model::{EventId, Timestamp};
use serde::{Deserialize, Serialize};
use siphasher::sip128::{Hasher128 as _, SipHasher13};

/// Memory of one entry, in bytes, with its share of the tree that it is in and its place in the queue; a test holds it.
pub const ENTRY_BYTES: usize = 112;
/// Marks of a time are kept together in spans of so many milliseconds.
const SPAN_MS: i64 = 1_000;

/// The hash of an id. Two ids of one hash are one id here: of a billion, with a chance of one in 10^20.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Mark(u128);

impl Mark {
    /// Whether it is among this share of all.
    pub fn is_within(self, share: f64) -> bool {
        // 53 bits are exact.
        (((self.0 >> 75) as u64) as f64) < share * (1_u64 << 53) as f64
    }
}

/// Without it nobody can choose ids that are kept, or that are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Key(u64, u64);

impl Key {
    pub(super) fn of_seed(seed: u64) -> Self {
        Self(seed, 0x6a6f_696e)
    }

    pub(super) fn mark(self, id: &EventId) -> Mark {
        let mut hasher = SipHasher13::new_with_keys(self.0, self.1);
        id.hash(&mut hasher);
        Mark(hasher.finish128().as_u128())
    }
}

/// Marks in the order of time, roughly: what is taken out may have gone already, or be of the same span and later.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Queue(BTreeMap<i64, Vec<Mark>>);

impl Queue {
    pub(super) fn push(&mut self, time: Timestamp, mark: Mark) {
        self.0.entry(time.0.div_euclid(SPAN_MS)).or_default().push(mark);
    }

    /// Takes out all of spans that are over before this time.
    pub(super) fn before(&mut self, time: Timestamp) -> Vec<Mark> {
        let span = time.0.div_euclid(SPAN_MS);
        match self.0.first_key_value() {
            Some((first, _)) if *first < span => {}
            Some(_) | None => return Vec::new(),
        }
        let rest = self.0.split_off(&span);
        std::mem::replace(&mut self.0, rest).into_values().flatten().collect()
    }

    pub(super) fn retain(&mut self, keep: impl Fn(&Mark) -> bool) {
        self.0.retain(|_, marks| {
            marks.retain(&keep);
            marks.shrink_to_fit();
            !marks.is_empty()
        });
    }
}
