//! A leader and three followers: whatever is promoted and rolled back, and whoever is killed meanwhile, all come to serve the
//! same, and say bit for bit what the leader says.
//!
//! Ten changes every day; `DRIFTFORM_CHANGES=100` for longer, `DRIFTFORM_SEED` for others.

use adapters::fleet::{Dispatch, Occasion};
use std::collections::BTreeSet;

use adapters::kafka::Sink;
use anyhow::{Context as _, Result, ensure};
use daemon::fleet::Following;
use model::Generation;
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;
use serde_json::{Value, json};
use tests::bucket::{ObjectStore, SECRET};
use tests::crash::{report, setting};
use tests::fleet::{OrderedLeader, Running, SETTINGS, follow, lead, published};
use tests::http::{get, metric};
use tests::process::wait_until;
use tests::scene::{DEADLINE, Scene, json_of};

const IDS: [&str; 3] = ["north", "south", "west"];
const GENERATION: &str = "driftform_serve_generation";
/// Share of followers that serve a promotion first.
const CANARY: f64 = 0.5;
/// Events that are answered at the end.
const EVENTS: usize = 20;
/// Outcomes that a real leader learns before it is compared.
const LABELS: usize = 40;

/// What a follower of this name is to serve.
fn expected(id: &str, told: &Dispatch) -> Generation {
    let canary = told.canary.as_ref().filter(|canary| Following::new(id).is_among(canary));
    canary.map_or(told.everyone.generation, |canary| canary.artifact.generation)
}

fn comes_to_serve(
    running: &mut Running,
    leader: &OrderedLeader,
    model: &str,
    wanted: Generation,
) -> Result<()> {
    wait_until(&format!("generation {} serves", wanted.0), DEADLINE, || {
        metric(&running.pages, GENERATION).ok().filter(|serves| (serves - wanted.0 as f64).abs() < 0.5)
    })
    .with_context(|| running.process.tail())?;
    let (generation, bits) = running.asked(model)?;
    ensure!(generation == wanted, "it answered with {generation:?}, not {wanted:?}");
    ensure!(bits == leader.says(wanted)?, "generation {} says something else than the leader's", wanted.0);
    Ok(())
}

/// One change that is drawn: a promotion is rolled back, kept, or followed by the next.
fn change(leader: &mut OrderedLeader, rng: &mut Pcg64) {
    match rng.random_range(0..4) {
        0 | 1 if leader.facts.watching => leader.roll_back(),
        2 if leader.facts.watching => leader.keep(),
        _ => leader.promote(),
    }
}

#[test]
fn three_followers_converge_whatever_is_promoted_and_whoever_is_killed() -> Result<()> {
    let (changes, seed) = (setting("DRIFTFORM_CHANGES", 10_u64)?, setting("DRIFTFORM_SEED", 1)?);
    let mut rng = Pcg64::seed_from_u64(seed);
    let scene = Scene::set("fleet", SETTINGS)?;
    let model = scene.kafka.topics.events.strip_suffix(".events").context("the model's name")?.to_owned();
    let mut leader = OrderedLeader::new(&scene, CANARY)?;
    let mut followers =
        IDS.iter().map(|id| follow(&scene, &published(&scene), id)).collect::<Result<Vec<_>>>()?;
    let (code, _) = get(&followers[0].pages, "/readyz")?;
    ensure!(code == 503, "nothing is told yet, but it is ready ({code})");
    let mut told = leader.tell()?.context("the start is told")?;
    let (mut kills, mut rollbacks, mut canaries) = (0, 0, 0);
    for _ in 0..changes {
        let killed = rng.random_bool(0.3).then(|| rng.random_range(0..IDS.len()));
        if let Some(killed) = killed {
            followers[killed].process.kill()?;
            kills += 1;
        }
        // Several at once: those in between may never get out.
        for _ in 0..rng.random_range(1..3) {
            change(&mut leader, &mut rng);
            if let Some(next) = leader.tell()? {
                rollbacks += u64::from(next.occasion == Occasion::Rollback);
                canaries += u64::from(next.canary.is_some());
                told = next;
            }
        }
        if let Some(killed) = killed {
            followers[killed] = follow(&scene, &published(&scene), IDS[killed])?;
        }
        for (id, follower) in IDS.iter().zip(&mut followers) {
            comes_to_serve(follower, &leader, &model, expected(id, &told))?;
        }
    }
    leader.promote();
    leader.tell()?;
    leader.roll_back();
    let told = leader.tell()?.context("a rollback is told")?;
    ensure!(told.canary.is_none() && told.everyone.generation == leader.facts.generation, "{told:?}");
    for follower in &mut followers {
        comes_to_serve(follower, &leader, &model, told.everyone.generation)?;
        ensure!(get(&follower.pages, "/readyz")?.0 == 200, "it serves, but it is not ready");
    }
    answers_events(&scene, told.everyone.generation)?;
    report(
        "followers",
        &json!({ "changes": changes, "seed": seed, "kills": kills, "rollbacks": rollbacks, "canaries": canaries }),
    )?;
    for follower in &mut followers {
        follower.process.terminate()?;
        ensure!(follower.process.wait_exit(DEADLINE)?.success(), "it ends in order");
    }
    Ok(())
}

