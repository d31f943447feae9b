//! Killed at random moments under load: every event is answered and learned once, every decision is told, and who serves
//! after a restart is whom the journal named.
//!
//! Ten times every day; `DRIFTFORM_KILLS=200` for longer, `DRIFTFORM_SEED` for other moments.

use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use adapters::store::{Place, Records};
use anyhow::{Context as _, Result, ensure};
use daemon::storage::look_at_snapshot;
use model::{EventId, Row, Step, Timestamp};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;
use serde_json::json;
use tests::crash::{SCHEMA, Stream, check_journal, check_sent, report, setting};
use tests::http::metric;
use tests::process::{Process, wait_until};
use tests::scene::{DEADLINE, Scene, json_of};

/// Longest life, from its start.
const LIFE_MAX_MS: u64 = 2_000;
/// One life in so many lasts until answers have come, which takes a group longer than most lives are.
const LONG_LIFE_EVERY: u64 = 5;
/// Between two portions of events.
const TICK: Duration = Duration::from_millis(100);
/// Events in a portion: about as many as a daemon in a build for tests keeps up with between its deaths. The embedded
/// broker keeps few.
const EVENTS_A_TICK: usize = 20;
const EVENTS_A_TICK_EMBEDDED: usize = 10;
/// One event in so many portions cannot be read.
const UNREADABLE_EVERY: usize = 20;
const ANSWERS: &str = "driftform_serve_answers_total";
const OUTCOMES: &str = "driftform_learn_outcomes_total";
const SETTINGS: &str = r"
    cold_start = { outcomes = 200 }
    mixture = { members = [{}] }
    search = { window_outcomes = 200, rungs = [1, 3], cooldown_outcomes = 400, plateau_outcomes = 400 }
    budget = { compute_seconds = 10.0 }
";

/// Sends portions until it is told to stop.
fn load(mut stream: Stream, portion: usize, stop: &Receiver<()>) -> Result<Stream> {
    let mut portions = 0;
    while let Err(RecvTimeoutError::Timeout) = stop.recv_timeout(TICK) {
        portions += 1;
        if portions % UNREADABLE_EVERY == 0 {
            stream.unreadable()?;
        }
        stream.events(portion)?;
    }
    Ok(stream)
}

/// One life, that ends at a random moment.
fn live_and_die(scene: &Scene, long: bool, moment: Duration) -> Result<()> {
    let mut daemon = if long {
        let (daemon, address) = scene.start()?;
        wait_until("answers", DEADLINE, || metric(&address, ANSWERS).ok().filter(|answers| *answers > 0.0))?;
        daemon
    } else {
        Process::start(scene.command()?)?
    };
    ensure!(daemon.wait_exit(moment).is_err(), "it ended by itself; the log ends with\n{}", daemon.tail());
    daemon.kill()
}

/// A last life learns and answers what is left, once.
fn check(scene: &Scene, stream: &Stream) -> Result<()> {
    let (mut daemon, address) = scene.start()?;
    let (wanted, mut outcomes) = (stream.labelled() as f64, 0.0);
    while outcomes < wanted {
        // Many may be left from lives that were short: as long as it goes on, it goes on.
        outcomes = wait_until("more labels learned", DEADLINE, || {
            metric(&address, OUTCOMES).ok().filter(|more| *more > outcomes)
        })?;
    }
    ensure!((outcomes - wanted).abs() < 0.5, "{outcomes} outcomes of {wanted} labels");
    wait_until("every event answered", DEADLINE, || (answered(scene).ok()? == stream.sent()).then_some(()))?;
    daemon.terminate()?;
    let status = daemon.wait_exit(DEADLINE)?;
    ensure!(status.success(), "{status}; the log ends with\n{}", daemon.tail());

    let snapshot = look_at_snapshot(&scene.state())?.context("no snapshot")?;
    ensure!(snapshot.state().counts.records_lost == 0, "records are lost");
    let topics = &scene.kafka.topics;
    let payloads = |topic: &str| -> Result<Vec<Vec<u8>>> {
        Ok(scene.records(topic)?.into_iter().map(|record| record.payload).collect())
    };
    check_sent(&check_journal(&scene.state())?, 0, &payloads(&topics.decisions)?)?;
    let letters = payloads(&topics.dead_letters)?;
    let lost = stream.buried().iter().filter(|record| !letters.contains(record)).count();
    ensure!(lost == 0, "{lost} of {} unreadable records are nowhere", stream.buried().len());
    Ok(())
}

/// How many events have an answer.
fn answered(scene: &Scene) -> Result<usize> {
    Ok(ids_of_answers(scene)?.into_iter().collect::<BTreeSet<_>>().len())
}

