//! The real worker under its real limits: what it cannot do is an observation, and the next trial runs.

use anyhow::{Result, ensure};
use daemon::trials::protocol::{TrialReply, TrialRequest};
use daemon::trials::{Trials, WorkerCommand};
use model::{Activation, Architecture, Block, Device, Hyper, Learner, Shape, Target};
use tests::process::binary;

fn request(number: u64, to: Architecture) -> Result<TrialRequest> {
    let target = Target::Classification { classes: vec!["a".into(), "b".into()] };
    let linear = Architecture::linear(Hyper::default());
    let start = Learner::new(&linear, Shape::new(1, &target), &[], &Device::cpu(), 1)?.state()?;
    let goals: Vec<f32> = (0..60_u8).map(|row| f32::from(row % 2)).collect();
    let encoded = goals.iter().map(|goal| goal * 2.0 - 1.0).collect();
    let (gap, score_from, compute_batch) = (5, 20, Some(4));
    Ok(TrialRequest { number, start, to, seed: 3, target, encoded, goals, gap, score_from, compute_batch })
}

#[test]
fn a_trial_that_exceeds_its_memory_is_an_observation_and_the_next_one_runs() -> Result<()> {
    let command = WorkerCommand {
        program: binary()?.to_owned(),
        arguments: vec!["worker".into(), "--memory-max-bytes=2000000000".into()],
        seconds_max: 120,
    };
    let mut trials = Trials::start(command)?;
    let blocks = vec![Block::plain(4_096, Activation::Relu); 16];
    trials.submit(request(1, Architecture { blocks, hyper: Hyper::default() })?);
    trials.submit(request(2, Architecture::linear(Hyper::default()))?);
    let first = trials.wait();
    ensure!(matches!(first, Some(TrialReply::Failed { number: 1, .. })), "the first trial fits into memory");
    match trials.wait() {
        Some(TrialReply::Done(result)) => ensure!(result.number == 2 && result.losses.len() == 40),
        other => anyhow::bail!("the second trial did not run: {other:?}"),
    }
    Ok(())
}
