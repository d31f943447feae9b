//! Worker: what the child process does with one trial.
//!
//! Lives here: inherit, predict then learn over the recorded rows, mix, measure. May not: know
//! episodes, gates or Kafka; it turns one request into one reply.
//!
//! Candidates differ from the control in a member or two. What the control's members said of the stretch the
//! daemon knows, for they were there when it was live; each trial trains its new networks only. These
//! go over the stretch as they would have gone over it live: one row after the other, each with the labels of its time.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::ops::Range;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use model::growth::{Growth, Window};
use model::{
    Device, DeviceChoice, Learner, LearnerState, Mixed, Mixer, MixtureNetwork, ModelError, Morphism, Network,
    Origin, Output, Shape, Target, Truth,
};

use super::protocol::{self, Request, Stretch, Taught, Trial, TrialReply, TrialResult};

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

/// A new network that has gone over the stretch.
struct Run {
    /// Rows x outputs numbers, each row with the weights of its time.
    said: Vec<f32>,
    /// As it is at the end.
    learner: Learner,
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
        let mut children = children(trial, stretch, &self.device)?;
        let mixer = stretch.start.mixer.inherit(&trial.edit.parents());
        let (losses, mixer) = mixed(stretch, &said(stretch, trial, &children), mixer);
        let mut result = TrialResult {
            number: trial.number,
            losses,
            children: Vec::new(),
            compute_seconds: Vec::new(),
            bytes: stretch.start.mixture().edited(&trial.edit).cost(shape(stretch)).bytes,
        };
        if trial.keep {
            children.iter_mut().try_for_each(|child| catch_up(stretch, &mut child.learner))?;
            result.children = children.iter().map(|child| child.learner.state()).collect::<Result<_, _>>()?;
        }
        if let Some(rows) = trial.compute_batch {
            let network = finished(stretch, trial, &children, mixer, &self.device)?;
            result.compute_seconds = compute_seconds(rows, stretch, &network)?;
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
    trial.edit.check(members)
}

/// The two ends of every network on the stretch.
fn shape(stretch: &Stretch) -> Shape {
    stretch.start.members.first().map_or(Shape::new(0, &stretch.target), LearnerState::shape)
}

/// The new networks of an edit over the stretch.
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
        runs.push(run(stretch, at, child)?);
    }
    Ok(runs)
}

/// What a member of the control had said of a row.
fn had_said(stretch: &Stretch, row: usize, member: usize) -> &[f32] {
    let outputs = stretch.target.outputs();
    let at = (row * stretch.start.members.len() + member) * outputs;
    &stretch.said[at..at + outputs]
}

/// Predicts each row, then learns the one that has matured by then. When the first rows came there was no child yet:
/// what its parent said counts for it, as it does for one that joins the pool.
fn run(stretch: &Stretch, parent: usize, mut learner: Learner) -> Result<Run, ModelError> {
    let shape = learner.shape();
    let (inputs, rows) = (shape.inputs, stretch.goals.len());
    let gap = stretch.gap.min(rows);
    let encoded = |rows: Range<usize>| &stretch.encoded[rows.start * inputs..rows.end * inputs];
    let mut said = Vec::with_capacity(rows * shape.outputs);
    (0..gap).for_each(|row| said.extend_from_slice(had_said(stretch, row, parent)));
    let mut own = Vec::new();
    for (matured, row) in (gap..rows).enumerate() {
        learner.predict_into(encoded(row..row + 1), &mut own)?;
        said.extend_from_slice(&own);
        learner.learn(encoded(matured..matured + 1), &stretch.goals[matured..=matured])?;
    }
    Ok(Run { said, learner })
}

/// The labels of the last rows are known by now: who is wanted leaves as fresh as the control is.
fn catch_up(stretch: &Stretch, learner: &mut Learner) -> Result<(), ModelError> {
    let (inputs, rows) = (learner.shape().inputs, stretch.goals.len());
    let known = rows - stretch.gap.min(rows);
    learner.learn(&stretch.encoded[known * inputs..], &stretch.goals[known..])
}

/// What the members of the edited mixture said: rows x members x outputs numbers.
fn said(stretch: &Stretch, trial: &Trial, children: &[Run]) -> Vec<f32> {
    let outputs = stretch.target.outputs();
    let mut said = Vec::with_capacity(stretch.goals.len() * trial.edit.0.len() * outputs);
    for row in 0..stretch.goals.len() {
        let mut children = children.iter();
        for origin in &trial.edit.0 {
            said.extend_from_slice(match origin {
                Origin::Kept(at) => had_said(stretch, row, *at),
                Origin::Child { .. } => {
                    let child = children.next().expect("each child has run");
                    &child.said[row * outputs..(row + 1) * outputs]
                }
            });
        }
    }
    said
}

/// Loss of the mix on each row that counts; the mix learns whom to trust as labels mature.
fn mixed(stretch: &Stretch, said: &[f32], mut mixer: Mixer) -> (Vec<f32>, Mixer) {
    let (shape, outputs) = (shape(stretch), stretch.target.outputs());
    let said: Vec<&[f32]> = said.chunks_exact(mixer.members() * outputs).collect();
    let mut losses = Vec::with_capacity(said.len());
    let mut waiting: VecDeque<(usize, Mixed)> = VecDeque::new();
    for (row, own) in said.iter().enumerate() {
        let mixed = mixer.mix(own, shape);
        mixer.hear(&mixed, shape);
        losses.push(loss(&stretch.target, mixed.output(outputs), stretch.goals[row]) as f32);
        waiting.push_back((row, mixed));
        if waiting.len() > stretch.gap
            && let Some((row, mixed)) = waiting.pop_front()
        {
            mixer.observe(said[row], &mixed, stretch.goals[row], stretch.gap as u64, shape);
        }
    }
    losses.drain(..stretch.score_from);
    (losses, mixer)
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
