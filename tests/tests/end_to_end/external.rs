//! A champion that is not ours: one that is wrong too often is taken over from, with its answers on the predictions topic
//! until then; one that never is stays; and events that it did not answer are counted and compared with nothing.

use adapters::kafka::{KafkaConfig, Sink};
use anyhow::{Result, ensure};
use model::Timestamp;
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;
use serde_json::{Value, json};
use tests::http::{get, metric};
use tests::process::wait_until;
use tests::scene::{DEADLINE, Scene, json_of};
use tests::stub::Stub;

use crate::loop_closes::history;

/// Rows between an event and its label: longer than a slice, so that nothing is known of the first while it is answered.
const LABEL_DELAY: usize = 300;
/// Events sent before the daemon has to catch up.
const SLICE: usize = 250;
/// Events after which a takeover has to have come, or surely will not.
const EVENTS_MAX: usize = 4_000;
/// One event in so many comes without its answer.
const SILENT_EVERY: usize = 10;
const OUTCOMES: &str = "driftform_learn_outcomes_total";
const TAKEOVERS: &str = r#"driftform_swaps_total{change="takeover"}"#;
const IN_EVENTS: &str = r#"
    champion = { external = "events" }
    codec = { event_prediction = "/answer/class" }
"#;
const SETTINGS: &str = r#"
    cold_start = { outcomes = 50 }
    mixture = { members = [{}] }
    search = { window_outcomes = 100000, cooldown_outcomes = 200 }
    [schema]
    classes = ["no", "yes"]
    features = [{ name = "x", kind = "numeric" }, { name = "y", kind = "numeric" }]
"#;

/// What a linear model can learn, and a model of somebody else that is wrong so often.
struct Stream {
    sink: Sink,
    kafka: KafkaConfig,
    rng: Pcg64,
    wrong: f64,
    truths: Vec<&'static str>,
    silent: usize,
}

impl Stream {
    fn new(kafka: &KafkaConfig, wrong: f64) -> Result<Self> {
        let (sink, rng) = (Sink::open(kafka)?, Pcg64::seed_from_u64(3));
        Ok(Self { sink, kafka: kafka.clone(), rng, wrong, truths: Vec::new(), silent: 0 })
    }

    /// One slice, learned to the last label.
    fn slice(&mut self, address: &str) -> Result<()> {
        for _ in 0..SLICE {
            let number = self.truths.len();
            let (x, y) = (self.rng.random_range(-1.0..1.0), self.rng.random_range(-1.0..1.0_f64));
            let names = if x + y > 0.0 { ["yes", "no"] } else { ["no", "yes"] };
            let said = names[usize::from(self.rng.random_bool(self.wrong))];
            self.truths.push(names[0]);
            let mut event =
                json!({ "id": number.to_string(), "time": number, "features": { "x": x, "y": y } });
            if number.is_multiple_of(SILENT_EVERY) {
                self.silent += 1;
            } else {
                event["answer"] = json!({ "class": said });
            }
            self.send(&self.kafka.topics.events, number, &event)?;
            if let Some(of) = number.checked_sub(LABEL_DELAY) {
                let label = json!({ "id": of.to_string(), "time": number, "label": self.truths[of] });
                self.send(&self.kafka.topics.labels, number, &label)?;
            }
        }
        self.sink.flush(DEADLINE)?;
        let (events, outcomes) = (self.truths.len(), self.truths.len().saturating_sub(LABEL_DELAY));
        wait_until("all events read, and all labels learned", DEADLINE, || {
            let read = count_of(address, "answered").ok()? + count_of(address, "missing").ok()?;
            let learned = metric(address, OUTCOMES).ok()?;
            (read >= events as f64 && learned >= outcomes as f64).then_some(())
        })?;
        Ok(())
    }

    fn send(&self, topic: &str, time: usize, value: &Value) -> Result<()> {
        let time = Timestamp(i64::try_from(time)?);
        Ok(self.sink.send(topic, None, value.to_string().as_bytes(), Some(time))?)
    }

    /// Feeds until there was a takeover; whether there was one.
    fn until_taken_over(&mut self, address: &str) -> Result<bool> {
        let most = self.truths.len() + EVENTS_MAX;
        while self.truths.len() < most && metric(address, TAKEOVERS)? < 1.0 {
            self.slice(address)?;
        }
        Ok(metric(address, TAKEOVERS)? >= 1.0)
    }

    fn check_counts(&self, address: &str) -> Result<()> {
        let (answered, missing) = (count_of(address, "answered")?, count_of(address, "missing")?);
        let expected = [(self.truths.len() - self.silent) as f64, self.silent as f64];
        ensure!(
            (answered - expected[0]).abs() < 0.5 && (missing - expected[1]).abs() < 0.5,
            "{answered} answered, {missing} missing, of {expected:?}"
        );
        Ok(())
    }
}

/// Events that came with the other one's answer, or without.
fn count_of(address: &str, result: &str) -> Result<f64> {
    metric(address, &format!("driftform_external_answers_total{{result=\"{result}\"}}"))
}

/// All answers so far: those of the other one first, ours from the takeover on.
fn answers(scene: &Scene, least: usize) -> Result<Vec<Value>> {
    let records = wait_until("answers", DEADLINE, || {
        scene.records(&scene.kafka.topics.predictions).ok().filter(|answers| answers.len() >= least)
    })?;
    records.iter().map(json_of).collect()
}

