//! Publish: a new champion becomes durable, step by step, before the pointer moves.
//!
//! Lives here: the order of the steps, each of them a line of the journal. May not: move the pointer.
//!
//! Written (beside, flushed, renamed), loaded again from the disk, compared with the one in memory on recent rows,
//! warmed up, prepared (the journal is on the disk), committed (the snapshot that names it). Before the commit the old
//! champion serves after a crash, after it the new one; a failure of any step before it changes nothing.

use model::{Generation, Model, Output, Row};

use super::{Learn, LearnError};
use crate::lifecycle::Change;
use crate::slot::Served;
use crate::storage::Digests;

/// Recent rows on which the loaded model is compared with the one in memory.
const PROBE_ROWS: usize = 64;
/// By how much an answer may differ, relative to its size where that is above one.
const PARITY_TOLERANCE: f32 = 1e-5;

impl Learn {
    /// All steps up to the commit; none of them in a replay, where nothing is durable.
    pub(super) fn make_durable(
        &mut self,
        served: &Served,
        change: Change,
    ) -> Result<Option<Digests>, LearnError> {
        let generation = served.generation;
        let Some(storage) = &mut self.storage else { return Ok(None) };
        let digests = storage.write_model(served)?;
        let loaded = storage.read_model(generation)?;
        self.step(change, generation, "written", format!("weights {}", digests.weights));
        self.verify(&loaded, served, change, &digests)?;
        self.warm_up(served, change)?;
        self.step(change, generation, "prepared", "the snapshot that names it comes next".into());
        self.journal_durably()?;
        self.commit(served)?;
        self.step(change, generation, "committed", "the snapshot that names it is durable".into());
        // It is done: that a line about it waits for the disk changes nothing.
        self.journal();
        Ok(Some(digests))
    }

    /// What was loaded has the digests of what was written, and says what the one in memory says.
    fn verify(
        &mut self,
        loaded: &Model,
        served: &Served,
        change: Change,
        digests: &Digests,
    ) -> Result<(), LearnError> {
        if Digests::of(loaded)? != *digests {
            return Err(unlike(served.generation, "it has another digest"));
        }
        let rows = self.probe_rows();
        let rows: Vec<&Row> = rows.iter().collect();
        let (said, expected) = (loaded.predict(&rows)?, served.model.predict(&rows)?);
        if !said.iter().zip(&expected).all(|(said, expected)| agree(said, expected)) {
            return Err(unlike(served.generation, "it says something else"));
        }
        let detail = format!("loaded again, it says the same of {} recent rows", rows.len());
        self.step(change, served.generation, "verified", detail);
        Ok(())
    }

    /// Its first answers are not those that somebody waits for.
    fn warm_up(&mut self, served: &Served, change: Change) -> Result<(), LearnError> {
        let rows = self.probe_rows();
        let batch = self.rules.config.budget.compute_batch;
        let batches = if rows.is_empty() { [0, 0] } else { [1, batch] };
        for size in batches {
            let rows: Vec<&Row> = rows.iter().cycle().take(size).collect();
            served.model.predict(&rows)?;
        }
        let detail = format!("answered batches of {} and {}", batches[0], batches[1]);
        self.step(change, served.generation, "warmed_up", detail);
        Ok(())
    }

    /// Recent rows that are as wide as rows are now.
    fn probe_rows(&mut self) -> Vec<Row> {
        let history = &self.state.history;
        let recent = history.since(history.pushed().saturating_sub(PROBE_ROWS as u64));
        let width = self.state.schema().features().len();
        let rows = recent.iter().filter_map(|recent| self.row(recent.place));
        rows.filter(|row| row.values().len() == width).collect()
    }
}

fn agree(said: &Output, expected: &Output) -> bool {
    let close = |(a, b): (&f32, &f32)| (a - b).abs() <= PARITY_TOLERANCE * a.abs().max(b.abs()).max(1.0);
    said.0.len() == expected.0.len() && said.0.iter().zip(&expected.0).all(close)
}

fn unlike(generation: Generation, what: &str) -> LearnError {
    LearnError::Snapshot(format!("generation {} does not read back as it was written: {what}", generation.0))
}

#[cfg(test)]
mod tests;
