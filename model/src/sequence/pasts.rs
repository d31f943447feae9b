//! Pasts: the last events of each entity, bounded.
//!
//! Lives here: remembering them at event time, and which of them a new event carries. Does not live here: who calls when
//! (that is the daemon's), what is made of them.
//!
//! What an event carries is fixed when it comes and kept with it until its label is learned, as recent labels are: an event
//! that came later would tell a network what it could not have known. An event enters once, by its id, and at its place in
//! time, so whoever reads a topic again after a crash changes nothing.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::Sequences;
use crate::sample::{EventId, Row, Step, Timestamp};

/// The last events of one entity, newest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Entity {
    /// Its place among those that may be forgotten.
    turn: u64,
    events: VecDeque<(Timestamp, Step)>,
}

/// The last events of each entity.
///
/// ```
/// use model::sequence::{Pasts, Sequences};
/// use model::{EventId, Row, Timestamp};
///
/// let rule = Sequences { entity: Some(0), length: 2, entities: 10 };
/// let event = |entity: f32, value: f32| Row::new(vec![entity, value]);
/// let mut pasts = Pasts::default();
/// for (at, value) in [10.0, 20.0, 30.0].into_iter().enumerate() {
///     pasts.observe(rule, &EventId::new(&at.to_string())?, Timestamp(at as i64), &event(7.0, value)?);
/// }
/// let carried = pasts.carried(rule, &EventId::new("next")?, Timestamp(3), &event(7.0, 40.0)?);
/// let values: Vec<f32> = carried.iter().map(|step| step.row.values()[1]).collect();
/// assert_eq!(values, [30.0, 20.0]);
/// assert!(pasts.carried(rule, &EventId::new("other")?, Timestamp(3), &event(8.0, 1.0)?).is_empty());
/// # Ok::<(), model::ModelError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pasts {
    entities: BTreeMap<u64, Entity>,
    /// Who had an event when: whoever had none for longest comes first.
    turns: BTreeMap<u64, u64>,
    turn: u64,
}

impl Pasts {
    /// What this event carries: those of its entity that are known and not newer, newest first, without itself.
    pub fn carried(&self, rule: Sequences, id: &EventId, time: Timestamp, row: &Row) -> Vec<Step> {
        let Some(entity) = key(rule, row).and_then(|key| self.entities.get(&key)) else { return Vec::new() };
        let own = id.number();
        let before = entity.events.iter().filter(|(at, step)| *at <= time && step.of != own);
        before.take(usize::from(rule.length)).map(|(_, step)| step.clone()).collect()
    }

    /// One more event. Not if its entity has it already, or does not say who it is, or has newer ones enough.
    pub fn observe(&mut self, rule: Sequences, id: &EventId, time: Timestamp, row: &Row) {
        let Some(key) = key(rule, row) else { return };
        let length = usize::from(rule.length);
        let entity = self.entities.entry(key).or_default();
        let of = id.number();
        let at = entity.events.iter().position(|(known, _)| *known <= time).unwrap_or(entity.events.len());
        if at >= length || entity.events.iter().any(|(_, step)| step.of == of) {
            return;
        }
        entity.events.insert(at, (time, Step { of, row: row.alone() }));
        entity.events.truncate(length);
        self.turn += 1;
        self.turns.remove(&entity.turn);
        entity.turn = self.turn;
        self.turns.insert(self.turn, key);
        while self.entities.len() > rule.entities as usize {
            let Some((_, idle)) = self.turns.pop_first() else { return };
            self.entities.remove(&idle);
        }
    }

    /// An event of this id is not to be known any more.
    pub fn forget(&mut self, id: &EventId) {
        let of = id.number();
        self.entities.values_mut().for_each(|entity| entity.events.retain(|(_, step)| step.of != of));
    }

    /// Of how many entities it knows events.
    pub fn entities(&self) -> usize {
        self.entities.len()
    }
}

/// Whose event it is: by its name where it has one, or else by what the feature holds; none if that is missing.
fn key(rule: Sequences, row: &Row) -> Option<u64> {
    let Some(at) = rule.entity else { return Some(0) };
    let value = row.values().get(at).copied().filter(|value| !value.is_nan())?;
    // Minus zero is zero.
    Some(row.entity().unwrap_or_else(|| u64::from((value + 0.0).to_bits())))
}

#[cfg(test)]
mod tests;
