//! Worker: what the child process does with one trial.
//!
//! Lives here: inherit, predict then learn over the recorded rows, mix, measure. May not: know
//! episodes, gates or Kafka; it turns one request into one reply.
//!
//! Candidates differ from the control in a member or two. What the control's members say of the stretch is
//! therefore computed once, and each trial trains its new networks only.

use std::io::{Read, Write};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use model::growth::{Growth, Window};
use model::{
    Device, DeviceChoice, Learner, Mixed, Mixer, MixtureNetwork, ModelError, Morphism, Origin, Output, Shape,
    Target, Truth,
};

use super::protocol::{self, Request, Stretch, Taught, Trial, TrialReply, TrialResult};

/// Rows predicted at once; never more than the gap, so no row is predicted by weights that saw its label.
const CHUNK_ROWS_MAX: usize = 32;
/// Repetitions when compute time is measured, after the warm-up.
/// Enough that the bound of the p99 is not the worst single run, which the scheduler decides.
pub const MEASURE_REPEATS: usize = 2_000;
/// Repetitions before, not counted.
const WARM_UP_REPEATS: usize = 20;
/// Steps of distillation after an edit that changes the function.
const DISTIL_STEPS: usize = 200;

/// Answers requests until the pipe closes.
pub fn serve(from: &mut impl Read, to: &mut impl Write, device: DeviceChoice) -> anyhow::Result<()> {
    let mut worker = Worker { device: device.open()?, stretch: None, control: None };
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
    /// The control over the stretch, once a trial has asked for it.
    control: Option<Vec<Run>>,
}

/// A network that has gone over the stretch.
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
                (self.stretch, self.control) = (Some(stretch), None);
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

    fn run(&mut self, trial: &Trial) -> Result<TrialResult, ModelError> {
        let stretch = self.stretch.clone();
        let stretch = stretch.ok_or_else(|| ModelError::Sample("a trial came before its stretch".into()))?;
        trial.edit.check(stretch.start.members.len())?;
        if self.control.is_none() {
            self.control = Some(control(&stretch, &self.device)?);
        }
        let control = self.control.as_deref().unwrap_or_default();
        let children = children(trial, &stretch, &self.device)?;
        let mut next_child = children.iter();
        let members: Vec<&Run> = trial
            .edit
            .0
            .iter()
            .filter_map(|origin| match origin {
                Origin::Kept(at) => control.get(*at),
                Origin::Child { .. } => next_child.next(),
            })
            .collect();
        let mixer = stretch.start.mixer.inherit(&trial.edit.parents());
        let (losses, mixer) = mixed(&stretch, &members, mixer);
        let frozen = members.iter().map(|member| member.learner.freeze()).collect::<Result<_, _>>()?;
        let network = MixtureNetwork::new(frozen, mixer)?;
        Ok(TrialResult {
            number: trial.number,
            losses,
            children: children.iter().map(|child| child.learner.state()).collect::<Result<_, _>>()?,
            compute_seconds: compute_seconds(trial.compute_batch, &stretch, &network)?,
            bytes: network.cost().bytes,
        })
    }
}

/// The control's members over the stretch.
fn control(stretch: &Stretch, device: &Device) -> Result<Vec<Run>, ModelError> {
    let member = |state: &model::LearnerState| run(stretch, Learner::restore(state.clone(), device)?);
    stretch.start.members.iter().map(member).collect()
}

/// The new networks of an edit over the stretch.
fn children(trial: &Trial, stretch: &Stretch, device: &Device) -> Result<Vec<Run>, ModelError> {
    let mut runs = Vec::new();
    for (parent, architecture) in trial.edit.children() {
        let parent = Learner::restore(stretch.start.members[parent].clone(), device)?;
        // Nothing of the stretch itself is looked at: a child begins where the control does, and knows no more.
        let Taught { encoded, goals } = &stretch.before;
        let mut child =
            parent.grow(architecture, Window { encoded, goals }, Growth::default(), trial.seed)?;
        let path = Morphism::path(parent.architecture(), architecture);
        if !path.iter().all(Morphism::preserves_function) && !goals.is_empty() {
            child.distil(&parent.freeze()?, encoded, DISTIL_STEPS)?;
        }
        runs.push(run(stretch, child)?);
    }
    Ok(runs)
}

/// Predicts each row, then learns what has matured by then.
fn run(stretch: &Stretch, mut learner: Learner) -> Result<Run, ModelError> {
    let inputs = learner.shape().inputs;
    let mut said = Vec::with_capacity(stretch.goals.len() * learner.shape().outputs);
    let mut learned = 0;
    for (rows, matured) in chunks(stretch) {
        said.extend(learner.predict(&stretch.encoded[rows.start * inputs..rows.end * inputs])?);
        if matured > learned {
            let encoded = &stretch.encoded[learned * inputs..matured * inputs];
            learner.learn(encoded, &stretch.goals[learned..matured])?;
            learned = matured;
        }
    }
    // The labels of the last rows are known by now: the learner leaves as fresh as the control is.
    learner.learn(&stretch.encoded[learned * inputs..], &stretch.goals[learned..])?;
    Ok(Run { said, learner })
}

/// Rows predicted together, and how many labels are known after them.
fn chunks(stretch: &Stretch) -> impl Iterator<Item = (std::ops::Range<usize>, usize)> {
    let rows = stretch.goals.len();
    let (gap, chunk) = (stretch.gap, CHUNK_ROWS_MAX.min(stretch.gap + 1));
    (0..rows).step_by(chunk).map(move |from| {
        let to = (from + chunk).min(rows);
        (from..to, to.saturating_sub(gap))
    })
}

/// Loss of the mix on each row that counts; the mix learns whom to trust as labels mature.
fn mixed(stretch: &Stretch, members: &[&Run], mut mixer: Mixer) -> (Vec<f32>, Mixer) {
    let shape = Shape::new(0, &stretch.target);
    let outputs = shape.outputs;
    let gather = |row: usize| -> Vec<f32> {
        let answers = members.iter().map(|member| &member.said[row * outputs..(row + 1) * outputs]);
        answers.flatten().copied().collect()
    };
    let mut losses = Vec::new();
    let mut mixed: Vec<Mixed> = Vec::with_capacity(stretch.goals.len());
    let mut learned = 0;
    for (rows, matured) in chunks(stretch) {
        for row in rows {
            let own = mixer.mix(&gather(row), shape);
            mixer.hear(&own, shape);
            losses.push(loss(&stretch.target, own.output(outputs), stretch.goals[row]) as f32);
            mixed.push(own);
        }
        for (row, own) in mixed.iter().enumerate().take(matured).skip(learned) {
            mixer.observe(&gather(row), own, stretch.goals[row], stretch.gap as u64, shape);
        }
        learned = learned.max(matured);
    }
    losses.drain(..stretch.score_from.min(losses.len()));
    (losses, mixer)
}

/// Bounded loss in the network's own units: probabilities, or standardised numbers.
pub fn loss(target: &Target, output: &[f32], goal: f32) -> f64 {
    let truth = if target.is_classification() { Truth::Class(goal as u32) } else { Truth::Number(goal) };
    model::bounded(target, &Output(output.into()), &truth, 1.0)
}

fn compute_seconds(
    batch: Option<usize>,
    stretch: &Stretch,
    network: &MixtureNetwork,
) -> Result<Vec<f64>, ModelError> {
    let Some(rows) = batch else { return Ok(Vec::new()) };
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
