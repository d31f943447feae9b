//! Slices: smaller networks within those that serve, which are there without a trial.
//!
//! Lives here: what they lose on the last labelled rows, as trials would have shown it. May not: judge them, choose.
//!
//! A slice has learned these rows, as the whole network has: as far as that has learned them better, what a slice loses is told
//! too large.

use std::sync::Arc;

use model::{
    Architecture, Cost, Edit, Learner, LearnerState, Mixture, MixtureNetwork, Network, Origin, Slice,
};
use policies::detect::Saving;
use policies::search::Placement;

use super::flight::Landed;
use super::measure::Source;
use super::{Learn, LearnError};
use crate::lifecycle;
use crate::trials::protocol::TrialResult;
use crate::trials::worker::{MEASURE_REPEATS, loss, time_batches};

/// The windows on which slices are compared before they are tried.
const COMPARED_WINDOWS: usize = 1;

/// A slice that is tried, and what it lost within its network.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    edit: Edit,
    loss: f64,
}

/// Labelled rows as networks see them.
struct Rows {
    encoded: Vec<f32>,
    goals: Vec<f32>,
}

impl Learn {
    /// What can be said at once of the slices that save something, as if their trials had landed; none where no member that
    /// serves is elastic, or nothing is labelled yet.
    pub(super) fn slices_landed(
        &mut self,
        saving: Saving,
        windows: usize,
    ) -> Result<Option<Landed>, LearnError> {
        let (mixture, weights) = (self.arms.mixture()?, self.arms.control.mixer().weights());
        let edits = lifecycle::slices(&mixture, &weights, self.arms.pool.shape(), saving.resource);
        let Some(rows) = self.labelled(windows).filter(|_| !edits.is_empty()) else { return Ok(None) };
        let members = self.arms.pool.arm_state(&self.arms.control)?.members;
        let control = self.arms.pool.freeze(&self.arms.control)?;
        let none = Edit::none(mixture.members.len());
        let beside = self.slice_result(&none, &control, &members, &rows)?;
        let mut results = Vec::with_capacity(edits.len());
        for edit in &edits {
            let compute_seconds = self.slice_seconds(&cut(&control, edit)?)?;
            let result = self.slice_result(edit, &control, &members, &rows)?;
            results.push(Some(TrialResult { compute_seconds, ..result }));
        }
        Ok(Some(Landed {
            candidates: edits.into_iter().enumerate().collect(),
            control: Some(beside),
            learned: self.state.history.pushed(),
            schema: Arc::clone(&self.rules.config.schema),
            results,
        }))
    }

    fn slice_result(
        &mut self,
        edit: &Edit,
        control: &MixtureNetwork,
        members: &[LearnerState],
        rows: &Rows,
    ) -> Result<TrialResult, LearnError> {
        let network = cut(control, edit)?;
        let seed = self.rules.config.seed ^ self.state.number();
        let child = |(parent, architecture)| -> Result<LearnerState, LearnError> {
            let parent: &LearnerState = &members[parent];
            Ok(Learner::restore(parent.clone(), &self.device)?.inherit(architecture, seed)?.state()?)
        };
        Ok(TrialResult {
            number: 0,
            losses: self.losses(&network, rows)?,
            rejected: false,
            children: edit.children().map(child).collect::<Result<_, _>>()?,
            compute_seconds: Vec::new(),
            bytes: network.cost().bytes,
            robust_loss: None,
            strengths: None,
        })
    }

    /// Times of a batch on this machine; none where costs are estimated.
    fn slice_seconds(&self, network: &MixtureNetwork) -> Result<Vec<f64>, LearnError> {
        if self.cost_source() == Source::Estimated {
            return Ok(Vec::new());
        }
        let batch = vec![0.0; self.rules.config.budget.compute_batch * network.shape().inputs];
        Ok(time_batches(MEASURE_REPEATS, || network.predict(&batch).map(drop))?)
    }

