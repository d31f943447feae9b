//! Worker: what the child process does with one trial.
//!
//! Lives here: inherit, predict then learn over the recorded rows, mix, measure. May not: know
//! episodes, gates or Kafka; it turns one request into one reply.
//!
//! Candidates differ from the control in a member or two. What the control's members said of the stretch the
//! daemon knows, for they were there when it was live; each trial trains its new networks only. These
//! go over the stretch as they would have gone over it live: one row after the other, each with the labels of its time.

use std::io::{Read, Write};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use model::growth::{Growth, Window};
use model::{
    Device, DeviceChoice, Learner, LearnerState, Mixer, MixtureNetwork, ModelError, Morphism, Network,
    Origin, Output, Shape, Target, Truth,
};

use super::protocol::{self, Request, Stretch, Taught, Trial, TrialReply, TrialResult};

mod course;
mod relaxed;
mod robust;

use course::{Mixing, Run, go_over};

/// Repetitions when compute time is measured, after the warm-up.
/// Enough that the bound of the p99 is not the worst single run, which the scheduler decides.
pub const MEASURE_REPEATS: usize = 2_000;
/// Repetitions before, not counted.
const WARM_UP_REPEATS: usize = 20;
/// Steps of distillation after an edit that changes the function.
const DISTIL_STEPS: usize = 200;

/// Answers requests until the pipe closes.
pub fn serve(from: &mut impl Read, to: &mut impl Write, device: DeviceChoice) -> anyhow::Result<()> {
    let mut worker = Worker { device: device.open()?, stretch: None };
    while let Some(request) = protocol::read::<Request>(from)? {
        let Some(reply) = worker.answer(request) else { continue };
        match protocol::write(to, &reply) {
            // The daemon has gone; nobody is left to hear a complaint.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => break,
            other => other?,
        }
    }
    Ok(())
}

struct Worker {
    device: Device,
    stretch: Option<Arc<Stretch>>,
}

impl Worker {
    /// One reply to a trial, also when it panics; none to a stretch.
    fn answer(&mut self, request: Request) -> Option<TrialReply> {
        let trial = match request {
            Request::Stretch(stretch) => {
                self.stretch = Some(stretch);
                return None;
            }
            Request::Trial(trial) => trial,
        };
        let ran = std::panic::catch_unwind(AssertUnwindSafe(|| self.run(&trial)));
        Some(match ran {
            Ok(Ok(result)) => TrialReply::Done(Box::new(result)),
            Ok(Err(error)) => TrialReply::failed(trial.number, error.to_string()),
            Err(_) => TrialReply::failed(trial.number, "the trial panicked; see the worker's log".into()),
        })
    }

    fn run(&self, trial: &Trial) -> Result<TrialResult, ModelError> {
        let stretch = self.stretch.as_deref();
        let stretch = stretch.ok_or_else(|| ModelError::Sample("a trial came before its stretch".into()))?;
        check(stretch, trial)?;
        if let Some(relaxing) = &trial.relaxing {
            return relaxed::asked(stretch, trial, relaxing, &self.device);
        }
        let mut children = children(trial, stretch, &self.device)?;
        let mut mixing = Mixing::new(stretch.start.mixer.inherit(&trial.edit.parents()));
        let rejected = go_over(stretch, trial, &mut children, &mut mixing)?;
        let mut result = TrialResult {
            number: trial.number,
            losses: mixing.losses.split_off(stretch.score_from.min(mixing.losses.len())),
            rejected,
            children: Vec::new(),
            compute_seconds: Vec::new(),
            bytes: stretch.start.mixture().edited(&trial.edit).cost(shape(stretch)).bytes,
            robust_loss: None,
            strengths: None,
        };
        if rejected {
            return Ok(result);
        }
        if trial.keep || trial.stressing.is_some() {
            children.iter_mut().try_for_each(|child| catch_up(stretch, &mut child.learner))?;
        }
        if trial.keep {
            result.children = children.iter().map(|child| child.learner.state()).collect::<Result<_, _>>()?;
        }
        if trial.compute_batch.is_none() && trial.stressing.is_none() {
            return Ok(result);
        }
        let network = finished(stretch, trial, &children, mixing.mixer, &self.device)?;
        if let Some(rows) = trial.compute_batch {
            result.compute_seconds = compute_seconds(rows, stretch, &network)?;
        }
        if let Some(stressing) = &trial.stressing {
            result.robust_loss = robust::loss(stretch, stressing, &network)?;
        }
        Ok(result)
    }
}

