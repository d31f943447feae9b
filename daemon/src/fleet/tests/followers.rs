//! Followers beside a real publisher and a broker in this process: what is not the model that was meant never serves.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use adapters::console::Status;
use adapters::fleet::{Artifact, Dispatch, Occasion};
use adapters::http::Health;
use adapters::kafka::{EmbeddedBroker, Sink};
use model::{Device, Generation, Model, Row, Timestamp};
use tempfile::TempDir;
use tokio::sync::watch;

use super::super::{Follower, Leader, Publication, Publisher};
use super::{EVERY, facts};
use crate::config::Config;
use crate::slot::{Served, Standing};
use crate::telemetry::Telemetry;

const WAIT: Duration = Duration::from_mins(1);
const SCHEMA: &str = "classes = [\"a\", \"b\"]\nfeatures = [{ name = \"x\", kind = \"numeric\" }]";

/// A broker, a directory, and a leader that publishes there.
struct Scene {
    config: Config,
    publisher: Publisher,
    leader: Leader,
    _broker: EmbeddedBroker,
    folder: TempDir,
}

impl Scene {
    fn set() -> Self {
        let broker = EmbeddedBroker::start(&["fraud.models"]).expect("a broker");
        let folder = tempfile::tempdir().expect("a folder");
        let config = config(broker.bootstrap(), folder.path(), SCHEMA);
        let publish = config.publish.clone().expect("a directory is named");
        let metrics = Telemetry::new().fleet;
        let publisher = Publisher::start(publish, &config.kafka, "fraud", metrics).expect("a publisher");
        let leader = Leader::new("fraud", 1, EVERY, 1.0, None);
        Self { config, publisher, leader, _broker: broker, folder }
    }

    fn publish(&mut self, generation: u64, rollbacks: u64) -> Artifact {
        let now = super::Facts { rollbacks, ..facts(generation) };
        let time = Timestamp(i64::try_from(generation + rollbacks).expect("small") * 20_000);
        let occasion = self.leader.occasion(&now, time).expect("it is another one");
        let publication = Publication::of(&served(&self.config, generation), 1).expect("it can be written");
        let artifact = publication.artifact.clone();
        self.publisher.post(self.leader.tell(occasion, now, time, publication));
        artifact
    }

    fn path(&self, artifact: &Artifact) -> PathBuf {
        self.folder.path().join("fraud").join(&artifact.name)
    }
}

