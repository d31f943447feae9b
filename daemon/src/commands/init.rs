//! `driftform init`: a first configuration from a sample of the data.
//!
//! Lives here: sampling and writing; what a column is, is inferred by `adapters::files`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use adapters::files::{InferOptions, Inferred, infer};
use adapters::kafka::{KafkaConfig, read_topic};
use anyhow::{Context as _, Result, bail};
use model::{FeatureKind, Target};
use serde_json::{Map, Value};

/// Records looked at in a topic.
const SAMPLE_RECORDS_MAX: usize = 2_000;
/// How long a topic is read at most.
const SAMPLE_WAIT: Duration = Duration::from_secs(5);

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A recorded sample: .csv or .jsonl, each also .zst; the label is its last column.
    #[arg(long, conflicts_with_all = ["brokers", "topic"])]
    data: Option<PathBuf>,
    /// Brokers of a live topic.
    #[arg(long, requires = "topic")]
    brokers: Option<String>,
    /// Prefix of the topics: MODEL in MODEL.events and MODEL.labels.
    #[arg(long)]
    topic: Option<String>,
    /// Where to write; an existing file is not overwritten.
    #[arg(long, default_value = "driftform.toml")]
    output: PathBuf,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let (name, brokers, inferred) = match (&arguments.data, &arguments.brokers, &arguments.topic) {
        (Some(path), _, _) => {
            ("model".into(), "localhost:9092".into(), infer(path, &InferOptions::default())?)
        }
        (None, Some(brokers), Some(topic)) => (topic.clone(), brokers.clone(), sample(brokers, topic)?),
        _ => bail!("give --data FILE, or --brokers B and --topic MODEL"),
    };
    let text = text(&name, &brokers, &inferred);
    crate::config::Config::parse(&text).context("the data does not make a valid configuration")?;
    let shown = arguments.output.display();
    let mut file = std::fs::File::create_new(&arguments.output)
        .with_context(|| format!("{shown} cannot be created; give another --output"))?;
    file.write_all(text.as_bytes()).with_context(|| format!("{shown} cannot be written"))?;
    tracing::info!(
        "{shown} written from {} rows; read it, then `driftform run --config {shown}`",
        inferred.rows
    );
    Ok(())
}

/// Features of the events and classes of the labels, as a small table, read like any other.
fn sample(brokers: &str, topic: &str) -> Result<Inferred> {
    let kafka = KafkaConfig::new(brokers, topic);
    let read = |role: &str| read_topic(&kafka, &format!("{topic}.{role}"), 0, SAMPLE_WAIT);
    let events = read("events")?;
    let labels = read("labels")?;
    let labels: Vec<Value> =
        labels.iter().filter_map(|record| serde_json::from_slice::<Value>(&record.payload).ok()).collect();
    let mut lines = String::new();
    for record in events.iter().take(SAMPLE_RECORDS_MAX) {
        let Ok(event) = serde_json::from_slice::<Value>(&record.payload) else { continue };
        let Some(features) = event.get("features").and_then(Value::as_object) else { continue };
        let label = labels.iter().find(|label| label.get("id") == event.get("id"));
        let Some(label) = label.and_then(|label| label.get("label")) else { continue };
        let mut line: Map<String, Value> = features.clone();
        line.insert("label".into(), label.clone());
        writeln!(lines, "{}", Value::Object(line))?;
    }
    if lines.is_empty() {
        bail!(
            "no event of {topic}.events with a `features` object has a label in {topic}.labels; \
             let both topics fill, or use --data"
        );
    }
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("sample.jsonl");
    std::fs::write(&path, lines)?;
    Ok(infer(&path, &InferOptions { target: Some("label".into()), task: None })?)
}

fn text(name: &str, brokers: &str, inferred: &Inferred) -> String {
    let (task, classes) = match inferred.schema.target() {
        Target::Classification { classes } => ("classification", classes.clone()),
        Target::Regression => ("regression", Vec::new()),
    };
    let quoted = |text: &str| toml::Value::String(text.into()).to_string();
    let classes: Vec<String> = classes.iter().map(|class| quoted(class)).collect();
    let mut out = format!(
        "# Written from a sample of {} rows. Everything not named here has its default:\n\
         # `driftform check --config FILE` prints all that is in effect.\n\n\
         [model]\nname = {}\n\n[kafka]\nbrokers = {}\n\n\
         [schema]\n# Inferred from `{}`; a class that the sample lacks has to be added by hand.\n\
         task = \"{task}\"\nclasses = [{}]\n",
        inferred.rows,
        quoted(name),
        quoted(brokers),
        inferred.target,
        classes.join(", "),
    );
    for feature in inferred.schema.features() {
        let kind = match feature.kind {
            FeatureKind::Numeric => "kind = \"numeric\"".to_owned(),
            FeatureKind::Boolean => "kind = \"boolean\"".to_owned(),
            FeatureKind::Categorical { buckets } => format!("kind = \"categorical\"\nbuckets = {buckets}"),
        };
        write!(out, "\n[[schema.features]]\nname = {}\n{kind}\n", quoted(&feature.name))
            .expect("a string takes all text");
    }
    out
}
