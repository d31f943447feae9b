//! Whatever happens to the child is an observation, and the next trial has a fresh one.

use std::sync::Arc;

use model::{Activation, Architecture, Block, Device, Edit, Hyper, Mixture, Pool, Shape, Target};

use super::protocol::{Rejecting, Request, Stressing, Stretch, Taught, Trial, TrialReply};
use super::{Trials, WorkerCommand, worker};

fn stretch() -> Arc<Stretch> {
    Arc::new(stretch_of(Architecture::linear(Hyper::default())))
}

fn stretch_of(control: Architecture) -> Stretch {
    let target = Target::Classification { classes: vec!["a".into(), "b".into()] };
    let shape = Shape::new(1, &target);
    let mut pool = Pool::new(shape, &[], &Device::cpu());
    let arm = pool.start(&Mixture::of_one(control), 1).expect("a learner exists");
    let goals: Vec<f32> = (0..60_u8).map(|row| f32::from(row % 2)).collect();
    let encoded = goals.iter().map(|goal| goal * 2.0 - 1.0).collect();
    let start = pool.arm_state(&arm).expect("it can be saved");
    let learned = start.members.iter().map(|member| member.weights().clone()).collect();
    // Untrained, it finds both classes as likely.
    let (before, said) = (Taught::default(), vec![0.5; 120]);
    Stretch { number: 1, start, said, learned, target, before, encoded, goals, gap: 5, score_from: 20 }
}

fn trial(number: u64, edit: Edit) -> Trial {
    Trial {
        number,
        edit,
        seed: 3,
        keep: true,
        rejection: None,
        compute_batch: Some(4),
        stressing: None,
        relaxing: None,
    }
}

fn unchanged(number: u64) -> Trial {
    trial(number, Edit::none(1))
}

/// A worker that does what the shell is told.
fn shell(script: &str, seconds_max: u64) -> Trials {
    let command =
        WorkerCommand { program: "/bin/sh".into(), arguments: vec!["-c".into(), script.into()], seconds_max };
    Trials::start(command).expect("the supervisor starts")
}