    /// Slices of the member that counts most, each in its place: the ones that look best where that can be believed, or else some
    /// of all sizes.
    pub(super) fn slices_of(&mut self, mixture: &Mixture, place: Placement) -> Result<Vec<Edit>, LearnError> {
        self.slices_tried.clear();
        let whole = &mixture.members[place.parent];
        let mut slices: Vec<Architecture> =
            Slice::all(whole).into_iter().map(|slice| slice.of(whole)).collect();
        slices.sort_by_key(|slice| Cost::of(slice, self.arms.pool.shape()).macs);
        let members = mixture.members.len();
        let edits: Vec<Edit> = slices.into_iter().map(|slice| place.shrink(members, slice)).collect();
        let Some(rows) = self.labelled(COMPARED_WINDOWS).filter(|_| !edits.is_empty()) else {
            return Ok(Vec::new());
        };
        let control = self.arms.pool.freeze(&self.arms.control)?;
        let mut losses = Vec::with_capacity(edits.len());
        for edit in &edits {
            let of_rows = self.losses(&cut(&control, edit)?, &rows)?;
            losses.push(of_rows.iter().copied().map(f64::from).sum::<f64>() / of_rows.len() as f64);
        }
        let tried = self.state.faithfulness.tried(&losses);
        let tried = tried.into_iter().map(|at| Tried { edit: edits[at].clone(), loss: losses[at] });
        self.slices_tried = tried.collect();
        Ok(self.slices_tried.iter().map(|tried| tried.edit.clone()).collect())
    }

    /// Who was tried on the first rung says whether the order of slices is that of the networks they become.
    pub(super) fn compare_slices(&mut self, rung: usize, landed: &Landed) {
        if rung > 0 {
            return;
        }
        let tried = std::mem::take(&mut self.slices_tried);
        let both = |(at, (_, edit)): (usize, &(usize, Edit))| {
            let within = tried.iter().find(|tried| tried.edit == *edit)?.loss;
            Some((within, -landed.gain(at)?))
        };
        let losses: Vec<(f64, f64)> = landed.candidates.iter().enumerate().filter_map(both).collect();
        self.state.faithfulness.compare(&losses);
    }

    /// The labelled rows of the last windows, newest last; none before there are as many.
    fn labelled(&mut self, windows: usize) -> Option<Rows> {
        let outcomes = self.state.history.reach(windows)?.outcomes;
        let mut rows = Rows { encoded: Vec::new(), goals: Vec::new() };
        for (outcome, _) in &outcomes {
            self.recall(outcome, &mut rows.encoded, &mut rows.goals);
        }
        (!rows.goals.is_empty()).then_some(rows)
    }

    /// The bounded loss on each row.
    fn losses(&self, network: &MixtureNetwork, rows: &Rows) -> Result<Vec<f32>, LearnError> {
        let target = self.rules.config.schema.target();
        let said = network.predict(&rows.encoded)?;
        let answers = said.chunks_exact(network.shape().outputs).zip(&rows.goals);
        Ok(answers.map(|(output, goal)| loss(target, output, *goal) as f32).collect())
    }
}

/// The mixture of an edit whose new networks are slices of those they come from.
fn cut(control: &MixtureNetwork, edit: &Edit) -> Result<MixtureNetwork, LearnError> {
    let member = |origin: &Origin| -> Result<Network, LearnError> {
        let whole = &control.members()[origin.parent()];
        Ok(match origin {
            Origin::Kept(_) => whole.clone(),
            Origin::Child { architecture, .. } => {
                let slice = Slice::between(whole.architecture(), architecture);
                whole.sliced(slice.expect("only slices are asked for"))?
            }
        })
    };
    let members = edit.0.iter().map(member).collect::<Result<_, _>>()?;
    Ok(MixtureNetwork::new(members, control.mixer().inherit(&edit.parents()))?)
}

#[cfg(test)]
mod tests;
