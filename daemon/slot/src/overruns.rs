//! Overruns: how often the served model took longer than its budget allows.
//!
//! Lives here: two counters that those who answer add to and the writer reads, beside the slot they share. May not: say
//! what follows.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counted by whoever computes answers; nobody waits for anybody.
#[derive(Debug)]
pub struct Overruns {
    limit_nanos: AtomicU64,
    rows_max: AtomicU64,
    units: AtomicU64,
    over: AtomicU64,
}

/// What has been counted since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overran {
    /// Units of work that the budget speaks of.
    pub units: u64,
    /// Those that took longer.
    pub over: u64,
}

impl Default for Overruns {
    /// Nothing is too long until somebody says what is.
    fn default() -> Self {
        let [units, over] = Default::default();
        Self { limit_nanos: AtomicU64::new(u64::MAX), rows_max: AtomicU64::new(0), units, over }
    }
}

impl Overruns {
    /// From now on, so many rows may take so many seconds; whether that is another limit.
    pub fn allow(&self, seconds: f64, rows: usize) -> bool {
        let limit = nanos(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX));
        self.rows_max.store(rows as u64, Ordering::Relaxed);
        self.limit_nanos.swap(limit, Ordering::Relaxed) != limit
    }

    /// One unit of work took so long. A batch larger than the budget speaks of may take as many times longer.
    pub fn took(&self, time: Duration, rows: usize) {
        let rows_max = self.rows_max.load(Ordering::Relaxed);
        if rows_max == 0 {
            return;
        }
        let times = (rows as u64).div_ceil(rows_max).max(1);
        let limit = self.limit_nanos.load(Ordering::Relaxed).saturating_mul(times);
        let over = nanos(time) > limit;
        self.units.fetch_add(1, Ordering::AcqRel);
        self.over.fetch_add(u64::from(over), Ordering::AcqRel);
    }

    /// What has been counted so far.
    pub fn now(&self) -> Overran {
        // Late ones first: a reader never finds more of them than there were units.
        let over = self.over.load(Ordering::Acquire);
        Overran { units: self.units.load(Ordering::Acquire), over }
    }
}

impl Overran {
    /// What came after an earlier count.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        Self { units: self.units - before.units, over: self.over - before.over }
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_longer_than_the_budget_of_its_size_is_counted() {
        let overruns = Overruns::default();
        overruns.took(Duration::from_secs(9), 1);
        assert_eq!(overruns.now(), Overran::default(), "there is no budget");
        overruns.allow(0.001, 32);
        let before = overruns.now();
        overruns.took(Duration::from_micros(900), 32);
        overruns.took(Duration::from_micros(1_100), 1);
        overruns.took(Duration::from_micros(1_900), 64);
        overruns.took(Duration::from_micros(2_100), 64);
        assert_eq!(overruns.now().since(before), Overran { units: 4, over: 2 });
    }
}
