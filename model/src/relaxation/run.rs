//! Run: one relaxation from its first step to its answer.
//!
//! Lives here: who steps when, and what is kept for the case that it becomes sharp. Does not live here: the function
//! (that is [`super::mixed`]), the choice at the end (that is [`super::selection`]).

use candle_core::{Device, Tensor};
use rand_pcg::Pcg64;

use super::estimator::Draw;
use super::mixed::{Mixed, Slopes};
use super::rows::{Batch, Rows};
use super::shares::{Shares, entropy};
use super::{Edge, EdgeStrengths, Estimator, Levels, Operation, Settings, Strengths, curvature, selection};
use crate::architecture::Optimiser;
use crate::error::ModelError;
use crate::network::Network;
use crate::optimiser::{Descent, Rule};
use crate::program::gradient_norm_max;

/// Share of the steps in which only weights learn: shares would follow weights that say nothing yet.
const WARM_UP: f64 = 0.25;
/// How often the curvature is looked at.
const LOOKS: usize = 12;
/// Rows of a look: always the same, so that what changes is the network.
const LOOK_ROWS: usize = 128;
/// Draws that variances are taken over.
const VARIANCE_DRAWS: usize = 8;

/// A relaxation under way.
pub(super) struct Run {
    pub edges: Vec<Edge>,
    pub settings: Settings,
    pub shares: Vec<Shares>,
    pub rows: Rows,
    mixed: Mixed,
    descent: Descent,
    rng: Pcg64,
    device: Device,
    /// Numbers of a row.
    width: usize,
    /// The largest curvatures, and the shares they were found at.
    looks: Vec<(f64, Vec<Shares>)>,
    stopped_at: Option<usize>,
}

impl Run {
    /// Before its first step.
    pub fn new(
        parent: &Network,
        edges: &[Edge],
        rows: Rows,
        class_weights: &[f32],
        settings: Settings,
        mut rng: Pcg64,
    ) -> Result<Self, ModelError> {
        let device = parent.device().device;
        let (mixed, flat) = Mixed::new(parent, edges, class_weights, &mut rng)?;
        let moments = vec![0.0; flat.len()];
        let rule = Rule { optimiser: Optimiser::AdamW, step_size: settings.step_size, weight_decay: 0.0 };
        Ok(Self {
            shares: edges.iter().map(|Edge(operations)| Shares::even(operations.len())).collect(),
            edges: edges.to_vec(),
            width: parent.shape().seen(parent.architecture()),
            descent: Descent::new(rule, 0, [&flat, &moments, &moments], &device)?,
            rows,
            settings,
            mixed,
            rng,
            device,
            looks: Vec::new(),
            stopped_at: None,
        })
    }

    /// All of it.
    pub fn strengths(mut self) -> Result<Strengths, ModelError> {
        if self.edges.is_empty() {
            return Ok(self.answer(Vec::new(), [0.0; 2]));
        }
        self.learn()?;
        let variances = self.variances()?;
        let edges = selection::select(&mut self)?;
        Ok(self.answer(edges, variances))
    }

    fn answer(&self, edges: Vec<EdgeStrengths>, variances: [f64; 2]) -> Strengths {
        let count = self.edges.len().max(1) as f64;
        let skips = |(Edge(operations), one): (&Edge, &EdgeStrengths)| -> f64 {
            let skip = |(operation, _): &(&Operation, &f64)| matches!(operation, Operation::Skip);
            operations.iter().zip(&one.shares).filter(skip).map(|(_, share)| share).sum()
        };
        Strengths {
            skip_share: self.edges.iter().zip(&edges).map(skips).sum::<f64>() / count,
            entropy: edges.iter().map(|one| entropy(&one.shares)).sum::<f64>() / count,
            curvatures: self.looks.iter().map(|(value, _)| *value).collect(),
            stopped_at: self.stopped_at,
            variances,
            edges,
        }
    }

    fn learn(&mut self) -> Result<(), ModelError> {
        let Settings { steps, weight_steps, watch, .. } = self.settings;
        let warm_up = (steps as f64 * WARM_UP) as usize;
        let every = ((steps - warm_up) / LOOKS).max(1);
        for step in 0..steps {
            let beta = self.beta(step);
            for _ in 0..weight_steps {
                self.weight_step(None, beta)?;
            }
            if step < warm_up {
                continue;
            }
            self.share_step(beta)?;
            if (step + 1 - warm_up).is_multiple_of(every) {
                self.look(beta)?;
                let values: Vec<f64> = self.looks.iter().map(|(value, _)| *value).collect();
                if let Some(back) = curvature::became_sharp(&values).filter(|_| watch) {
                    self.shares = self.looks[self.looks.len() - 1 - back].1.clone();
                    self.stopped_at = Some(step + 1 - back * every);
                    break;
                }
            }
        }
        Ok(())
    }

    /// What the auxiliary skip counts for at this step: from one to nothing.
    fn beta(&self, step: usize) -> f64 {
        if self.settings.auxiliary_skip { 1.0 - step as f64 / self.settings.steps as f64 } else { 0.0 }
    }

    /// Shares of now.
    pub fn mixing(&self) -> Vec<Vec<f64>> {
        self.shares.iter().map(Shares::shares).collect()
    }

