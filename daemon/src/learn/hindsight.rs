//! Hindsight: at the end of a window, what has learned until it began is asked about its rows and about rows of before.
//!
//! Lives here: which rows, and what both said of them. May not: find a drift in that (that is [`policies::detect`]).

use model::{Pool, Truth};
use policies::detect::Gains;

use super::history::Recent;
use super::{Learn, LearnError};
use crate::trials::worker;

/// Rows with what the frozen copy lost on each.
#[derive(Default)]
struct Known {
    encoded: Vec<f32>,
    truths: Vec<Truth>,
    lost: Vec<f64>,
}

impl Learn {
    /// Where the frozen copy had answered both, a row of this window is compared with one of before.
    pub(super) fn look_back(&mut self) -> Result<(), LearnError> {
        let Some(learned) = self.state.history.before_window().cloned() else { return Ok(()) };
        let pairs: Vec<(Recent, Recent)> = self.state.history.then_and_now().collect();
        let mut known = Known::default();
        for (before, now) in pairs {
            self.recall_pair(&[before, now], &mut known);
        }
        if known.truths.is_empty() {
            return Ok(());
        }
        let (pool, arm) = Pool::of_arm(learned, &self.device)?;
        let said = pool.freeze(&arm)?.predict(&known.encoded)?;
        let (target, outputs) = (self.rules.config.schema.target().clone(), pool.shape().outputs);
        let rows = said.chunks_exact(outputs).zip(&known.truths).zip(&known.lost);
        let gained = |((said, truth), lost): ((&[f32], &Truth), &f64)| {
            lost - worker::loss(&target, said, self.state.encoder.goal(truth))
        };
        let gains: Vec<f64> = rows.map(gained).collect();
        for pair in gains.chunks_exact(2) {
            if let Some(alarm) = self.state.panel.look_back(&Gains { before: pair[0], now: pair[1] }) {
                // Afterwards there is another copy.
                return self.noticed(&[alarm]);
            }
        }
        Ok(())
    }

    /// Both rows or none: neither if one is gone, or another copy had answered it.
    fn recall_pair(&mut self, pair: &[Recent; 2], known: &mut Known) {
        let mut found = Vec::with_capacity(pair.len());
        for outcome in pair {
            let Some((row, prediction)) = self.recorded(outcome.place) else { return };
            if prediction.outcomes_before < self.state.anchored {
                return;
            }
            found.push((row, prediction.answers.reference));
        }
        let scale = self.state.encoder.scale();
        for (outcome, (row, reference)) in pair.iter().zip(found) {
            self.append(&row, &outcome.context, &mut known.encoded);
            known.truths.push(outcome.truth);
            known.lost.push(model::bounded(
                self.rules.config.schema.target(),
                &reference,
                &outcome.truth,
                scale,
            ));
        }
    }
}
