//! Apache Kafka over TLS, which asks who is there and allows no more than docs/security.md says: the loop closes, and a wrong
//! password and an authority that is not the brokers' are told by the name of the key.
//!
//! Where `KAFKA_SECURE` names the folder that `.ci/kafka start DIR secure` makes; skipped elsewhere.

use std::fs;
use std::path::{Path, PathBuf};

use adapters::kafka::{KafkaConfig, Sink, read_topic};
use anyhow::{Context as _, Result, ensure};
use model::Timestamp;
use serde_json::json;
use tests::broker::{BOOTSTRAP_VARIABLE, unique_model};
use tests::http::metric;
use tests::process::{Process, wait_until};
use tests::scene::{DEADLINE, Scene};

const VARIABLE: &str = "KAFKA_SECURE";
/// As `.ci/kafka` allows it to its user.
const PREFIX: &str = "secure";
const EVENTS: i64 = 300;

/// What a client of the brokers needs.
struct Secure {
    folder: PathBuf,
    /// The way in for those who may do everything.
    open: String,
}

/// How a daemon goes about it.
#[derive(Clone, Copy)]
struct Way {
    ca: &'static str,
    password: &'static str,
}

const RIGHT: Way = Way { ca: "ca.pem", password: "password" };

impl Secure {
    fn find() -> Option<Self> {
        let told = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Some(Self { folder: PathBuf::from(told(VARIABLE)?), open: told(BOOTSTRAP_VARIABLE)? })
    }

    fn read(&self, name: &str) -> Result<String> {
        let text = fs::read_to_string(self.folder.join(name)).with_context(|| format!("reading {name}"))?;
        Ok(text.trim().to_owned())
    }

    fn start(&self, model: &str, folder: &Path, way: Way) -> Result<Process> {
        let config = folder.join("driftform.toml");
        let file = |name: &str| self.folder.join(name).display().to_string();
        let text = format!(
            r#"
            model = {{ name = "{model}" }}
            http = {{ listen = "127.0.0.1:0" }}
            state = {{ directory = "{state}", snapshot_every_seconds = 1 }}
            serve = {{ exactly_once = true }}
            search = {{ enabled = false }}
            [kafka]
            brokers = "{brokers}"
            create_topics = true
            [kafka.properties]
            "security.protocol" = "SASL_SSL"
            "sasl.mechanism" = "SCRAM-SHA-512"
            "ssl.ca.location" = "{ca}"
            [kafka.properties_files]
            "sasl.username" = "{username}"
            "sasl.password" = "{password}"
            [schema]
            classes = ["no", "yes"]
            features = [{{ name = "x", kind = "numeric" }}]
            "#,
            state = folder.join("state").display(),
            brokers = self.read("bootstrap")?,
            ca = file(way.ca),
            username = file("username"),
            password = file(way.password),
        );
        fs::write(&config, text)?;
        Process::driftform(&["run", "--config", &config.display().to_string()])
    }

    /// A first configuration from the topics, and what it says of the way to them.
    fn sample(&self, model: &str, folder: &Path) -> Result<()> {
        let output = folder.join("init.toml").display().to_string();
        let file = |name: &str| self.folder.join(name).display().to_string();
        let ca = format!("ssl.ca.location={}", file("ca.pem"));
        let username = format!("sasl.username={}", file("username"));
        let password = format!("sasl.password={}", file("password"));
        let brokers = self.read("bootstrap")?;
        let asked = ["init", "--brokers", &brokers, "--topic", model, "--output", &output];
        let way = [
            "--property",
            "security.protocol=SASL_SSL",
            "--property",
            "sasl.mechanism=SCRAM-SHA-512",
            "--property",
            &ca,
        ];
        let login = ["--property-file", &username, "--property-file", &password];
        let mut process = Process::driftform(&[&asked[..], &way, &login].concat())?;
        let status = process.wait_exit(DEADLINE)?;
        ensure!(status.success(), "init ended with {status}; the log ends with\n{}", process.tail());
        let text = fs::read_to_string(&output)?;
        ensure!(text.contains(&format!("\"sasl.password\" = \"{}\"", file("password"))), "{text}");
        Ok(())
    }
}

fn found() -> Option<Secure> {
    let found = Secure::find();
    if found.is_none() {
        eprintln!("skipped: {VARIABLE} and {BOOTSTRAP_VARIABLE} name no secure Kafka");
    }
    found
}

/// Events of which the label is known at once.
fn produce(kafka: &KafkaConfig) -> Result<()> {
    let sink = Sink::open(kafka)?;
    for number in 0..EVENTS {
        let (id, yes) = (number.to_string(), number % 3 == 0);
        let event = json!({ "id": id, "time": number, "features": { "x": if yes { 1.0 } else { -1.0 } } });
        let label = json!({ "id": id, "time": number, "label": if yes { "yes" } else { "no" } });
        for (topic, said) in [(&kafka.topics.events, event), (&kafka.topics.labels, label)] {
            sink.send(topic, None, said.to_string().as_bytes(), Some(Timestamp(number)))?;
        }
    }
    Ok(sink.flush(DEADLINE)?)
}

#[test]
fn over_tls_with_scram_and_acls_the_loop_closes() -> Result<()> {
    let Some(secure) = found() else { return Ok(()) };
    let (model, folder) = (unique_model(PREFIX), tempfile::tempdir()?);
    let (mut daemon, address) = Scene::started(secure.start(&model, folder.path(), RIGHT)?)?;
    let kafka = KafkaConfig::new(&secure.open, &model);
    produce(&kafka)?;
    wait_until("all labels learned", DEADLINE, || {
        metric(&address, "driftform_learn_outcomes_total").ok().filter(|outcomes| *outcomes >= EVENTS as f64)
    })?;
    wait_until("every event answered", DEADLINE, || {
        let answers = read_topic(&kafka, &kafka.topics.predictions, 0, DEADLINE).ok()?;
        (answers.len() >= usize::try_from(EVENTS).ok()?).then_some(())
    })?;
    daemon.terminate()?;
    let status = daemon.wait_exit(DEADLINE)?;
    ensure!(status.success(), "SIGTERM ended it with {status}; the log ends with\n{}", daemon.tail());
    let told = read_topic(&kafka, &kafka.topics.decisions, 0, DEADLINE)?;
    ensure!(!told.is_empty(), "no decision reached the brokers");
    secure.sample(&model, folder.path())
}

#[test]
fn a_wrong_password_and_a_strange_authority_are_told_by_their_keys() -> Result<()> {
    let Some(secure) = found() else { return Ok(()) };
    let cases = [
        (Way { password: "wrong-password", ..RIGHT }, "refuse the login", "sasl.password"),
        (Way { ca: "stranger.pem", ..RIGHT }, "no TLS with the brokers", "ssl.ca.location"),
    ];
    for (way, said, key) in cases {
        let folder = tempfile::tempdir()?;
        let mut daemon = secure.start(&unique_model(PREFIX), folder.path(), way)?;
        let line = daemon.wait_for_line(DEADLINE, |line| line.contains(said))?;
        ensure!(line.contains(key), "{line}");
        let status = daemon.wait_exit(DEADLINE)?;
        ensure!(!status.success(), "it ended well");
        let tail = daemon.tail();
        ensure!(!tail.contains(&secure.read(way.password)?), "the log has the password");
    }
    Ok(())
}
