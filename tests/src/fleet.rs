//! Fleet: followers as real processes beside a leader in this one, whose promotions and rollbacks are ordered, not earned.
//!
//! Lives here: models that differ in every bit, publishing them, starting followers and asking them. May not: say what has to
//! come of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use daemon::config::Config;
use daemon::fleet::{Facts, Leader, Publication, Publisher};
use daemon::slot::{Served, Standing};
use daemon::telemetry::Telemetry;
use model::schema::BUCKETS_DEFAULT;
use model::{
    Activation, Architecture, Block, Context, Device, Encoder, Generation, Hyper, Mixture, MixtureNetwork,
    MixtureWeights, Model, Row, Shape, Timestamp, Truth, category_value,
};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;
use serde_json::{Value, json};

use crate::http::send;
use crate::process::Process;
use crate::scene::{DEADLINE, Scene, address_in, road_in};

/// What the leader and all followers have in common.
pub const SETTINGS: &str = r#"
    serve = { http_listen = "127.0.0.1:0" }
    [schema]
    classes = ["low", "middle", "high"]
    features = [
      { name = "amount", kind = "numeric" },
      { name = "country", kind = "categorical" },
      { name = "member", kind = "boolean" },
    ]
"#;
/// Names that the environment has for what followers differ in.
const ID: &str = "DRIFTFORM__FOLLOW__ID";
const DIRECTORY: &str = "DRIFTFORM__PUBLISH__DIRECTORY";
/// Rows of a question.
const ROWS: usize = 5;
/// Weights are within this of zero.
const WEIGHT_MAX: f32 = 0.9;
/// Units of a block.
const WIDTH: u16 = 8;
const COUNTRIES: [&str; ROWS] = ["NL", "DE", "", "FR", "NL"];

/// A leader whose changes are ordered.
pub struct OrderedLeader {
    config: Config,
    publisher: Publisher,
    leader: Leader,
    /// What is served, and what it has come to.
    pub facts: Facts,
    newest: u64,
    displaced: Option<Generation>,
    times: i64,
}

/// A follower's process, and where it is asked.
pub struct Running {
    /// The process.
    pub process: Process,
    /// Its pages.
    pub pages: String,
    /// Where it answers; known once it has a model.
    pub road: Option<String>,
}

impl OrderedLeader {
    /// One that serves its first champion and has told nothing.
    pub fn new(scene: &Scene, canary: f64) -> Result<Self> {
        let environment = BTreeMap::from([(DIRECTORY.to_owned(), published(scene))]);
        let config = Config::load(Some(scene.config()), &environment)?;
        let publish = config.publish.clone().context("a directory is named")?;
        let leader = Leader::new(&config.name, 1, publish.every, canary, None);
        daemon::fleet::prepare(&config)?;
        let publisher = Publisher::start(publish, &config.kafka, &config.name, Telemetry::new().fleet)?;
        let generation = Generation(1);
        let facts = Facts { generation, promotions: 0, reliefs: 0, rollbacks: 0, watching: false };
        Ok(Self { config, publisher, leader, facts, newest: 1, displaced: None, times: 0 })
    }

    /// Another network serves, and is watched.
    pub fn promote(&mut self) {
        self.displaced = Some(self.facts.generation);
        self.newest += 1;
        self.facts.generation = Generation(self.newest);
        self.facts.promotions += 1;
        self.facts.watching = true;
    }

    /// The displaced one serves again, if there is one.
    pub fn roll_back(&mut self) {
        if let Some(displaced) = self.displaced.take() {
            self.facts.generation = displaced;
            self.facts.rollbacks += 1;
            self.facts.watching = false;
        }
    }

    /// The watch has ended well.
    pub fn keep(&mut self) {
        self.displaced = None;
        self.facts.watching = false;
    }

    /// Tells what is to be told now; what it was, if it was anything.
    pub fn tell(&mut self) -> Result<Option<adapters::fleet::Dispatch>> {
        self.times += 1;
        let time = Timestamp(self.times * 3_600_000);
        let Some(occasion) = self.leader.occasion(&self.facts, time) else { return Ok(None) };
        let served = served(&self.config, self.facts.generation)?;
        let publication = Publication::of(&served, self.leader.epoch())?;
        let mail = self.leader.tell(occasion, self.facts, time, publication);
        let dispatch = mail.dispatch.clone();
        self.publisher.post(mail);
        Ok(Some(dispatch))
    }

    /// What the model of a generation says to the question that followers are asked.
    pub fn says(&self, generation: Generation) -> Result<Vec<u32>> {
        let rows = rows()?;
        let said = served(&self.config, generation)?.model.predict(&rows.iter().collect::<Vec<_>>())?;
        Ok(said.iter().flat_map(|output| output.0.iter().map(|value| value.to_bits())).collect())
    }
}

