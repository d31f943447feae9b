//! Writer: builds candidates, makes them durable, reads them back, and changes what is served.
//!
//! Lives here: the publish protocol in the daemon's order, and what it costs. May not: answer.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use adapters::store::ModelStore;
use anyhow::{Context as _, Result, bail, ensure};
use model::model::TENSORS_FILE;
use model::{Device, Generation, Model, Output, Row};
use policies::gate::{Evidence, FiniteGate, Gate as _, Verdict};

use super::measures::{Histogram, resident};
use super::plan::Step;
use super::reader::wait_until;
use super::{SLICE, Storm, magic};

/// How long old models may take to be gone; a reader holds one for one unit of work.
const PATIENCE: Duration = Duration::from_secs(10);
/// Models kept on disk.
const KEPT: usize = 3;

/// What the writer saw.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) refused: u64,
    pub(super) rollbacks: u64,
    pub(super) stores: Histogram,
    /// From the decision to go back to an answer of the displaced model.
    pub(super) answered: Histogram,
    pub(super) alive_max: usize,
    /// After each step, in bytes.
    pub(super) resident: Vec<f64>,
}

/// Works through the plan, one step every `pace`, in slices of time that are for swaps.
pub(super) fn write(storm: &Storm, pace: Duration) -> Result<Written> {
    let folder = tempfile::tempdir()?;
    let store = ModelStore::open(folder.path())?;
    let steps = storm.plan.steps();
    let mut written = Written { resident: vec![0.0; steps.len()], ..Written::default() };
    let mut next = Duration::ZERO;
    for (at, step) in steps.iter().enumerate() {
        next = next_stormy(storm.started.elapsed().max(next));
        wait_until(storm, next);
        next += pace;
        storm.begun.store(at + 1, Ordering::SeqCst);
        written.take(storm, &store, *step).with_context(|| format!("step {at}, {step:?}"))?;
        storm.done.store(at + 1, Ordering::SeqCst);
        written.resident[at] = resident().unwrap_or_default();
    }
    Ok(written)
}

/// This moment, or the next slice of time that is for swaps.
fn next_stormy(at: Duration) -> Duration {
    if Storm::is_stormy(at) { at } else { SLICE * ((at.as_nanos() / SLICE.as_nanos()) as u32 + 1) }
}

impl Written {
    fn take(&mut self, storm: &Storm, store: &ModelStore, step: Step) -> Result<()> {
        let slot = &storm.slot;
        match step {
            Step::RollBack => {
                let decided = Instant::now();
                let took = slot.roll_back().context("the displaced model is not warm")?;
                let serving = slot.load();
                let said = serving.model.predict(&[&magic::row()?])?;
                self.answered.observe(decided.elapsed());
                let number = magic::number(serving.generation.0).to_bits();
                let right = said[0].0.iter().all(|value| value.to_bits() == number);
                ensure!(right, "the displaced model says {said:?}");
                self.rollbacks += 1;
                self.stores.observe(took);
            }
            Step::Damaged { generation } => {
                let found = self.candidate(storm, store, generation, true)?;
                ensure!(found.is_err(), "damaged files were read");
                self.refused += 1;
            }
            Step::Insane { generation } => {
                self.room(storm)?;
                ensure!(judged(&magic::insane()?) == Verdict::Fail, "answers that overflow passed the gate");
                ensure!(storm.slot.load().generation != Generation(generation), "a refused model serves");
                self.refused += 1;
            }
            Step::Promote { generation, watch_ended } => {
                if watch_ended {
                    slot.release();
                }
                let model = self.candidate(storm, store, generation, false)??;
                ensure!(judged(&model) == Verdict::Pass, "a sane model did not pass the gate");
                self.stores.observe(slot.replace(magic::serving(generation, model)));
            }
        }
        Ok(())
    }

    /// Room for one more, and a note of how many there are with it.
    fn room(&mut self, storm: &Storm) -> Result<()> {
        ensure!(storm.slot.make_room(PATIENCE), "old models are not let go of");
        self.alive_max = self.alive_max.max(storm.slot.models_alive() + 1);
        Ok(())
    }

    /// A model as it reads back from disk; it fails within if its files were damaged.
    fn candidate(
        &mut self,
        storm: &Storm,
        store: &ModelStore,
        generation: u64,
        damaged: bool,
    ) -> Result<Result<Model>> {
        self.room(storm)?;
        let built = magic::served(generation)?;
        let name = format!("generation-{generation:010}");
        let files = built.model.to_files()?;
        // What is served is what was read back; there is never a second copy of it.
        drop(built);
        let files: Vec<(&str, &[u8])> =
            files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        let path = store.write(&name, &files)?;
        if damaged {
            damage(&path.join(TENSORS_FILE))?;
        }
        let model = Model::from_files(&path, &Device::cpu()).context("the candidate cannot be read");
        let names = store.list()?;
        let oldest = names.len().saturating_sub(KEPT);
        store.prune(|name| names.iter().skip(oldest).any(|kept| kept == name))?;
        Ok(model)
    }
}

/// Turns over one bit.
fn damage(file: &Path) -> Result<()> {
    let mut bytes = std::fs::read(file)?;
    let Some(last) = bytes.last_mut() else { bail!("{} is empty", file.display()) };
    *last ^= 1;
    Ok(std::fs::write(file, bytes)?)
}

/// What the cheapest gate says of this model's answers.
fn judged(model: &Model) -> Verdict {
    let rows: Vec<Row> = (1_u8..5)
        .filter_map(|value| Row::new(vec![f32::from(value); model.schema().features().len()]).ok())
        .collect();
    let finite = |output: &Output| output.0.iter().all(|number| number.is_finite());
    let outputs_finite =
        model.predict(&rows.iter().collect::<Vec<_>>()).ok().map(|said| said.iter().all(finite));
    FiniteGate.judge(&Evidence { outputs_finite, ..Evidence::default() }).verdict
}
