//! Adopt: the schema grows at this place of the stream, and everything that learns or answers follows.
//!
//! Lives here: the order in which state, learners, frozen copies and the served model become wider. May
//! not: decide whether they may (that is `policies::evolve`), know how one network does it.
//!
//! Everything in memory is of the schema in force, trials under way excepted: those are widened when they
//! are used. On disk, a row stays as wide as it was; what it lacks is missing. Nothing starts again: what
//! every arm says of a row that lacks what is new stays the same.

use std::sync::Arc;

use model::{Addition, Generation, LearnerState, Schema, Widening};

use super::{Learn, LearnError};
use crate::slot::Served;
use crate::telemetry::AuditEvent;

impl Learn {
    /// Takes something new into the schema, if it may.
    pub(super) fn adopt(&mut self, addition: &Addition) -> Result<(), LearnError> {
        let limits = self.rules.config.evolve;
        let wider = limits.and_then(|limits| limits.adopt(self.state.schema(), addition));
        let Some(schema) = wider.map(Arc::new) else { return Ok(()) };
        self.widen(schema.clone())?;
        self.state.counts.adopted.count(addition);
        let generation = Generation(self.state.generation);
        self.happened.push(AuditEvent::schema_adopted(addition, &schema, generation));
        // More numbers take more time and memory; a budget may not allow it.
        self.measure_champion();
        Ok(())
    }

    /// Follows a schema that evolved from the one in force.
    pub(super) fn widen(&mut self, schema: Arc<Schema>) -> Result<(), LearnError> {
        let widening = Widening::between(self.state.schema(), &schema)?;
        self.arms.widen(&schema, &widening)?;
        self.state.widen(&schema, &widening)?;
        self.as_remembered = None;
        self.rules.config.schema = schema.clone();
        let served = self.slot.load();
        let model = served.model.widened(schema)?;
        self.state.generation += 1;
        let generation = Generation(self.state.generation);
        // The same function, so no gate is asked; durable with the next snapshot, like a refresh.
        let (prior_only, standing) = (served.prior_only, served.standing);
        self.slot.refresh(Served { generation, model, prior_only, standing });
        // A displaced model cannot answer wider rows; a rollback makes one of its learners, which can.
        self.slot.release();
        Ok(())
    }

    /// A learner that a trial ended with, under the schema in force.
    pub(super) fn of_today(&self, learner: LearnerState, then: &Schema) -> Result<LearnerState, LearnError> {
        let now = self.state.schema();
        if then == now {
            return Ok(learner);
        }
        Ok(learner.widened(&Widening::between(then, now)?)?)
    }
}

#[cfg(test)]
mod tests;
