//! Intake: what a learner keeps beside its weights, and when it learns from it.
//!
//! Lives here: rows that wait for a batch, rows kept for replay, the random choices. Does not live here:
//! the step.

use rand::SeedableRng;
use rand_pcg::Pcg64;

use super::examples::Examples;
use super::past::Past;
use super::surge::{Surge, Turn};
use crate::architecture::Hyper;

/// Where rows that are learned again come from.
#[derive(Clone, Copy)]
enum From {
    Recent,
    Past,
}

/// The rows and choices of one learner.
#[derive(Clone, Debug)]
pub(crate) struct Intake {
    pub rng: Pcg64,
    /// Rows not learned from yet, fewer than a batch.
    pub pending: Examples,
    /// Rows to learn from again.
    pub reservoir: Examples,
    /// Rows from before the last drifts.
    pub past: Past,
    /// Whether rows are learned more than once.
    pub surge: Surge,
    /// Empty; kept for its memory.
    again: Examples,
}

impl Intake {
    /// Of a learner that has seen nothing.
    pub fn new(inputs: usize, seed: u64) -> Self {
        let empty = || Examples::new(inputs);
        Self::of(Pcg64::seed_from_u64(seed), empty(), empty())
    }

    /// Of a learner that waits with these rows and keeps those.
    pub fn of(rng: Pcg64, pending: Examples, reservoir: Examples) -> Self {
        let again = Examples::new(pending.inputs());
        Self { rng, pending, reservoir, past: Past::default(), surge: Surge::default(), again }
    }

    /// The same, as far into a surge and with this past.
    pub fn within(self, surge: Surge, past: Past) -> Self {
        Self { past, surge, ..self }
    }

    /// Takes in one row; where it completes a batch, `step` learns from that, then from rows drawn
    /// again: mixed into one batch, new and old would each count half. In a surge there are more of such steps. Rows
    /// that make a step fail are forgotten. `step` returns the share of rows of which the answer was wrong.
    pub fn take_in<E>(
        &mut self,
        hyper: &Hyper,
        row: &[f32],
        goal: f32,
        mut step: impl FnMut(&[f32], &[f32], &mut Pcg64) -> Result<f32, E>,
    ) -> Result<(), E> {
        if self.steps_at_once(hyper) {
            let wrong = step(row, &[goal], &mut self.rng)?;
            self.notice(hyper, wrong, 1);
            return Ok(());
        }
        self.pending.push(row, goal);
        if self.pending.len() < usize::from(hyper.batch) {
            return Ok(());
        }
        // Taken out first: rows that make a step fail must not fail the next one too.
        let batch = self.pending.take();
        let done = self.learn(hyper, &batch, step);
        self.pending.reuse(batch);
        done
    }

    fn learn<E>(
        &mut self,
        hyper: &Hyper,
        batch: &Examples,
        mut step: impl FnMut(&[f32], &[f32], &mut Pcg64) -> Result<f32, E>,
    ) -> Result<(), E> {
        let wrong = step(batch.rows(), batch.goals(), &mut self.rng)?;
        self.notice(hyper, wrong, batch.len());
        let surge = if self.surge.under_way() { hyper.surge } else { 0 };
        if hyper.replay == 0.0 && hyper.recall == 0.0 && surge == 0 {
            return Ok(());
        }
        let rows = batch.len() as f32;
        let recent = std::iter::once(hyper.replay * rows).chain(std::iter::repeat_n(rows, surge.into()));
        let shares =
            std::iter::once((From::Past, hyper.recall * rows)).chain(recent.map(|rows| (From::Recent, rows)));
        let done = shares
            .filter(|(_, rows)| *rows > 0.0)
            .try_for_each(|(from, rows)| self.learn_again(from, rows, &mut step));
        self.reservoir.remember(batch, hyper.replay_depth, &mut self.rng);
        self.past.pass(batch.len());
        done
    }

    fn learn_again<E>(
        &mut self,
        from: From,
        rows: f32,
        mut step: impl FnMut(&[f32], &[f32], &mut Pcg64) -> Result<f32, E>,
    ) -> Result<(), E> {
        let mut again = self.again.take();
        match from {
            From::Recent => self.reservoir.draw(rows, &mut self.rng, &mut again),
            From::Past => self.past.draw(rows, &mut self.rng, &mut again),
        }
        let done = if again.len() == 0 {
            Ok(())
        } else {
            step(again.rows(), again.goals(), &mut self.rng).map(drop)
        };
        self.again.reuse(again);
        done
    }

    /// Hears the share of wrong answers to new rows. A surge begins with no rows kept: those from before the drift
    /// would say the opposite.
    pub fn notice(&mut self, hyper: &Hyper, wrong: f32, rows: usize) {
        if hyper.surge == 0 {
            return;
        }
        let keeps = hyper.replay > 0.0 || hyper.recall > 0.0;
        match self.surge.observe(wrong, rows) {
            Some(Turn::Begins) => {
                self.drifted(hyper);
                self.reservoir.truncate(0);
            }
            Some(Turn::Ends) if !keeps => self.reservoir = Examples::new(self.pending.inputs()),
            Some(Turn::Ends) | None => {}
        }
    }

    /// The world has changed: rows from before are kept, if they are to be learned again.
    pub fn drifted(&mut self, hyper: &Hyper) {
        if hyper.recall > 0.0 {
            self.past.remember(&self.reservoir, &mut self.rng);
        }
    }

    /// Whether the next row is a step of its own, as it is, and nothing else is in it.
    pub fn steps_at_once(&self, hyper: &Hyper) -> bool {
        let again = hyper.replay > 0.0 || hyper.recall > 0.0 || self.surge.under_way();
        hyper.batch <= 1 && !again && !hyper.hardens() && self.pending.len() == 0
    }
}
