//! Course: an edited mixture goes over a stretch, row by row, as it would have gone over it live.
//!
//! Lives here: predicting before learning, mixing as labels mature, and giving up what is surely worse than the control. May not:
//! make new networks, or measure time.

use std::collections::VecDeque;
use std::ops::Range;

use model::{Edit, Learner, Mixed, Mixer, ModelError, Origin};
use policies::search::Rejection;

use super::{loss, shape};
use crate::trials::protocol::{Rejecting, Stretch, Trial};

/// Rows that all new networks go over before they are mixed, and looked at.
const ROWS_AT_ONCE: usize = 50;

/// A new network on its way over the stretch.
pub(super) struct Run {
    /// Its place among the control's members before.
    parent: usize,
    /// Numbers a row, each row with the weights of its time.
    said: Vec<f32>,
    /// As it is by now.
    pub(super) learner: Learner,
}

/// A mixture on its way over the stretch.
pub(super) struct Mixing {
    /// What its members said: rows x members x outputs numbers.
    said: Vec<f32>,
    pub(super) mixer: Mixer,
    /// Rows whose labels have not arrived.
    waiting: VecDeque<(usize, Mixed)>,
    /// Loss of the mix on each row.
    pub(super) losses: Vec<f32>,
}

impl Run {
    pub(super) fn new(parent: usize, learner: Learner) -> Self {
        Self { parent, said: Vec::new(), learner }
    }

    /// Predicts each row, then learns the one that has matured by then. When the first rows came there was no child yet:
    /// what its parent said counts for it, as it does for one that joins the pool.
    fn go_on(&mut self, stretch: &Stretch, rows: Range<usize>) -> Result<(), ModelError> {
        let inputs = self.learner.shape().inputs;
        let encoded = |row: usize| &stretch.encoded[row * inputs..(row + 1) * inputs];
        let mut own = Vec::new();
        for row in rows {
            let Some(matured) = row.checked_sub(stretch.gap) else {
                self.said.extend_from_slice(had_said(stretch, row, self.parent));
                continue;
            };
            self.learner.predict_into(encoded(row), &mut own)?;
            self.said.extend_from_slice(&own);
            self.learner.learn(encoded(matured), &stretch.goals[matured..=matured])?;
        }
        Ok(())
    }
}

impl Mixing {
    pub(super) fn new(mixer: Mixer) -> Self {
        Self { said: Vec::new(), mixer, waiting: VecDeque::new(), losses: Vec::new() }
    }

    /// Mixes what the members said of further rows, in the order of this edit; the mix learns whom to trust as labels mature.
    fn go_on(&mut self, stretch: &Stretch, edit: &Edit, children: &[Run], rows: Range<usize>) {
        let (shape, outputs) = (shape(stretch), stretch.target.outputs());
        let width = self.mixer.members() * outputs;
        for row in rows {
            say(stretch, edit, children, row, &mut self.said);
            let of_row = |row: usize| row * width..(row + 1) * width;
            let mixed = self.mixer.mix(&self.said[of_row(row)], shape);
            self.mixer.hear(&mixed, shape);
            self.losses.push(loss(&stretch.target, mixed.output(outputs), stretch.goals[row]) as f32);
            self.waiting.push_back((row, mixed));
            if self.waiting.len() > stretch.gap
                && let Some((row, mixed)) = self.waiting.pop_front()
            {
                let said = &self.said[of_row(row)];
                self.mixer.observe(said, &mixed, stretch.goals[row], stretch.gap as u64, shape);
            }
        }
    }
}

/// The edited mixture over the whole stretch, or until it is surely worse than the control; whether it was.
pub(super) fn go_over(
    stretch: &Stretch,
    trial: &Trial,
    children: &mut [Run],
    mixing: &mut Mixing,
) -> Result<bool, ModelError> {
    let mut against = trial.rejection.map(|rejecting| Against::new(stretch, rejecting));
    let rows = stretch.goals.len();
    for from in (0..rows).step_by(ROWS_AT_ONCE) {
        let rows = from..rows.min(from + ROWS_AT_ONCE);
        children.iter_mut().try_for_each(|child| child.go_on(stretch, rows.clone()))?;
        mixing.go_on(stretch, &trial.edit, children, rows.clone());
        if against.as_mut().is_some_and(|against| against.is_worse(stretch, &mixing.losses, rows)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The control on the same rows, and how much worse a trial is.
struct Against {
    control: Mixing,
    edit: Edit,
    loss_max: f64,
    rejection: Rejection,
}

impl Against {
    fn new(stretch: &Stretch, Rejecting { alpha, loss_max }: Rejecting) -> Self {
        Self {
            control: Mixing::new(stretch.start.mixer.clone()),
            edit: Edit::none(stretch.start.members.len()),
            loss_max,
            // Losses are from nought to one.
            rejection: Rejection::new(alpha, 1.0),
        }
    }

    /// Takes in further rows, of which those count that are scored.
    fn is_worse(&mut self, stretch: &Stretch, losses: &[f32], rows: Range<usize>) -> bool {
        self.control.go_on(stretch, &self.edit, &[], rows.clone());
        let scored = rows.start.max(stretch.score_from).min(rows.end)..rows.end;
        for (control, loss) in self.control.losses[scored.clone()].iter().zip(&losses[scored]) {
            let gain = f64::from(*control) - f64::from(*loss);
            self.rejection.observe(gain + self.loss_max);
            if self.rejection.is_worse() {
                return true;
            }
        }
        false
    }
}

/// What a member of the control had said of a row.
fn had_said(stretch: &Stretch, row: usize, member: usize) -> &[f32] {
    let outputs = stretch.target.outputs();
    let at = (row * stretch.start.members.len() + member) * outputs;
    &stretch.said[at..at + outputs]
}

/// Appends what the members of the edited mixture said of a row: members x outputs numbers.
fn say(stretch: &Stretch, edit: &Edit, children: &[Run], row: usize, said: &mut Vec<f32>) {
    let outputs = stretch.target.outputs();
    let mut children = children.iter();
    for origin in &edit.0 {
        said.extend_from_slice(match origin {
            Origin::Kept(at) => had_said(stretch, row, *at),
            Origin::Child { .. } => {
                let child = children.next().expect("each child goes over the same rows");
                &child.said[row * outputs..(row + 1) * outputs]
            }
        });
    }
}
