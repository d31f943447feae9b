//! The real worker under its real limits: what it cannot do is an observation, and the next trial runs.

use std::sync::Arc;

use anyhow::{Result, ensure};
use daemon::trials::protocol::{Stretch, Taught, Trial, TrialReply};
use daemon::trials::{Trials, WorkerCommand};
use model::{Activation, Architecture, Block, Edit, Hyper};
use tests::crew::stretch_of;
use tests::process::binary;

fn stretch() -> Result<Arc<Stretch>> {
    stretch_of((0..60_u8).map(|row| f32::from(row % 2)).collect(), Taught::default())
}

fn trial(number: u64, child: Architecture) -> Trial {
    Trial {
        number,
        edit: Edit::add(1, 0, child),
        seed: 3,
        keep: true,
        rejection: None,
        compute_batch: Some(4),
        stressing: None,
        relaxing: None,
    }
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
    trials.submit(stretch()?, trial(1, Architecture { blocks, ..Architecture::linear(Hyper::default()) }));
    trials.submit(stretch()?, trial(2, Architecture::linear(Hyper::default())));
    let first = trials.wait();
    ensure!(matches!(first, Some(TrialReply::Failed { number: 1, .. })), "the first trial fits into memory");
    match trials.wait() {
        Some(TrialReply::Done(result)) => ensure!(result.number == 2 && result.losses.len() == 40),
        other => anyhow::bail!("the second trial did not run: {other:?}"),
    }
    Ok(())
}