#[test]
fn one_that_is_wrong_too_often_is_taken_over_from() -> Result<()> {
    let scene = Scene::set("external", &format!("{IN_EVENTS}{SETTINGS}"))?;
    let (mut daemon, address) = scene.start()?;
    let mut stream = Stream::new(&scene.kafka, 0.4)?;
    stream.slice(&address)?;
    let first = answers(&scene, stream.truths.len() - stream.silent)?;
    let is_theirs = |answer: &Value| {
        answer["champion"] == "external" && answer["generation"].is_null() && answer["prediction"].is_string()
    };
    ensure!(first.iter().all(is_theirs), "an answer of ours got out");
    ensure!(
        get(&address, "/")?.1.contains("The external champion serves; this learns beside it."),
        "the status is silent"
    );
    ensure!(stream.until_taken_over(&address)?, "no takeover after {EVENTS_MAX} events");
    stream.check_counts(&address)?;
    stream.slice(&address)?;
    ensure!(metric(&address, "driftform_external_serves")? < 0.5, "it serves on");
    let events = stream.truths.len();
    let answers = answers(&scene, events - stream.silent)?;
    let ours = answers.last().is_some_and(|answer| answer["generation"].is_u64() && !is_theirs(answer));
    ensure!(ours, "who answers did not change: {:?}", answers.last());
    // It survives a kill, and so does its story.
    daemon.kill()?;
    let (mut daemon, address) = scene.start()?;
    ensure!(metric(&address, TAKEOVERS)? >= 1.0, "the takeover did not survive the kill");
    ensure!(metric(&address, "driftform_external_serves")? < 0.5, "it serves again");
    daemon.terminate()?;
    daemon.wait_exit(DEADLINE)?;
    let told = history(&scene.state(), &[])?;
    for word in ["contest begun", "took over", "TAKEOVER: generation"] {
        ensure!(told.contains(word), "no `{word}` in {told}");
    }
    ensure!(
        history(&scene.state(), &["--verify"])?.contains("are as they were written"),
        "the journal is broken"
    );
    let took_over = scene.decisions()?.iter().any(|event| event["type"] == "driftform.took_over");
    ensure!(took_over, "no takeover among the decisions");
    Ok(())
}

#[test]
fn one_that_is_never_wrong_stays() -> Result<()> {
    let scene = Scene::set("external", &format!("{IN_EVENTS}{SETTINGS}"))?;
    let (mut daemon, address) = scene.start()?;
    let mut stream = Stream::new(&scene.kafka, 0.0)?;
    ensure!(!stream.until_taken_over(&address)?, "a perfect champion was taken over from");
    stream.check_counts(&address)?;
    ensure!(metric(&address, "driftform_external_serves")? > 0.5, "it does not serve");
    ensure!(
        metric(&address, r#"driftform_quality_ratio{arm="external"}"#)? > 0.999,
        "it was said to be wrong"
    );
    let answers = answers(&scene, stream.truths.len() - stream.silent)?;
    ensure!(answers.iter().all(|answer| answer["champion"] == "external"), "an answer of ours got out");
    daemon.terminate()?;
    daemon.wait_exit(DEADLINE)?;
    Ok(())
}

#[test]
fn one_that_is_asked_is_taken_over_from_and_holds_up_nothing_while_it_is_down() -> Result<()> {
    let mut rng = Pcg64::seed_from_u64(9);
    let stub = Stub::start(move |row| {
        let names = if row.iter().sum::<f64>() > 0.0 { ["yes", "no"] } else { ["no", "yes"] };
        names[usize::from(rng.random_bool(0.4))]
    })?;
    let url = stub.url();
    let asked = format!(
        "champion = {{ external = \"oip\", url = \"{url}\", model = \"theirs\", timeout_seconds = 0.3 }}"
    );
    let scene = Scene::set("external-oip", &format!("{asked}{SETTINGS}"))?;
    let (mut daemon, address) = scene.start()?;
    let mut stream = Stream::new(&scene.kafka, 0.0)?;
    let count =
        |result: &str| metric(&address, &format!("driftform_external_asked_total{{result=\"{result}\"}}"));
    stub.set_down(true);
    stream.slice(&address)?;
    ensure!(count("answered")? < 0.5 && count("failed")? > 0.5, "it was down");
    ensure!(count_of(&address, "answered")? < 0.5, "somebody else answered");
    stub.set_down(false);
    for _ in 0..EVENTS_MAX {
        if count("answered")? > 0.5 {
            break;
        }
        stream.slice(&address)?;
    }
    ensure!(count("answered")? > 0.5, "it was never asked again");
    ensure!(stream.until_taken_over(&address)?, "no takeover after {EVENTS_MAX} events");
    let events = stream.truths.len();
    stream.slice(&address)?;
    let answers = answers(&scene, 1)?;
    ensure!(answers.len() <= events, "only what is answered after the takeover is on the topic");
    ensure!(
        answers.iter().all(|answer| answer["generation"].is_u64()),
        "an answer of ours has no generation"
    );
    daemon.terminate()?;
    daemon.wait_exit(DEADLINE)?;
    Ok(())
}
