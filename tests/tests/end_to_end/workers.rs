//! Trials on other machines: they show what they would show here, whoever runs them, however many there are, and whoever is
//! killed; and nobody waits for workers that are not there.
//!
//! A few kills every day; `DRIFTFORM_KILLS=60` for longer.

use std::sync::Arc;
use std::time::Duration;

use adapters::kafka::Sink;
use anyhow::{Context as _, Result, ensure};
use daemon::trials::Trials;
use daemon::trials::protocol::{Trial, TrialReply};
use serde_json::json;
use tests::crash::{report, setting};
use tests::crew::{Crew, Worker, child, relaxed, replies, stretch, submit, trial};
use tests::http::{get, metric};
use tests::process::wait_until;
use tests::scene::{DEADLINE, Scene};

/// Long enough that nobody is given up who only is slow.
const PATIENT: Duration = Duration::from_mins(2);
const TRIALS: u64 = 12;

fn taken(worker: &Worker) -> f64 {
    metric(&worker.pages, "driftform_worker_trials_total{result=\"taken\"}").unwrap_or_default()
}

/// Candidates, and at last a relaxed network.
fn asked(series: u64) -> Vec<Trial> {
    (1..TRIALS).map(|number| trial(series, number, 8)).chain([relaxed(series, TRIALS)]).collect()
}

#[test]
fn one_two_and_four_workers_show_what_the_child_shows_and_what_was_shown_is_known() -> Result<()> {
    let (crew, stretch) = (Crew::gather("crew")?, stretch(400)?);
    let (mut here, mut workers) = (Trials::start(child()?)?, Vec::new());
    for (series, count) in [1, 2, 4].into_iter().enumerate() {
        while workers.len() < count {
            workers.push(crew.worker()?);
        }
        let asked = asked(series as u64);
        let mut office = crew.office(PATIENT)?;
        wait_until("all workers have said they are there", DEADLINE, || {
            (office.traffic().workers == count as u64).then_some(())
        })?;
        submit(&mut here, &stretch, &asked);
        submit(&mut office, &stretch, &asked);
        let there = replies(&mut office, asked.len(), DEADLINE)?;
        ensure!(there == replies(&mut here, asked.len(), DEADLINE)?, "{count} workers show something else");
        ensure!(office.traffic().cached == 0 && office.traffic().answered == TRIALS);
        if count > 1 {
            ensure!(workers.iter().all(|worker| taken(worker) > 0.0), "somebody had nothing to do");
        }
    }
    for worker in &mut workers {
        ensure!(get(&worker.pages, "/readyz")?.0 == 200, "it works, but it is not ready");
        worker.process.terminate()?;
        ensure!(worker.process.wait_exit(DEADLINE)?.success(), "it ends in order");
    }
    the_same_again(&crew, &stretch, &mut here)
}

/// As after a restart: nobody is there any more, and nothing has to be run.
fn the_same_again(
    crew: &Crew,
    stretch: &Arc<daemon::trials::protocol::Stretch>,
    here: &mut Trials,
) -> Result<()> {
    let asked = asked(1);
    let mut office = crew.office(PATIENT)?;
    submit(&mut office, stretch, &asked);
    submit(here, stretch, &asked);
    ensure!(replies(&mut office, asked.len(), DEADLINE)? == replies(here, asked.len(), DEADLINE)?);
    let traffic = office.traffic();
    report("workers-cache", &json!({ "asked": TRIALS, "known": traffic.cached }))?;
    ensure!(traffic.cached == TRIALS && traffic.issued == 0, "{traffic:?}");
    Ok(())
}

