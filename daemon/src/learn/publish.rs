//! Publish: a new champion becomes durable, step by step, before the pointer moves.
//!
//! Lives here: the order of the steps, each of them a line of the journal. May not: move the pointer.
//!
//! Written (beside, flushed, renamed), loaded again from the disk, compared with the one in memory on recent rows,
//! warmed up, prepared (the journal is on the disk), committed (the snapshot that names it). Before the commit the old
//! champion serves after a crash, after it the new one; a failure of any step before it changes nothing.

use model::{Generation, Model, Output, Row};

use super::took::{Stopwatch, Took};
use super::{Learn, LearnError};
use crate::lifecycle::Change;
use crate::parity;
use crate::slot::Served;
use crate::storage::Digests;

const WRITTEN: &str = "written";
const VERIFIED: &str = "verified";
const WARMED_UP: &str = "warmed_up";
const PREPARED: &str = "prepared";
const COMMITTED: &str = "committed";
/// The steps that are timed, in their order.
pub const SWAP_STEPS: [&str; 5] = [WRITTEN, VERIFIED, WARMED_UP, PREPARED, COMMITTED];
/// Recent rows on which the loaded model is compared with the one in memory.
const PROBE_ROWS: usize = 64;
/// In which answers are compared: probabilities, or numbers in the unit of the target.
const PARITY_UNIT: f32 = 1.0;

impl Learn {
    /// All steps up to the commit; none of them in a replay, where nothing is durable.
    pub(super) fn make_durable(
        &mut self,
        served: &Served,
        change: Change,
    ) -> Result<Option<Digests>, LearnError> {
        let generation = served.generation;
        let Some(storage) = &mut self.storage else { return Ok(None) };
        let mut stopwatch = Stopwatch::started();
        let digests = storage.write_model(served)?;
        let loaded = storage.read_model(generation)?;
        self.step(change, generation, WRITTEN, format!("weights {}", digests.weights));
        self.timed(Took::Step(WRITTEN, stopwatch.lap()));
        self.verify(&loaded, served, change, &digests)?;
        self.timed(Took::Step(VERIFIED, stopwatch.lap()));
        self.warm_up(served, change)?;
        self.timed(Took::Step(WARMED_UP, stopwatch.lap()));
        self.step(change, generation, PREPARED, "the snapshot that names it comes next".into());
        self.journal_durably()?;
        self.timed(Took::Step(PREPARED, stopwatch.lap()));
        self.commit(served)?;
        self.timed(Took::Step(COMMITTED, stopwatch.lap()));
        self.step(change, generation, COMMITTED, "the snapshot that names it is durable".into());
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
        let numbers = |outputs: &[Output]| {
            outputs.iter().flat_map(|output| output.0.iter().copied()).collect::<Vec<f32>>()
        };
        parity::check(&numbers(&said), &numbers(&expected), PARITY_UNIT)
            .map_err(|apart| unlike(served.generation, &format!("it says something else: {apart}")))?;
        let detail = format!("loaded again, it says the same of {} recent rows", rows.len());
        self.step(change, served.generation, VERIFIED, detail);
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
        self.step(change, served.generation, WARMED_UP, detail);
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

fn unlike(generation: Generation, what: &str) -> LearnError {
    LearnError::Snapshot(format!("generation {} does not read back as it was written: {what}", generation.0))
}

#[cfg(test)]
mod tests;
