//! A feature and a class that nobody has declared come along: the daemon goes on, learns both and answers
//! with them; it is never restarted for it, and a kill afterwards does not make it forget.

use adapters::kafka::{KafkaConfig, KafkaError, Sink, read_topic};
use anyhow::{Context as _, Result, ensure};
use model::Timestamp;
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;
use serde_json::{Value, json};
use tests::http::metric;
use tests::process::wait_until;
use tests::scene::{DEADLINE, Scene, json_of};

/// Rows between an event and its label.
const LABEL_DELAY: usize = 20;
/// Events sent before the daemon has to catch up.
const SLICE: usize = 200;
const SETTINGS: &str = r#"
    search = { window_outcomes = 100000 }
    budget = { compute_seconds = 10.0 }
    [schema]
    evolve = "adopt"
    classes = ["low", "high"]
    features = [{ name = "x", kind = "numeric" }]
"#;

/// Sends events whose class `x` decides, until they have a colour: then red ones are of a class of their own.
struct Stream {
    sink: Sink,
    kafka: KafkaConfig,
    rng: Pcg64,
    labels: Vec<&'static str>,
    coloured: bool,
}

impl Stream {
    fn events(&mut self, address: &str, count: usize) -> Result<()> {
        for _ in 0..count.div_ceil(SLICE) {
            (0..SLICE).try_for_each(|_| self.event())?;
            self.sink.flush(DEADLINE)?;
            let labels = (self.labels.len() - LABEL_DELAY) as f64;
            wait_until("all labels learned", DEADLINE, || {
                metric(address, "driftform_learn_outcomes_total").ok().filter(|outcomes| *outcomes >= labels)
            })?;
        }
        Ok(())
    }

    fn event(&mut self) -> Result<()> {
        let now = self.labels.len();
        let x = self.rng.random_range(-1.0..1.0_f64);
        let red = self.coloured && self.rng.random_bool(0.4);
        let mut features = json!({ "x": x });
        if self.coloured {
            features["colour"] = json!(if red { "red" } else { "blue" });
        }
        self.labels.push(if red {
            "red"
        } else if x > 0.0 {
            "high"
        } else {
            "low"
        });
        let event = json!({ "id": now.to_string(), "time": now, "features": features });
        self.send(&self.kafka.topics.events, now, &event)?;
        let Some(of) = now.checked_sub(LABEL_DELAY) else { return Ok(()) };
        let label = json!({ "id": of.to_string(), "time": now, "label": self.labels[of] });
        self.send(&self.kafka.topics.labels, now, &label)
    }

    fn send(&self, topic: &str, time: usize, value: &Value) -> Result<()> {
        let time = Timestamp(i64::try_from(time)?);
        Ok(self.sink.send(topic, None, value.to_string().as_bytes(), Some(time))?)
    }
}

fn adoptions(address: &str) -> Result<(f64, f64)> {
    let of = |kind| metric(address, &format!("driftform_schema_adoptions_total{{kind=\"{kind}\"}}"));
    Ok((of("feature")?, of("class")?))
}

/// Of the last answers, most red events are answered with the class that nobody declared.
fn check_answers(scene: &Scene, stream: &Stream) -> Result<()> {
    let events = stream.labels.len();
    let answers = wait_until("every event answered", DEADLINE, || {
        scene.records(&scene.kafka.topics.predictions).ok().filter(|answers| answers.len() >= events)
    })?;
    let (mut red, mut right) = (0, 0);
    for answer in &answers[answers.len() - SLICE..] {
        let answer = json_of(answer)?;
        ensure!(answer["probabilities"]["red"].is_number(), "the new class is not in {answer}");
        let id: usize = answer["id"].as_str().context("an id")?.parse()?;
        if stream.labels[id] == "red" {
            red += 1;
            right += usize::from(answer["prediction"] == "red");
        }
    }
    ensure!(
        red > SLICE / 5 && right * 10 > red * 8,
        "{right} of {red} red events are answered with their class"
    );
    Ok(())
}

fn check_decisions(scene: &Scene) -> Result<()> {
    let (kafka, decisions) = (&scene.kafka, scene.decisions()?);
    let adopted = |kind: &str, name: &str| {
        let told = |event: &&Value| {
            event["event"] == "schema_adopted" && event["kind"] == kind && event["name"] == name
        };
        decisions.iter().filter(told).count()
    };
    ensure!(adopted("feature", "colour") == 1 && adopted("class", "red") == 1, "{decisions:?}");
    match read_topic(kafka, &kafka.topics.dead_letters, 0, DEADLINE) {
        // A broker that creates topics when they are first written has none of them.
        Err(KafkaError::NoTopic { .. }) => Ok(()),
        dead => {
            let dead = dead?;
            ensure!(dead.is_empty(), "{} dead letters", dead.len());
            Ok(())
        }
    }
}

#[test]
fn what_nobody_declared_is_learned_and_answered_without_a_restart() -> Result<()> {
    let scene = Scene::set("evolve", SETTINGS)?;
    let (mut daemon, address) = scene.start()?;
    let kafka = &scene.kafka;
    let (sink, rng) = (Sink::open(kafka)?, Pcg64::seed_from_u64(7));
    let mut stream = Stream { sink, kafka: kafka.clone(), rng, labels: Vec::new(), coloured: false };
    stream.events(&address, 600)?;
    ensure!(adoptions(&address)? == (0.0, 0.0), "nothing new has come yet");

    stream.coloured = true;
    stream.events(&address, 1_400)?;
    let seen = wait_until("what is new is told", DEADLINE, || {
        adoptions(&address).ok().filter(|seen| *seen == (1.0, 1.0))
    })?;
    check_answers(&scene, &stream)?;
    check_decisions(&scene)?;

    daemon.kill()?;
    let (daemon, address) = scene.start()?;
    stream.events(&address, SLICE)?;
    ensure!(adoptions(&address)? == seen, "it forgot, or took it in twice");
    daemon.terminate()
}
