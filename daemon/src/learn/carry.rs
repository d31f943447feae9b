//! Carry: an event gets the events of its entity that came before it, once, when it comes.
//!
//! Lives here: that its past is fixed before anybody answers it, and that it is in the pasts of later ones from then on. May
//! not: remember (that is [`model::sequence::pasts`]), read a topic.
//!
//! Pasts are part of the state, and so of the snapshot, with the positions of the records that they come from: what is read again
//! after a crash is what they lack.

use std::borrow::Cow;

use model::{EventId, Row, Sample, Timestamp};

use super::Learn;

impl Learn {
    /// The event with what it carries.
    pub(super) fn carrying<'a>(&mut self, sample: &'a Sample) -> Cow<'a, Sample> {
        let Some(rule) = self.state.schema().sequences() else { return Cow::Borrowed(sample) };
        let Sample { id, time, row, .. } = sample;
        let past = self.state.pasts.carried(rule, id, *time, row);
        self.state.pasts.observe(rule, id, *time, row);
        Cow::Owned(Sample { row: row.clone().after(past), ..sample.clone() })
    }

    /// A row of history with what it carries: rows of a file follow one another, all before the first event.
    pub(super) fn carrying_history(&mut self, row: Row, number: i64) -> Row {
        let Some(rule) = self.state.schema().sequences() else { return row };
        let id = EventId::new(&format!("history {number}")).expect("it is short, and not empty");
        let time = Timestamp(i64::MIN + number);
        let past = self.state.pasts.carried(rule, &id, time, &row);
        self.state.pasts.observe(rule, &id, time, &row);
        row.after(past)
    }
}

#[cfg(test)]
mod tests;