/// Of all answers that count, in any order.
fn ids_of_answers(scene: &Scene) -> Result<Vec<String>> {
    let answers = scene.records(&scene.kafka.topics.predictions)?;
    let id = |record| json_of(record)?["id"].as_str().map(str::to_owned).context("an answer has an id");
    answers.iter().map(id).collect()
}

/// Kills as often as is asked for; what is left of it all, checked and reported under this name.
fn kill_and_check(name: &str, settings: &str) -> Result<(Scene, Stream)> {
    let began = Instant::now();
    let (kills, seed) = (setting("DRIFTFORM_KILLS", 10_u64)?, setting("DRIFTFORM_SEED", 1)?);
    let mut rng = Pcg64::seed_from_u64(seed);
    let scene = Scene::set(name, &format!("{SETTINGS}{settings}{SCHEMA}"))?;
    let stream = Stream::new(&scene.kafka, seed)?;
    let portion = if scene.is_embedded() { EVENTS_A_TICK_EMBEDDED } else { EVENTS_A_TICK };
    let (stop, stopped) = channel();
    let feeder = thread::spawn(move || load(stream, portion, &stopped));
    for kill in 1..=kills {
        let moment = Duration::from_millis(rng.random_range(0..LIFE_MAX_MS));
        live_and_die(&scene, kill % LONG_LIFE_EVERY == 0, moment)
            .with_context(|| format!("kill {kill} of seed {seed}"))?;
    }
    drop(stop);
    let stream = feeder.join().expect("the feeder does not panic")?;
    let checked = check(&scene, &stream);
    report(
        name,
        &json!({
            "kills": kills, "seed": seed, "kafka": !scene.is_embedded(), "events": stream.sent(),
            "outcomes": stream.labelled(), "unreadable": stream.buried().len(),
            "failed": checked.as_ref().err().map(|error| format!("{error:#}")), "seconds": began.elapsed().as_secs(),
        }),
    )?;
    checked?;
    Ok((scene, stream))
}

#[test]
fn whoever_is_killed_at_random_moments_loses_nothing_and_counts_nothing_twice() -> Result<()> {
    kill_and_check("random-kills", "").map(drop)
}

#[test]
fn whoever_answers_in_transactions_answers_each_event_once_however_often_it_is_killed() -> Result<()> {
    let (scene, stream) = kill_and_check("random-kills-exactly-once", "serve = { exactly_once = true }")?;
    let answers = ids_of_answers(&scene)?.len();
    // The broker inside the test's process does not tell what was undone from what counts.
    ensure!(scene.is_embedded() || answers == stream.sent(), "{answers} answers to {} events", stream.sent());
    Ok(())
}

/// Events that each one carries.
const CARRIED: usize = 4;

#[test]
fn whoever_is_killed_remembers_each_event_once_and_in_its_place() -> Result<()> {
    let (scene, stream) = kill_and_check("random-kills-sequence", "sequence = { length = 4 }")?;
    let snapshot = look_at_snapshot(&scene.state())?.context("no snapshot")?;
    let state = snapshot.state();
    let rule = state.schema().sequences().context("events carry those before them")?;
    let before = |number: usize| -> Result<Vec<u64>> {
        let numbers = (0..number).rev().take(CARRIED);
        numbers.map(|number| Ok(EventId::new(&number.to_string())?.number())).collect()
    };
    let next = EventId::new("next")?;
    let carried = state.pasts.carried(rule, &next, Timestamp(i64::MAX), &Row::new(vec![0.0; 2])?);
    ensure!(of(&carried) == before(stream.sent())?, "the last events are others: {carried:?}");
    let (mut records, resumed) = Records::resume(&scene.state().join("records"), snapshot.records())?;
    ensure!(resumed.lost == 0, "records are lost");
    let recent = state.history.since(0);
    ensure!(recent.len() > 200, "{} outcomes are remembered", recent.len());
    for outcome in recent {
        let record = records.read(Place(outcome.place))?;
        let ((id, row), _): ((String, Row), _) = postcard::take_from_bytes(&record)?;
        ensure!(of(row.past()) == before(id.parse()?)?, "event {id} carries {:?}", row.past());
    }
    Ok(())
}

#[test]
fn whoever_is_killed_while_networks_look_at_pictures_goes_on_with_them() -> Result<()> {
    let settings =
        "image = { first = \"x\", height = 1, width = 1, begin_with = [{ units = 2, kernel = 1 }] }";
    let (scene, _) = kill_and_check("random-kills-image", settings)?;
    let snapshot = look_at_snapshot(&scene.state())?.context("no snapshot")?;
    ensure!(snapshot.state().schema().picture().is_some(), "the picture is lost");
    let looks = |member: &model::Architecture| member.image != model::Image::None;
    ensure!(snapshot.champion().0.mixture.members.iter().any(looks), "nobody looks at it any more");
    Ok(())
}

fn of(steps: &[Step]) -> Vec<u64> {
    steps.iter().map(|step| step.of).collect()
}