/// Starts a follower of this name, of a leader that publishes there, and waits until it tells where its pages are.
pub fn follow(scene: &Scene, directory: &str, id: &str) -> Result<Running> {
    let mut command = scene.command()?;
    command.args(["--role", "follower"]).env(ID, id).env(DIRECTORY, directory);
    let mut process = Process::start(command)?;
    let line = process.wait_for_line(DEADLINE, |line| address_in(line).is_some())?;
    let pages = address_in(&line).context("an address")?;
    Ok(Running { process, pages, road: None })
}

/// Starts a real leader that publishes there, so often.
pub fn lead(scene: &Scene, directory: &str, every_seconds: f64) -> Result<Running> {
    let mut command = scene.command()?;
    command.env(DIRECTORY, directory);
    command.env("DRIFTFORM__PUBLISH__EVERY_SECONDS", every_seconds.to_string());
    let (process, pages) = Scene::started(Process::start(command)?)?;
    let road = road_in(&process.tail(), "http");
    Ok(Running { process, pages, road })
}

/// A directory beside the state of this scene.
pub fn published(scene: &Scene) -> String {
    scene.state().with_file_name("published").display().to_string()
}

impl Running {
    /// The generation that answers, and the bits of what it says to the question; waits for a first model.
    pub fn asked(&mut self, model: &str) -> Result<(Generation, Vec<u32>)> {
        if self.road.is_none() {
            let line = self.process.wait_for_line(DEADLINE, |line| road_in(line, "http").is_some())?;
            self.road = road_in(&line, "http");
        }
        let road = self.road.as_deref().context("it answers somewhere")?;
        let path = format!("/v2/models/{model}/infer");
        let answer = send(road, "POST", &path, &[], question().to_string().as_bytes())?;
        ensure!(answer.code == 200, "{}", String::from_utf8_lossy(&answer.body));
        let answer: Value = serde_json::from_slice(&answer.body)?;
        let generation = answer["parameters"]["generation"].as_u64().context("a generation")?;
        let outputs = answer["outputs"].as_array().context("outputs")?;
        let output =
            outputs.iter().find(|output| output["name"] == "probabilities").context("probabilities")?;
        let data = output["data"].as_array().context("data")?;
        let bits = data.iter().map(|value| Ok((value.as_f64().context("a number")? as f32).to_bits()));
        Ok((Generation(generation), bits.collect::<Result<_>>()?))
    }
}

fn amount(row: usize) -> f32 {
    row as f32 * 1.37 - 2.0
}

fn question() -> Value {
    let amounts: Vec<f32> = (0..ROWS).map(amount).collect();
    json!({ "inputs": [
        { "name": "amount", "shape": [ROWS], "datatype": "FP32", "data": amounts },
        { "name": "country", "shape": [ROWS], "datatype": "BYTES", "data": COUNTRIES },
    ] })
}

/// The same, as the leader reads it: nothing is said of `member`, and an empty name is missing.
fn rows() -> Result<Vec<Row>> {
    let country = |name: &str| if name.is_empty() { f32::NAN } else { category_value(name, BUCKETS_DEFAULT) };
    (0..ROWS).map(|row| Ok(Row::new(vec![amount(row), country(COUNTRIES[row]), f32::NAN])?)).collect()
}

/// A model of this generation: the same for the same one, and no two alike in anything they have.
fn served(config: &Config, generation: Generation) -> Result<Served> {
    let mut rng = Pcg64::seed_from_u64(generation.0);
    let schema = Arc::clone(&config.learn.schema);
    let mut encoder = Encoder::new(&schema);
    let mut context = Context::default();
    for row in 0..20 {
        let (amount, country) =
            (rng.random_range(-3.0..3.0), category_value(COUNTRIES[row % ROWS], BUCKETS_DEFAULT));
        encoder.observe(&Row::new(vec![amount, country, 1.0])?);
        context.observe(&Truth::Class(rng.random_range(0..3)));
    }
    let shape = Shape::with_labels(encoder.width(), schema.target());
    let blocks = vec![Block::plain(WIDTH, Activation::Relu); 1 + (generation.0 % 2) as usize];
    let hidden = Architecture { blocks, context: 1, ..Architecture::linear(Hyper::default()) };
    let mixture = Mixture {
        members: vec![Architecture::linear(Hyper::default()), hidden],
        ..config.learn.start.clone()
    };
    let mut weights = MixtureWeights::initial(&mixture, shape, generation.0);
    for table in weights.members.iter_mut().flat_map(|member| member.0.values_mut()) {
        table.data.fill_with(|| rng.random_range(-WEIGHT_MAX..WEIGHT_MAX));
    }
    let network = MixtureNetwork::from_weights(&mixture, shape, &weights, &Device::cpu())?;
    let model = Model::new(schema, encoder, network)?.knowing(context);
    Ok(Served { generation, model, prior_only: false, standing: Standing::Champion })
}