    /// The weights follow one mini-batch; mixed like this, or as the estimator draws.
    pub fn weight_step(&mut self, mixing: Option<&[Vec<f64>]>, beta: f64) -> Result<(), ModelError> {
        let taught = self.rows.taught();
        let until = match self.settings.levels {
            Levels::Single => taught.end,
            Levels::Two => taught.end / 2,
        };
        let batch = self.rows.drawn(0..until, self.settings.batch, &mut self.rng, &self.device)?;
        let drawn: Vec<Vec<f64>> = match mixing {
            Some(mixing) => mixing.to_vec(),
            None => self.draws(self.settings.estimator).into_iter().map(|draw| draw.mixing).collect(),
        };
        let Slopes { loss, weights, .. } =
            self.mixed.slopes(&self.descent.weights()?, &batch, &drawn, beta)?;
        let norm = self.descent.step(&weights, gradient_norm_max(self.width), &[], self.width)?;
        let step = self.descent.steps();
        if !loss.is_finite() {
            return Err(ModelError::Diverged { step, quantity: "the loss of a relaxation" });
        }
        if !norm.is_finite() {
            return Err(ModelError::Diverged { step, quantity: "the gradient of a relaxation" });
        }
        Ok(())
    }

    fn share_step(&mut self, beta: f64) -> Result<(), ModelError> {
        let taught = self.rows.taught();
        let from = match self.settings.levels {
            Levels::Single => 0,
            Levels::Two => taught.end / 2,
        };
        let batch = self.rows.drawn(from..taught.end, self.settings.batch, &mut self.rng, &self.device)?;
        let slopes = self.share_slopes(&batch, beta)?;
        for (shares, slopes) in self.shares.iter_mut().zip(&slopes) {
            shares.step(self.settings.update, slopes);
        }
        Ok(())
    }

    /// Slopes at the logits of the shares, one list an edge.
    fn share_slopes(&mut self, batch: &Batch, beta: f64) -> Result<Vec<Vec<f64>>, ModelError> {
        let estimator = self.settings.estimator;
        let draws = self.draws(estimator);
        let mixing: Vec<Vec<f64>> = draws.iter().map(|draw| draw.mixing.clone()).collect();
        let slopes = self.mixed.slopes(&self.descent.weights()?, batch, &mixing, beta)?.mixing;
        Ok(self.through(estimator, &draws, &slopes))
    }

    fn draws(&mut self, estimator: Estimator) -> Vec<Draw> {
        let shares = self.mixing();
        shares.iter().map(|shares| estimator.draw(shares, &mut self.rng)).collect()
    }

    fn through(&mut self, estimator: Estimator, draws: &[Draw], slopes: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let shares = self.mixing();
        let edges = shares.iter().zip(draws).zip(slopes);
        edges.map(|((shares, draw), slopes)| estimator.slopes(shares, draw, slopes, &mut self.rng)).collect()
    }

    fn looked_at(&self) -> Result<Batch, ModelError> {
        self.rows.batch(self.rows.held_out().take(LOOK_ROWS), &self.device)
    }

    fn look(&mut self, beta: f64) -> Result<(), ModelError> {
        let batch = self.looked_at()?;
        let sizes: Vec<usize> = self.edges.iter().map(|Edge(operations)| operations.len()).collect();
        let (mixed, shares, weights) = (&self.mixed, &self.shares, self.descent.weights()?);
        let value = curvature::largest(sizes.iter().sum(), &mut self.rng, |by| {
            let mut rest = by;
            let mut moved = Vec::with_capacity(shares.len());
            for (shares, size) in shares.iter().zip(&sizes) {
                let (own, after) = rest.split_at(*size);
                moved.push(shares.moved(own));
                rest = after;
            }
            let slopes = mixed.slopes(&weights, &batch, &moved, beta)?.mixing;
            let pairs = moved.iter().zip(&slopes);
            Ok(pairs.flat_map(|(shares, slopes)| super::estimator::through_softmax(shares, slopes)).collect())
        })?;
        self.looks.push((value, self.shares.clone()));
        Ok(())
    }

    /// Variance of the slopes over draws on the same rows: by a plain draw, and by Rao-Blackwell.
    fn variances(&mut self) -> Result<[f64; 2], ModelError> {
        let batch = self.looked_at()?;
        let mut found: [Vec<Vec<f64>>; 2] = [Vec::new(), Vec::new()];
        for _ in 0..VARIANCE_DRAWS {
            let draws = self.draws(Estimator::Gumbel);
            let mixing: Vec<Vec<f64>> = draws.iter().map(|draw| draw.mixing.clone()).collect();
            let slopes = self.mixed.slopes(&self.descent.weights()?, &batch, &mixing, 0.0)?.mixing;
            for (estimator, found) in [Estimator::Gumbel, Estimator::RaoBlackwell].iter().zip(&mut found) {
                found.push(self.through(*estimator, &draws, &slopes).concat());
            }
        }
        Ok(found.map(|slopes| variance(&slopes)))
    }

    /// Mean loss of the rows that nothing is learned from, mixed like this.
    pub fn held_out_loss(&self, mixing: &[Vec<f64>]) -> Result<f64, ModelError> {
        let batch = self.rows.batch(self.rows.held_out(), &self.device)?;
        let weights: Tensor = self.descent.weights()?;
        Ok(f64::from(self.mixed.loss(&weights, &batch, mixing, 0.0)?))
    }
}

/// Summed over the parts of the lists.
fn variance(lists: &[Vec<f64>]) -> f64 {
    let count = lists.len() as f64;
    let parts = lists.first().map_or(0, Vec::len);
    let of = |part: usize| {
        let mean = lists.iter().map(|list| list[part]).sum::<f64>() / count;
        lists.iter().map(|list| (list[part] - mean).powi(2)).sum::<f64>() / (count - 1.0)
    };
    (0..parts).map(of).sum()
}
