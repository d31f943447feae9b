//! Worker: what the child process does with one trial.
//!
//! Lives here: inherit, predict then learn over the recorded rows, measure, stress. May not: know
//! episodes, gates or Kafka; it turns one request into one reply.

use std::io::{Read, Write};
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use model::{Device, DeviceChoice, Learner, ModelError, Morphism, Output, Target, Truth};

use super::protocol::{self, Stress, TrialReply, TrialRequest, TrialResult};

/// Rows predicted at once; never more than the gap, so no row is predicted by weights that saw its label.
const CHUNK_ROWS_MAX: usize = 32;
/// Repetitions when compute time is measured, after the warm-up.
/// Enough that the bound of the p99 is not the worst single run, which the scheduler decides.
const MEASURE_REPEATS: usize = 2_000;
/// Repetitions before, not counted.
const WARM_UP_REPEATS: usize = 20;
/// Steps of distillation after an edit that changes the function.
const DISTIL_STEPS: usize = 200;

/// Answers requests until the pipe closes.
pub fn serve(from: &mut impl Read, to: &mut impl Write, device: DeviceChoice) -> anyhow::Result<()> {
    let device = device.open()?;
    while let Some(request) = protocol::read::<TrialRequest>(from)? {
        match protocol::write(to, &answer(&request, &device)) {
            // The daemon has gone; nobody is left to hear a complaint.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => break,
            other => other?,
        }
    }
    Ok(())
}

/// One reply, also when the trial panics.
fn answer(request: &TrialRequest, device: &Device) -> TrialReply {
    let ran = std::panic::catch_unwind(AssertUnwindSafe(|| run(request, device)));
    match ran {
        Ok(Ok(result)) => TrialReply::Done(Box::new(result)),
        Ok(Err(error)) => TrialReply::failed(request.number, error.to_string()),
        Err(_) => TrialReply::failed(request.number, "the trial panicked; see the worker's log".into()),
    }
}

fn run(request: &TrialRequest, device: &Device) -> Result<TrialResult, ModelError> {
    let parent = Learner::restore(request.start.clone(), device)?;
    let mut learner = parent.inherit(&request.to, request.seed)?;
    let path = Morphism::path(parent.architecture(), &request.to);
    if !path.iter().all(Morphism::preserves_function) {
        let taught = request.score_from.max(1).min(request.goals.len()) * parent.shape().inputs;
        learner.distil(&parent.freeze()?, &request.encoded[..taught], DISTIL_STEPS)?;
    }
    let losses = prequential(request, &mut learner)?;
    let network = learner.freeze()?;
    let counted = request.score_from * learner.shape().inputs;
    let stress = stress(&request.encoded[counted..], request, |rows| network.predict(rows))?;
    let compute_seconds = compute_seconds(request, |rows| network.predict(rows))?;
    Ok(TrialResult { number: request.number, losses, end: learner.state()?, compute_seconds, stress })
}

/// Predict, then learn what has matured by then; the losses of the rows that count.
fn prequential(request: &TrialRequest, learner: &mut Learner) -> Result<Vec<f32>, ModelError> {
    let inputs = learner.shape().inputs;
    let rows = request.goals.len();
    let chunk = CHUNK_ROWS_MAX.min(request.gap + 1);
    let mut losses = Vec::with_capacity(rows - request.score_from.min(rows));
    let mut learned = 0;
    for from in (0..rows).step_by(chunk) {
        let to = (from + chunk).min(rows);
        let said = learner.predict(&request.encoded[from * inputs..to * inputs])?;
        for (row, output) in (from..to).zip(said.chunks_exact(learner.shape().outputs)) {
            if row >= request.score_from {
                losses.push(loss(&request.target, output, request.goals[row]) as f32);
            }
        }
        let matured = to.saturating_sub(request.gap);
        if matured > learned {
            let encoded = &request.encoded[learned * inputs..matured * inputs];
            learner.learn(encoded, &request.goals[learned..matured])?;
            learned = matured;
        }
    }
    // The labels of the last rows are known by now: the learner leaves as fresh as the control is.
    learner.learn(&request.encoded[learned * inputs..], &request.goals[learned..])?;
    Ok(losses)
}

/// Bounded loss in the network's own units: probabilities, or standardised numbers.
pub fn loss(target: &Target, output: &[f32], goal: f32) -> f64 {
    let truth = if target.is_classification() { Truth::Class(goal as u32) } else { Truth::Number(goal) };
    model::bounded(target, &Output(output.into()), &truth, 1.0)
}

fn stress(
    encoded: &[f32],
    request: &TrialRequest,
    predict: impl Fn(&[f32]) -> Result<Vec<f32>, ModelError>,
) -> Result<Stress, ModelError> {
    let goals = &request.goals[request.score_from..];
    let outputs = request.target.outputs();
    let mean = |rows: &[f32]| -> Result<f64, ModelError> {
        let said = predict(rows)?;
        let total: f64 =
            said.chunks_exact(outputs).zip(goals).map(|(o, g)| loss(&request.target, o, *g)).sum();
        Ok(total / goals.len().max(1) as f64)
    };
    let noisy = model::stress::noisy(encoded, request.seed);
    let missing = model::stress::missing(encoded, request.seed);
    Ok(Stress { clean: mean(encoded)?, noisy: mean(&noisy)?, missing: mean(&missing)? })
}

fn compute_seconds(
    request: &TrialRequest,
    predict: impl Fn(&[f32]) -> Result<Vec<f32>, ModelError>,
) -> Result<Vec<f64>, ModelError> {
    let Some(rows) = request.compute_batch else { return Ok(Vec::new()) };
    let inputs = request.encoded.len() / request.goals.len().max(1);
    let batch: Vec<f32> = request.encoded.iter().copied().cycle().take(rows * inputs).collect();
    time_batches(|| predict(&batch).map(drop))
}

/// Times of one unit of work, warm.
pub fn time_batches(mut unit: impl FnMut() -> Result<(), ModelError>) -> Result<Vec<f64>, ModelError> {
    for _ in 0..WARM_UP_REPEATS {
        unit()?;
    }
    (0..MEASURE_REPEATS)
        .map(|_| {
            let start = Instant::now();
            unit()?;
            Ok(start.elapsed().as_secs_f64())
        })
        .collect()
}