#[test]
fn every_trial_ends_once_whoever_is_killed() -> Result<()> {
    let kills = setting("DRIFTFORM_KILLS", 3_u64)?;
    let (crew, stretch) = (Crew::gather("killed")?, stretch(2_000)?);
    let mut office = crew.office(PATIENT)?;
    let mut workers = [crew.worker()?, crew.worker()?];
    wait_until("both are there", DEADLINE, || (office.traffic().workers == 2).then_some(()))?;
    let asked: Vec<_> = (1..=8 * (kills + 1)).map(|number| trial(9, number, 64)).collect();
    submit(&mut office, &stretch, &asked);
    for kill in 0..kills {
        let victim = (kill % 2) as usize;
        // In the middle of its work, as far as it has any.
        let before = taken(&workers[victim]);
        wait_until("it has something to do", DEADLINE, || {
            let all_done = office.traffic().answered == asked.len() as u64;
            (all_done || taken(&workers[victim]) > before).then_some(())
        })?;
        workers[victim].process.kill()?;
        workers[victim] = crew.worker()?;
    }
    let there = replies(&mut office, asked.len(), DEADLINE)?;
    let mut here = Trials::start(child()?)?;
    submit(&mut here, &stretch, &asked);
    ensure!(there == replies(&mut here, asked.len(), DEADLINE)?, "what was shown is something else");
    let traffic = office.traffic();
    report(
        "workers-killed",
        &json!({ "kills": kills, "trials": asked.len(), "reissued": traffic.reissued, "duplicates": traffic.duplicates }),
    )?;
    ensure!(traffic.answered == asked.len() as u64 && traffic.given_up == 0, "{traffic:?}");
    Ok(())
}

#[test]
fn nobody_waits_for_workers_that_are_not_there() -> Result<()> {
    let (crew, stretch) = (Crew::gather("nobody")?, stretch(60)?);
    let mut office = crew.office(Duration::from_secs(2))?;
    office.submit(Arc::clone(&stretch), trial(1, 1, 8));
    // What is to be measured is measured here, whoever else is there.
    office.submit(stretch, Trial { compute_batch: Some(4), ..trial(1, 2, 8) });
    let first = office.wait_for(DEADLINE).context("a reply")?;
    let second = office.wait_for(DEADLINE).context("a reply")?;
    let (measured, asked) = if first.number() == 2 { (first, second) } else { (second, first) };
    ensure!(
        matches!(&measured, TrialReply::Done(result) if !result.compute_seconds.is_empty()),
        "{measured:?}"
    );
    match asked {
        TrialReply::Failed { reason, .. } => ensure!(reason.contains("trials.give_up_seconds"), "{reason}"),
        other @ TrialReply::Done(_) => anyhow::bail!("{other:?}"),
    }
    Ok(())
}

/// A daemon that searches soon, and asks workers that nobody has started.
const ALONE: &str = r#"
    trials = { run_by = "workers", seconds_max = 1, reissue_seconds = 2, give_up_seconds = 3 }
    search = { window_outcomes = 20, rungs = [1], candidates = 3 }
    schema = { classes = ["low", "high"], features = [{ name = "x", kind = "numeric" }] }
"#;

/// Labelled events, of which all are learned.
fn teach(scene: &Scene, pages: &str, numbers: std::ops::Range<usize>) -> Result<()> {
    let (sink, topics) = (Sink::open(&scene.kafka)?, &scene.kafka.topics);
    let wanted = numbers.end as f64;
    for id in numbers {
        let event = json!({ "id": id.to_string(), "time": id, "features": { "x": id % 7 } });
        let label = if id % 7 > 3 { "high" } else { "low" };
        let label = json!({ "id": id.to_string(), "time": id, "label": label });
        sink.send(&topics.events, None, event.to_string().as_bytes(), None)?;
        sink.send(&topics.labels, None, label.to_string().as_bytes(), None)?;
    }
    sink.flush(DEADLINE)?;
    wait_until("all labels learned", DEADLINE, || {
        metric(pages, "driftform_learn_outcomes_total").ok().filter(|outcomes| *outcomes >= wanted)
    })?;
    Ok(())
}

#[test]
fn an_episode_that_nobody_runs_is_closed_and_says_so_and_learning_went_on() -> Result<()> {
    let scene = Scene::set("alone", ALONE)?;
    let (mut daemon, pages) = scene.start()?;
    // Little by little: the more labels come at once, the later each of them is.
    (0..200).step_by(20).try_for_each(|from| teach(&scene, &pages, from..from + 20))?;
    daemon.wait_for_line(DEADLINE, |line| line.contains("episode 1 opened"))?;
    teach(&scene, &pages, 200..240)?;
    daemon.wait_for_line(DEADLINE, |line| line.contains("none of its trials could be run"))?;
    let given_up = metric(&pages, "driftform_trials_total{fate=\"given_up\"}")?;
    ensure!(given_up > 0.0 && get(&pages, "/readyz")?.0 == 200, "{given_up}");
    Ok(())
}
