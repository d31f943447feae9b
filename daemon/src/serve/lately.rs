//! Lately: what serving knows of the events before each one.
//!
//! Lives here: one memory of a process, which every road reads and feeds, and the learn plane feeds, too. May not: be the one
//! that is kept (that is the learn plane's, with its positions), compute.
//!
//! Where an event is read by both planes, and where a row that was answered over HTTP comes back as an event, it enters once, by
//! its id. A lock is held while the events of one entity are copied or one is put in, never while anything is computed, read or
//! written; so the learn plane holds nobody up.

use std::sync::{Arc, Mutex, PoisonError};

use model::{EventId, Pasts, Row, Sample, Sequences, Timestamp};

use crate::learn::State;

/// The last events of each entity, as far as this process has seen them.
#[derive(Clone, Debug)]
pub struct Lately {
    rule: Sequences,
    pasts: Arc<Mutex<Pasts>>,
}

impl Lately {
    /// Beginning with what is known; none where events carry nothing.
    pub fn of(rule: Option<Sequences>, pasts: Pasts) -> Option<Self> {
        rule.map(|rule| Self { rule, pasts: Arc::new(Mutex::new(pasts)) })
    }

    /// Beginning with what the learn plane remembers.
    pub fn after(state: &State) -> Option<Self> {
        Self::of(state.schema().sequences(), state.pasts.clone())
    }

    /// An event that somebody has read.
    pub fn observe(&self, id: &EventId, time: Timestamp, row: &Row) {
        self.known(|pasts| pasts.observe(self.rule, id, time, row));
    }

    /// An event of this id is carried by no later one any more.
    pub fn forget(&self, id: &EventId) {
        self.known(|pasts| pasts.forget(id));
    }

    /// The row with what it carries.
    pub fn carrying(&self, id: &EventId, time: Timestamp, row: Row) -> Row {
        let past = self.known(|pasts| pasts.carried(self.rule, id, time, &row));
        row.after(past)
    }

    /// The event with what it carries; later ones carry it.
    pub fn passing(&self, sample: Sample) -> Sample {
        let Sample { id, time, row, external } = sample;
        let row = self.carrying(&id, time, row);
        self.observe(&id, time, &row);
        Sample { id, time, row, external }
    }

    fn known<T>(&self, with: impl FnOnce(&mut Pasts) -> T) -> T {
        with(&mut self.pasts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_that_both_planes_read_is_carried_once() {
        let rule = Sequences { entity: None, length: 3, entities: 1 };
        let lately = Lately::of(Some(rule), Pasts::default()).expect("events carry some");
        let event = |number: i64| Sample {
            id: EventId::new(&format!("e{number}")).expect("short"),
            time: Timestamp(number),
            row: Row::new(vec![number as f32]).expect("finite"),
            external: None,
        };
        (0..2).for_each(|number| drop(lately.passing(event(number))));
        // The learn plane comes after.
        (0..2).map(event).for_each(|Sample { id, time, row, .. }| lately.observe(&id, time, &row));
        let carried = lately.passing(event(2));
        let numbers: Vec<f32> = carried.row.past().iter().map(|step| step.row.values()[0]).collect();
        assert_eq!(numbers, [1.0, 0.0]);
        lately.forget(&event(1).id);
        let carried = lately.passing(event(3));
        let numbers: Vec<f32> = carried.row.past().iter().map(|step| step.row.values()[0]).collect();
        assert_eq!(numbers, [2.0, 0.0], "what is erased is carried no more");
    }
}