/// Refuses what does not fit together.
fn check(stretch: &Stretch, trial: &Trial) -> Result<(), ModelError> {
    let (rows, members) = (stretch.goals.len(), stretch.start.members.len());
    let whole = stretch.encoded.len() == rows * shape(stretch).inputs
        && stretch.said.len() == rows * members * stretch.target.outputs()
        && stretch.learned.len() == members
        && stretch.score_from <= rows;
    if !whole {
        return Err(ModelError::Sample("the parts of a stretch do not fit each other".into()));
    }
    let features = shape(stretch).features();
    if trial.stressing.iter().flat_map(|stressing| &stressing.numbers).any(|at| *at >= features) {
        return Err(ModelError::Sample(format!("a number beyond the {features} features is to be stressed")));
    }
    trial.edit.check(members)
}

/// The two ends of every network on the stretch.
fn shape(stretch: &Stretch) -> Shape {
    stretch.start.members.first().map_or(Shape::new(0, &stretch.target), LearnerState::shape)
}

/// The new networks of an edit, before the stretch.
fn children(trial: &Trial, stretch: &Stretch, device: &Device) -> Result<Vec<Run>, ModelError> {
    let mut runs = Vec::new();
    for (at, architecture) in trial.edit.children() {
        let parent = Learner::restore(stretch.start.members[at].clone(), device)?;
        // Nothing of the stretch itself is looked at: a child begins where the control does, and knows no more.
        let Taught { encoded, goals } = &stretch.before;
        let mut child =
            parent.grow(architecture, Window { encoded, goals }, Growth::default(), trial.seed)?;
        let path = Morphism::path(parent.architecture(), architecture);
        if !path.iter().all(Morphism::preserves_function) && !goals.is_empty() {
            child.distil(&parent.freeze()?, encoded, DISTIL_STEPS)?;
        }
        runs.push(Run::new(at, child));
    }
    Ok(runs)
}

/// The labels of the last rows are known by now: who is wanted leaves as fresh as the control is.
fn catch_up(stretch: &Stretch, learner: &mut Learner) -> Result<(), ModelError> {
    let (inputs, rows) = (learner.shape().inputs, stretch.goals.len());
    let known = rows - stretch.gap.min(rows);
    learner.learn(&stretch.encoded[known * inputs..], &stretch.goals[known..])
}

/// The edited mixture with what everybody has learned by now.
fn finished(
    stretch: &Stretch,
    trial: &Trial,
    children: &[Run],
    mixer: Mixer,
    device: &Device,
) -> Result<MixtureNetwork, ModelError> {
    let (shape, mut children) = (shape(stretch), children.iter());
    let members = trial.edit.0.iter().map(|origin| match origin {
        Origin::Kept(at) => {
            let architecture = stretch.start.members[*at].architecture();
            Network::from_weights(architecture, shape, &stretch.learned[*at], device)
        }
        Origin::Child { .. } => children.next().expect("each child has run").learner.freeze(),
    });
    MixtureNetwork::new(members.collect::<Result<_, _>>()?, mixer)
}

/// Bounded loss in the network's own units: probabilities, or standardised numbers.
pub fn loss(target: &Target, output: &[f32], goal: f32) -> f64 {
    let truth = if target.is_classification() { Truth::Class(goal as u32) } else { Truth::Number(goal) };
    model::bounded(target, &Output(output.into()), &truth, 1.0)
}

/// Mean bounded loss, in the network's own units.
pub fn mean_loss(
    target: &Target,
    network: &MixtureNetwork,
    encoded: &[f32],
    goals: &[f32],
) -> Result<f64, ModelError> {
    let said = network.predict(encoded)?;
    let answers = said.chunks_exact(network.shape().outputs).zip(goals);
    let losses = answers.map(|(output, goal)| loss(target, output, *goal));
    Ok(losses.sum::<f64>() / goals.len().max(1) as f64)
}

fn compute_seconds(rows: usize, stretch: &Stretch, network: &MixtureNetwork) -> Result<Vec<f64>, ModelError> {
    let numbers = rows * network.shape().inputs;
    let batch: Vec<f32> = stretch.encoded.iter().copied().cycle().take(numbers).collect();
    time_batches(MEASURE_REPEATS, || network.predict(&batch).map(drop))
}

/// Times of one unit of work, warm.
pub fn time_batches(
    repeats: usize,
    mut unit: impl FnMut() -> Result<(), ModelError>,
) -> Result<Vec<f64>, ModelError> {
    for _ in 0..WARM_UP_REPEATS {
        unit()?;
    }
    (0..repeats)
        .map(|_| {
            let start = Instant::now();
            unit()?;
            Ok(start.elapsed().as_secs_f64())
        })
        .collect()
}