fn reason_of(trials: &mut Trials, number: u64) -> String {
    trials.submit(stretch(), unchanged(number));
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

fn answer(stretch: Arc<Stretch>, trial: Trial) -> TrialReply {
    let (mut asked, mut said) = (Vec::new(), Vec::new());
    for request in [Request::Stretch(stretch), Request::Trial(trial)] {
        super::protocol::write(&mut asked, &request).expect("memory takes it");
    }
    worker::serve(&mut asked.as_slice(), &mut said, model::DeviceChoice::Cpu).expect("the pipe is fine");
    super::protocol::read(&mut said.as_slice()).expect("a whole frame").expect("one reply")
}

fn child(step_size: f32) -> Architecture {
    Architecture::linear(Hyper { step_size, optimiser: model::Optimiser::Sgd, ..Hyper::default() })
}

#[test]
fn a_trial_scores_only_rows_after_the_gap_and_returns_its_children() {
    let TrialReply::Done(result) = answer(stretch(), trial(9, Edit::add(1, 0, child(0.3)))) else {
        panic!("a linear trial runs")
    };
    assert_eq!((result.number, result.losses.len(), result.children.len()), (9, 40, 1));
    assert!(result.losses.last().expect("forty") < &0.1);
}

#[test]
fn a_child_grows_and_shrinks_by_rows_from_before_its_trial() {
    let network = |width| Architecture {
        blocks: vec![Block::plain(width, Activation::Relu)],
        ..Architecture::linear(Hyper::default())
    };
    let mut informed = stretch_of(network(16));
    let rows = model::growth::WINDOW_ROWS_MIN.div_ceil(informed.goals.len());
    informed.before = Taught { encoded: informed.encoded.repeat(rows), goals: informed.goals.repeat(rows) };
    let uninformed = Stretch { before: Taught::default(), ..informed.clone() };
    for width in [32, 8] {
        let [with, without] = [&informed, &uninformed].map(|stretch| {
            let edit = Edit::add(1, 0, network(width));
            match answer(Arc::new(stretch.clone()), trial(1, edit)) {
                TrialReply::Done(result) => result.children[0].weights().clone(),
                TrialReply::Failed { reason, .. } => panic!("{reason}"),
            }
        });
        assert_ne!(with, without, "units are chosen by the rows: 16 to {width}");
    }
}

#[test]
fn what_is_kept_costs_nothing_and_changes_nothing() {
    let TrialReply::Done(control) = answer(stretch(), unchanged(1)) else { panic!("it runs") };
    let TrialReply::Done(twins) = answer(stretch(), trial(2, Edit::keep(&[0, 0]))) else { panic!("it runs") };
    assert!(control.children.is_empty() && twins.children.is_empty());
    for (alone, both) in control.losses.iter().zip(&twins.losses) {
        assert!((alone - both).abs() < 1e-6, "a mixture of twins says what one of them says");
    }
}

/// A control that is right by now, on a stretch long enough to tell.
fn long_and_known() -> Arc<Stretch> {
    let mut stretch = stretch_of(Architecture::linear(Hyper::default()));
    let times = 40;
    (stretch.encoded, stretch.goals) = (stretch.encoded.repeat(times), stretch.goals.repeat(times));
    stretch.said = stretch.goals.iter().flat_map(|goal| [0.9 - 0.8 * goal, 0.1 + 0.8 * goal]).collect();
    Arc::new(stretch)
}

#[test]
fn who_is_surely_worse_is_given_up_and_who_is_not_is_none_the_worse_for_it() {
    let stretch = long_and_known();
    let rows = stretch.goals.len() - stretch.score_from;
    let run = |step_size, rejection: Option<Rejecting>| {
        let candidate = trial(1, Edit::replace(1, 0, 0, child(step_size)));
        match answer(stretch.clone(), Trial { rejection, compute_batch: None, ..candidate }) {
            TrialReply::Done(result) => *result,
            TrialReply::Failed { reason, .. } => panic!("{reason}"),
        }
    };
    let rejecting = |loss_max| Some(Rejecting { alpha: 0.05, loss_max });
    // It hardly learns.
    let worse = run(1e-6, rejecting(0.0));
    assert!(
        worse.rejected && worse.losses.len() < rows && worse.children.is_empty(),
        "{}",
        worse.losses.len()
    );
    assert_eq!(worse.losses, run(1e-6, None).losses[..worse.losses.len()], "until then nothing is different");
    assert!(!run(1e-6, rejecting(0.9)).rejected, "it may lose as much");
    let (with, without) = (run(0.3, rejecting(0.0)), run(0.3, None));
    assert!(!with.rejected && with.losses == without.losses && with.children == without.children);
}

#[test]
fn under_stress_the_control_is_asked_the_same_as_who_is_beside_it_and_nothing_else_changes() {
    let mut stretch = Arc::unwrap_or_clone(long_and_known());
    stretch.before = Taught { encoded: stretch.encoded.clone(), goals: stretch.goals.clone() };
    let stretch = Arc::new(stretch);
    let run = |edit: Edit, numbers: Option<Vec<usize>>| {
        let stressing = numbers.map(|numbers| Stressing { seed: 7, numbers });
        let keep = stressing.is_some();
        match answer(stretch.clone(), Trial { stressing, keep, compute_batch: None, ..trial(1, edit) }) {
            TrialReply::Done(result) => Ok(*result),
            TrialReply::Failed { reason, .. } => Err(reason),
        }
    };
    let asked = |edit| run(edit, Some(vec![0])).expect("it runs");
    let (control, twins) = (asked(Edit::none(1)), asked(Edit::keep(&[0, 0])));
    let loss = control.robust_loss.expect("it was asked");
    assert!((0.0..=1.0).contains(&loss), "{loss}");
    assert!(
        (loss - twins.robust_loss.expect("it was asked")).abs() < 1e-6,
        "twins say what one of them says"
    );
    assert_eq!(asked(Edit::none(1)).robust_loss, Some(loss), "each time the same");
    let (child, without) =
        (Edit::add(1, 0, child(0.3)), run(Edit::add(1, 0, child(0.3)), None).expect("it runs"));
    let with = asked(child);
    assert_eq!((&with.losses, without.robust_loss), (&without.losses, None));
    assert!(with.robust_loss < Some(loss), "who has learned the rows stands them better");
    let refused = run(Edit::none(1), Some(vec![1])).expect_err("there is one feature");
    assert!(refused.contains("beyond the 1 features"), "{refused}");
}

#[test]
fn a_trial_that_diverges_is_an_observation() {
    let mut wild = Arc::unwrap_or_clone(stretch());
    wild.encoded.iter_mut().for_each(|value| *value *= 1e30);
    let reply = answer(Arc::new(wild), trial(4, Edit::add(1, 0, child(f32::MAX))));
    assert!(matches!(reply, TrialReply::Failed { number: 4, .. }));
}

#[test]
fn a_trial_that_panics_or_does_not_fit_is_an_observation() {
    let mut broken = Arc::unwrap_or_clone(stretch());
    broken.encoded.truncate(5);
    assert!(matches!(answer(Arc::new(broken), unchanged(5)), TrialReply::Failed { number: 5, .. }));
    let misfit = trial(6, Edit::keep(&[7]));
    assert!(matches!(answer(stretch(), misfit), TrialReply::Failed { number: 6, .. }));
}
