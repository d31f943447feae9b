//! The loop closes: a stream that no linear model can follow is searched, a promotion is earned, the
//! concept turns over and is noticed; bad records are put aside; kill -9 and SIGTERM lose nothing.

use adapters::kafka::{KafkaConfig, Sink};
use anyhow::{Context as _, Result, ensure};
use model::Timestamp;
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;
use serde_json::{Value, json};
use tests::http::{get, metric};
use tests::process::wait_until;
use tests::scene::{DEADLINE, Scene, json_of};

/// Rows between an event and its label.
const LABEL_DELAY: usize = 100;
/// Events sent before the daemon has to catch up.
const SLICE: usize = 400;
/// Events after which a promotion or a drift has to have come.
const EVENTS_MAX: usize = 60_000;
const OUTCOMES: &str = "driftform_learn_outcomes_total";
const SETTINGS: &str = r#"
    cold_start = { outcomes = 200 }
    mixture = { members = [{}] }
    search = { window_outcomes = 200, rungs = [1, 3], cooldown_outcomes = 400, plateau_outcomes = 400 }
    detect = { average_run_length = 5000.0, reference_outcomes = 500 }
    [schema]
    classes = ["same", "different"]
    features = [{ name = "x", kind = "numeric" }, { name = "y", kind = "numeric" }]
"#;

/// Sends exclusive-or: linear models cannot do better than a coin.
struct Stream {
    sink: Sink,
    kafka: KafkaConfig,
    rng: Pcg64,
    /// Truths of events sent; the position is the id.
    truths: Vec<bool>,
    labelled: usize,
    turned: bool,
}

impl Stream {
    fn new(kafka: &KafkaConfig) -> Result<Self> {
        let (sink, rng) = (Sink::open(kafka)?, Pcg64::seed_from_u64(7));
        Ok(Self { sink, kafka: kafka.clone(), rng, truths: Vec::new(), labelled: 0, turned: false })
    }

    /// One slice of events, and the labels that are due.
    fn slice(&mut self) -> Result<()> {
        for _ in 0..SLICE {
            let number = self.truths.len();
            let (x, y) = (self.rng.random_range(-1.0..1.0), self.rng.random_range(-1.0..1.0_f64));
            self.truths.push((x * y > 0.0) != self.turned);
            let event = json!({ "id": number.to_string(), "time": number, "features": { "x": x, "y": y } });
            self.send(&self.kafka.topics.events, number, &event)?;
            if number >= LABEL_DELAY {
                self.label(number)?;
            }
        }
        Ok(self.sink.flush(DEADLINE)?)
    }

    fn label(&mut self, now: usize) -> Result<()> {
        let of = self.labelled;
        let label = if self.truths[of] { "same" } else { "different" };
        self.labelled += 1;
        self.send(
            &self.kafka.topics.labels,
            now,
            &json!({ "id": of.to_string(), "time": now, "label": label }),
        )
    }

    fn send(&self, topic: &str, time: usize, value: &Value) -> Result<()> {
        let time = Timestamp(i64::try_from(time)?);
        Ok(self.sink.send(topic, None, value.to_string().as_bytes(), Some(time))?)
    }

    /// Feeds slices, each after the last has been learned, until the series has reached `least`.
    fn feed_until(&mut self, address: &str, series: &str, least: f64) -> Result<()> {
        while self.truths.len() < EVENTS_MAX {
            self.slice()?;
            self.learned(address)?;
            if metric(address, series)? >= least {
                return Ok(());
            }
        }
        anyhow::bail!("{series} has not reached {least} after {EVENTS_MAX} events")
    }

    /// Waits until every label sent has become an outcome: none lost, none counted twice.
    fn learned(&self, address: &str) -> Result<()> {
        let wanted = self.labelled as f64;
        let seen = wait_until("all labels learned", DEADLINE, || {
            metric(address, OUTCOMES).ok().filter(|outcomes| *outcomes >= wanted)
        })?;
        ensure!((seen - wanted).abs() < 0.5, "{seen} outcomes of {wanted} labels");
        Ok(())
    }
}

fn poison(stream: &Stream) -> Result<()> {
    let topics = &stream.kafka.topics;
    let sink = &stream.sink;
    let now = Some(Timestamp(0));
    sink.send(&topics.events, None, b"not json", now)?;
    sink.send(&topics.events, None, br#"{"id": "p1", "features": {"x": "text", "y": 1}}"#, now)?;
    sink.send(&topics.events, None, br#"{"id": "p2", "features": {"x": NaN, "y": 1}}"#, now)?;
    sink.send(&topics.labels, None, br#"{"id": "p3", "label": "neither"}"#, now)?;
    sink.send(&topics.labels, None, br#"{"id": "nobody", "time": 0, "label": "same"}"#, now)?;
    Ok(sink.flush(DEADLINE)?)
}

/// Every event has an answer that carries its generation; after a kill the group takes a while to notice.
fn check_answers(scene: &Scene, events: usize) -> Result<()> {
    let predictions = wait_until("every event answered", DEADLINE, || {
        scene.records(&scene.kafka.topics.predictions).ok().filter(|answers| answers.len() >= events)
    })?;
    let last = json_of(predictions.last().context("there are answers")?)?;
    ensure!(last["generation"].as_u64().is_some_and(|generation| generation > 0), "no generation in {last}");
    ensure!(last["probabilities"]["same"].is_number(), "no probabilities in {last}");
    Ok(())
}

fn check_decisions(scene: &Scene) -> Result<()> {
    let dead = scene.records(&scene.kafka.topics.dead_letters)?;
    ensure!(dead.len() >= 4, "{} dead letters of 4 poisoned records", dead.len());
    ensure!(dead.iter().any(|letter| letter.payload == b"not json"), "the original bytes are not there");
    let reasons = dead.iter().flat_map(|letter| &letter.headers);
    let reasons: Vec<_> =
        reasons.filter(|(name, _)| name == "__connect.errors.exception.class.name").collect();
    ensure!(reasons.len() == dead.len(), "a dead letter does not say why");
    let promoted = scene.decisions()?.iter().any(|event| event["event"] == "promoted");
    ensure!(promoted, "no promotion among the decisions");
    Ok(())
}

#[test]
fn a_promotion_is_earned_drift_is_found_and_nothing_is_lost() -> Result<()> {
    let scene = Scene::set("loop", SETTINGS)?;
    let (mut daemon, address) = scene.start()?;
    let (code, body) = get(&address, "/readyz")?;
    ensure!(code == 503 && body.contains("only the prior is served"), "{code} {body}");
    let mut stream = Stream::new(&scene.kafka)?;
    poison(&stream)?;
    stream.feed_until(&address, r#"driftform_swaps_total{change="promotion"}"#, 1.0)?;
    ensure!(get(&address, "/readyz")?.0 == 200, "a champion serves, but it is not ready");

    daemon.kill()?;
    stream.slice()?;
    let (mut daemon, address) = scene.start()?;
    stream.learned(&address)?;
    let promotions = metric(&address, r#"driftform_swaps_total{change="promotion"}"#)?;
    ensure!(promotions >= 1.0, "the promotion did not survive the kill");

    let drifts = metric(&address, "driftform_drift_alarms_total")?;
    stream.turned = true;
    stream.feed_until(&address, "driftform_drift_alarms_total", drifts + 1.0)?;
    check_answers(&scene, stream.truths.len())?;
    daemon.terminate()?;
    let status = daemon.wait_exit(DEADLINE)?;
    ensure!(status.success(), "SIGTERM ended it with {status}; the log ends with\n{}", daemon.tail());
    check_decisions(&scene)
}
