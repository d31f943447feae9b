//! Begin: a champion before the first event, from elsewhere or taught by a history.
//!
//! Lives here: how it becomes what serves and what learns. May not: read files (that is [`crate::import`]).

use model::{Context, Model, ModelParts, Row, Truth};

use super::{Learn, LearnError};
use crate::lifecycle::Event;

impl Learn {
    /// This model serves from the start, in place of the prior, and its networks are the control from then on: they learn,
    /// and the search goes on from them. Not once anything has been learned.
    pub fn begin_with(&mut self, model: &Model) -> Result<(), LearnError> {
        let ModelParts { encoder, context, .. } = model.parts()?;
        // Its networks see rows as it did.
        self.state.encoder = encoder;
        self.state.context = context;
        self.arms.control = self.arms.pool.thaw(model.network(), self.rules.config.seed)?;
        self.arms.tidy();
        self.begun()
    }

    /// Learns labelled history before the first event, so that a champion serves from the start.
    pub fn bootstrap<E>(&mut self, rows: impl Iterator<Item = Result<(Row, Truth), E>>) -> Result<u64, E>
    where
        E: From<LearnError>,
    {
        let mut taught: i64 = 0;
        for row in rows {
            let (row, truth) = row?;
            let row = self.carrying_history(row, taught);
            self.teach(&row, truth)?;
            taught += 1;
        }
        if taught > 0 {
            self.begun()?;
        }
        Ok(taught.unsigned_abs())
    }

    fn teach(&mut self, row: &Row, truth: Truth) -> Result<(), LearnError> {
        self.state.encoder.observe(row);
        self.state.encoder.observe_truth(&truth);
        // When a label of history arrived is not known, so none is seen.
        self.learn_row(row, &Context::default(), truth)
    }

    /// What the control has become serves: budgets, people and the search have a champion to deal with from now on.
    fn begun(&mut self) -> Result<(), LearnError> {
        self.refresh()?;
        self.events.push_back(Event::Begun);
        self.settle()
    }
}