fn config(brokers: &str, directory: &Path, schema: &str) -> Config {
    let directory = directory.display();
    let text = format!(
        "model = {{ name = \"fraud\" }}\nkafka = {{ brokers = \"{brokers}\" }}
         publish = {{ directory = \"{directory}\", every_seconds = 0.1, keep = 1 }}\n[schema]\n{schema}"
    );
    Config::parse(&text).expect("a small valid configuration")
}

/// A model that says how often it has seen each class.
fn served(config: &Config, generation: u64) -> Served {
    let model = Model::prior(Arc::clone(&config.learn.schema), &[generation, 1], &Device::cpu());
    Served {
        generation: Generation(generation),
        model: model.expect("a prior"),
        prior_only: false,
        standing: Standing::Champion,
    }
}

fn follower(config: &Config) -> (Follower, watch::Receiver<Health>) {
    let (health, seen) = watch::channel(Health::default());
    let (status, _) = watch::channel(Status::default());
    (Follower::new(config, Telemetry::new(), health, status).expect("a follower"), seen)
}

fn next(follower: &mut Follower) -> Served {
    let until = Instant::now() + WAIT;
    while Instant::now() < until {
        if let Some(served) = follower.turn(Duration::from_millis(20)) {
            return served;
        }
    }
    panic!("nothing came within {WAIT:?}");
}

/// Turns until something is wrong with the model; returns what.
fn trouble(follower: &mut Follower, health: &watch::Receiver<Health>, word: &str) {
    let until = Instant::now() + WAIT;
    while Instant::now() < until {
        assert!(follower.turn(Duration::from_millis(20)).is_none(), "{word}: nothing is served");
        if let Some(Err(why)) = health.borrow().check("model")
            && why.contains(word)
        {
            return;
        }
    }
    panic!("no `{word}` within {WAIT:?}: {:?}", health.borrow().check("model"));
}

#[test]
fn it_says_bit_for_bit_what_the_leader_says_and_goes_back_on_a_rollback() {
    let mut scene = Scene::set();
    let (mut follower, _) = follower(&scene.config);
    for (generation, rollbacks) in [(3, 0), (5, 0), (3, 1)] {
        scene.publish(generation, rollbacks);
        let got = next(&mut follower);
        assert_eq!(got.generation, Generation(generation));
        let rows = [Row::new(vec![0.5]).expect("finite"), Row::new(vec![f32::NAN]).expect("missing")];
        let rows: Vec<&Row> = rows.iter().collect();
        let said = |model: &Model| model.predict(&rows).expect("it answers");
        let (said, expected) = (said(&got.model), said(&served(&scene.config, generation).model));
        let bits = |outputs: Vec<model::Output>| -> Vec<u32> {
            outputs.iter().flat_map(|output| output.0.iter().map(|value| value.to_bits())).collect()
        };
        assert_eq!(bits(said), bits(expected));
    }
}

#[test]
fn a_model_that_was_altered_or_cut_short_never_serves_and_the_next_one_does() {
    let mut scene = Scene::set();
    let (mut follower, health) = follower(&scene.config);
    scene.publish(2, 0);
    next(&mut follower);
    let other = served(&scene.config, 9).model.to_files().expect("files");
    let damages: [(&str, &str); 3] = [
        ("manifest.json", "does not have the digest"),
        ("model.safetensors", "does not match the digest"),
        ("gone", "does not exist"),
    ];
    for (at, (file, word)) in damages.into_iter().enumerate() {
        let generation = 10 + at as u64;
        // Damaged before it is told of: the publisher takes what is there for what it would write.
        let model = served(&scene.config, generation);
        let artifact = Publication::of(&model, 1).expect("it can be written").artifact;
        let path = scene.path(&artifact);
        if file == "gone" {
            tell(&scene, artifact);
        } else {
            std::fs::create_dir_all(&path).expect("a folder");
            for (name, bytes) in model.model.to_files().expect("files") {
                let changed = other.iter().find(|(other, _)| *other == name && name == file);
                let bytes = changed.map_or(bytes, |(_, bytes)| bytes[..bytes.len() / 2].to_vec());
                std::fs::write(path.join(name), bytes).expect("a file");
            }
            scene.publish(generation, 0);
        }
        trouble(&mut follower, &health, word);
    }
    scene.publish(20, 0);
    assert_eq!(next(&mut follower).generation, Generation(20));
}

fn tell(scene: &Scene, artifact: Artifact) {
    let dispatch = Dispatch::new("fraud", [1, 0], Occasion::Refresh, Timestamp(0), artifact);
    let sink = Sink::open(&scene.config.kafka).expect("a sink");
    let bytes = dispatch.encode().expect("it can be written");
    sink.send("fraud.models", Some(b"fraud"), &bytes, None).expect("there is room");
    sink.flush(WAIT).expect("the broker takes it");
}

#[test]
fn a_model_of_another_schema_never_serves() {
    let mut scene = Scene::set();
    let other = SCHEMA.replace("\"x\"", "\"y\"");
    let (mut follower, health) = follower(&config(&scene.config.kafka.brokers, scene.folder.path(), &other));
    scene.publish(2, 0);
    trouble(&mut follower, &health, "its schema did not grow out of the one");
}

#[test]
fn what_no_dispatch_speaks_of_goes_and_nothing_is_told_before_it_is_there() {
    let mut scene = Scene::set();
    let first = scene.publish(2, 0);
    let (mut follower, _) = follower(&scene.config);
    next(&mut follower);
    let second = scene.publish(3, 0);
    next(&mut follower);
    assert!(scene.path(&second).is_dir());
    let until = Instant::now() + WAIT;
    while scene.path(&first).is_dir() {
        assert!(Instant::now() < until, "the old one stays");
        follower.turn(Duration::from_millis(20));
    }
}
