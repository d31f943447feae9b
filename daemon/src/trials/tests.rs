//! Whatever happens to the child is an observation, and the next trial has a fresh one.

use model::{Architecture, Device, Hyper, Learner, Shape, Target};

use super::protocol::{TrialReply, TrialRequest};
use super::{Trials, WorkerCommand, worker};

fn request(number: u64, to: Architecture) -> TrialRequest {
    let target = Target::Classification { classes: vec!["a".into(), "b".into()] };
    let shape = Shape::new(1, &target);
    let linear = Architecture::linear(Hyper::default());
    let start = Learner::new(&linear, shape, &[], &Device::cpu(), 1).expect("a linear learner exists");
    let goals: Vec<f32> = (0..60_u8).map(|row| f32::from(row % 2)).collect();
    let encoded = goals.iter().map(|goal| goal * 2.0 - 1.0).collect();
    TrialRequest {
        number,
        start: start.state().expect("it can be saved"),
        to,
        seed: 3,
        target,
        encoded,
        goals,
        gap: 5,
        score_from: 20,
        compute_batch: Some(4),
    }
}

fn linear(number: u64) -> TrialRequest {
    request(number, Architecture::linear(Hyper::default()))
}

/// A worker that does what the shell is told.
fn shell(script: &str, seconds_max: u64) -> Trials {
    let command =
        WorkerCommand { program: "/bin/sh".into(), arguments: vec!["-c".into(), script.into()], seconds_max };
    Trials::start(command).expect("the supervisor starts")
}

fn reason_of(trials: &mut Trials, number: u64) -> String {
    trials.submit(linear(number));
    match trials.wait().expect("one reply a request") {
        TrialReply::Failed { number: answered, reason } => {
            assert_eq!(answered, number);
            reason
        }
        TrialReply::Done(_) => panic!("a shell cannot run a trial"),
    }
}

#[test]
fn a_worker_that_dies_is_an_observation_every_time() {
    let mut trials = shell("head -c 1 >/dev/null; kill -9 $$", 20);
    for number in 0..3 {
        let reason = reason_of(&mut trials, number);
        assert!(reason.contains("worker"), "{reason}");
    }
}

#[test]
fn a_worker_that_hangs_is_killed_at_its_limit() {
    let reason = reason_of(&mut shell("cat >/dev/null", 1), 7);
    assert!(reason.contains("trials.seconds_max"), "{reason}");
}

#[test]
fn a_worker_that_cannot_start_is_named() {
    let command = WorkerCommand { program: "/nowhere/driftform".into(), arguments: vec![], seconds_max: 1 };
    let mut trials = Trials::start(command).expect("the supervisor starts");
    assert!(reason_of(&mut trials, 1).contains("/nowhere/driftform"));
}

fn answer(request: &TrialRequest) -> TrialReply {
    let (mut asked, mut said) = (Vec::new(), Vec::new());
    super::protocol::write(&mut asked, request).expect("memory takes it");
    worker::serve(&mut asked.as_slice(), &mut said, model::DeviceChoice::Cpu).expect("the pipe is fine");
    super::protocol::read(&mut said.as_slice()).expect("a whole frame").expect("one reply")
}

#[test]
fn a_trial_scores_only_rows_after_the_gap_and_returns_a_learner() {
    let mut eager = linear(9);
    eager.to.hyper.step_size = 0.3;
    let TrialReply::Done(result) = answer(&eager) else { panic!("a linear trial runs") };
    assert_eq!((result.number, result.losses.len()), (9, 40));
    assert!(result.losses.last().expect("forty") < &0.1);
}

#[test]
fn a_trial_that_diverges_is_an_observation() {
    let mut wild = linear(4);
    wild.to.hyper.step_size = f32::MAX;
    wild.encoded.iter_mut().for_each(|value| *value *= 1e30);
    wild.to.hyper.optimiser = model::Optimiser::Sgd;
    assert!(matches!(answer(&wild), TrialReply::Failed { number: 4, .. }));
}

#[test]
fn a_trial_that_panics_is_an_observation() {
    let mut broken = linear(5);
    broken.score_from = 1_000_000;
    assert!(matches!(answer(&broken), TrialReply::Failed { number: 5, .. }));
}
