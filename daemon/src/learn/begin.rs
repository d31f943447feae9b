//! Begin: a champion from elsewhere, before the first event.
//!
//! Lives here: how it becomes what serves and what learns. May not: read files (that is [`crate::import`]).

use model::{Model, ModelParts};

use super::{Learn, LearnError};

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
        self.refresh()
    }
}
