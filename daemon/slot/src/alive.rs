//! Alive: how many models there are, counted from when the slot takes one until its memory is given back.
//!
//! Lives here: the count, and waiting for it to fall. May not: know what a model is.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[derive(Debug, Default)]
struct Count {
    now: usize,
    most: usize,
}

/// The count.
#[derive(Debug, Default)]
pub(super) struct Alive {
    count: Mutex<Count>,
    fell: Condvar,
}

impl Alive {
    pub(super) fn now(&self) -> usize {
        self.count().now
    }

    pub(super) fn most(&self) -> usize {
        self.count().most
    }

    /// Waits until at most so many are left, but not longer than this; whether it came to that.
    pub(super) fn wait_for(&self, at_most: usize, patience: Duration) -> bool {
        let waited = self.fell.wait_timeout_while(self.count(), patience, |count| count.now > at_most);
        waited.unwrap_or_else(PoisonError::into_inner).0.now <= at_most
    }

    fn count(&self) -> MutexGuard<'_, Count> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts one, as long as it lives.
#[derive(Debug)]
pub(super) struct Token(Arc<Alive>);

impl Token {
    pub(super) fn new(alive: &Arc<Alive>) -> Self {
        let mut count = alive.count();
        count.now += 1;
        count.most = count.most.max(count.now);
        drop(count);
        Self(Arc::clone(alive))
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.0.count().now -= 1;
        self.0.fell.notify_all();
    }
}