/// Events on the topic are answered by all together, each at least once, with what all of them serve.
fn answers_events(scene: &Scene, generation: Generation) -> Result<()> {
    let sink = Sink::open(&scene.kafka)?;
    for id in 0..EVENTS {
        let event =
            json!({ "id": id.to_string(), "time": id, "features": { "amount": id, "country": "NL" } });
        sink.send(&scene.kafka.topics.events, None, event.to_string().as_bytes(), None)?;
    }
    sink.flush(DEADLINE)?;
    wait_until("every event answered", DEADLINE, || {
        let answers = scene.records(&scene.kafka.topics.predictions).ok()?;
        let answers: Vec<Value> = answers.iter().filter_map(|answer| json_of(answer).ok()).collect();
        let of_it = answers.iter().filter(|answer| answer["generation"].as_u64() == Some(generation.0));
        let ids: BTreeSet<&str> = of_it.filter_map(|answer| answer["id"].as_str()).collect();
        (ids.len() == EVENTS).then_some(())
    })
}

/// Labelled events, until the leader has learned them and nothing moves any more.
fn teach(scene: &Scene, leader: &Running, from: usize) -> Result<()> {
    let (sink, topics) = (Sink::open(&scene.kafka)?, &scene.kafka.topics);
    for id in from..from + LABELS {
        let event =
            json!({ "id": id.to_string(), "time": id, "features": { "amount": id % 7, "country": "NL" } });
        let label = ["low", "middle", "high"][id % 7 / 3];
        let label = json!({ "id": id.to_string(), "time": id, "label": label });
        sink.send(&topics.events, None, event.to_string().as_bytes(), None)?;
        sink.send(&topics.labels, None, label.to_string().as_bytes(), None)?;
    }
    sink.flush(DEADLINE)?;
    has_learned(leader, from + LABELS)
}

/// Until it has learned so many labels: one that starts again answers before it has come that far once more.
fn has_learned(leader: &Running, labels: usize) -> Result<()> {
    let wanted = labels as f64;
    wait_until("all labels learned", DEADLINE, || {
        metric(&leader.pages, "driftform_learn_outcomes_total").ok().filter(|outcomes| *outcomes >= wanted)
    })?;
    Ok(())
}

/// Nothing is learned any more: the follower comes to serve the leader's generation, and says what it says, bit for bit.
fn says_the_same(leader: &mut Running, follower: &mut Running, model: &str) -> Result<()> {
    let (generation, bits) = leader.asked(model)?;
    wait_until(&format!("generation {} is followed", generation.0), DEADLINE, || {
        metric(&follower.pages, GENERATION).ok().filter(|serves| (serves - generation.0 as f64).abs() < 0.5)
    })
    .with_context(|| follower.process.tail())?;
    ensure!(follower.asked(model)? == (generation, bits), "the follower says something else");
    Ok(())
}

/// The same of a leader that was killed and gives numbers again: that the follower has such a number does not tell yet
/// whose it is.
fn comes_to_say_the_same(leader: &mut Running, follower: &mut Running, model: &str) -> Result<()> {
    let said = leader.asked(model)?;
    wait_until(&format!("generation {} is followed", said.0.0), DEADLINE, || {
        follower.asked(model).ok().filter(|follows| *follows == said)
    })
    .with_context(|| follower.process.tail())?;
    Ok(())
}

/// A leader that publishes there teaches, is killed, starts again and teaches on; a follower says what it says.
fn follows(scene: &Scene, directory: &str) -> Result<()> {
    let model = scene.kafka.topics.events.strip_suffix(".events").context("the model's name")?.to_owned();
    let mut leader = lead(scene, directory, 0.2)?;
    let mut follower = follow(scene, directory, "a")?;
    teach(scene, &leader, 0)?;
    says_the_same(&mut leader, &mut follower, &model)?;
    let told = metric(&leader.pages, "driftform_publish_total{result=\"told\"}")?;
    ensure!(told >= 1.0, "{told}");
    leader.process.kill()?;
    let (_, before) = follower.asked(&model)?;
    let mut leader = lead(scene, directory, 0.2)?;
    has_learned(&leader, LABELS)?;
    comes_to_say_the_same(&mut leader, &mut follower, &model)?;
    ensure!(!before.is_empty(), "a follower answers without its leader");
    teach(scene, &leader, LABELS)?;
    says_the_same(&mut leader, &mut follower, &model)?;
    ensure!(
        metric(&follower.pages, "driftform_follow_total{result=\"refused\"}")? < 0.5,
        "{}",
        follower.process.tail()
    );
    follower.process.terminate()?;
    ensure!(follower.process.wait_exit(DEADLINE)?.success(), "it ends in order");
    Ok(())
}

#[test]
fn what_a_real_leader_learns_is_followed_and_so_is_it_after_a_kill() -> Result<()> {
    let scene = Scene::set("leader", SETTINGS)?;
    follows(&scene, &published(&scene))
}

#[test]
fn what_a_leader_puts_into_a_bucket_is_followed_and_an_outage_of_it_stops_nobody() -> Result<()> {
    let (store, folder) = (ObjectStore::start()?, tempfile::tempdir()?);
    let scene = Scene::set("leader", &format!("{}\n{SETTINGS}", store.section(folder.path())?))?;
    let directory = store.location("fleet")?.to_string();
    follows(&scene, &directory)?;

    // Whoever follows anew finds what was told last where it was put, once the store answers again.
    let model = scene.kafka.topics.events.strip_suffix(".events").context("the model's name")?.to_owned();
    store.set_down(true);
    let mut follower = follow(&scene, &directory, "b")?;
    let failed = "driftform_follow_total{result=\"failed\"}";
    wait_until("it cannot fetch", DEADLINE, || {
        metric(&follower.pages, failed).ok().filter(|count| *count > 0.5)
    })?;
    ensure!(get(&follower.pages, "/readyz")?.0 == 503, "it has no model, but it is ready");
    store.set_down(false);
    ensure!(!follower.asked(&model)?.1.is_empty(), "it serves");
    ensure!(!follower.process.tail().contains(SECRET), "the log has the key");
    Ok(())
}
