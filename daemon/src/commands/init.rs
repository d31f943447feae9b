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
    #[arg(long, conflicts_with = "topic", required_unless_present = "topic")]
    data: Option<PathBuf>,
    /// Prefix of live topics to sample: MODEL in MODEL.events and MODEL.labels.
    #[arg(long)]
    topic: Option<String>,
    /// Brokers, those of the live topics too.
    #[arg(long, default_value = "localhost:9092")]
    brokers: String,
    /// The model's name, with which its topics begin; live topics have said it.
    #[arg(long, conflicts_with = "topic", default_value = "model")]
    name: String,
    /// A property of librdkafka that the brokers want, such as `security.protocol=SASL_SSL`; may be repeated.
    #[arg(long = "property", value_name = "NAME=VALUE", value_parser = pair)]
    properties: Vec<(String, String)>,
    /// The same for one whose value is in a file, such as `sasl.password=/run/secrets/kafka`; may be repeated.
    #[arg(long = "property-file", value_name = "NAME=PATH", value_parser = pair)]
    property_files: Vec<(String, String)>,
    /// Where to write; an existing file is not overwritten.
    #[arg(long, default_value = "driftform.toml")]
    output: PathBuf,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let (name, inferred) = match (&arguments.topic, &arguments.data) {
        (Some(topic), _) => (topic, sample(&arguments.kafka(topic), topic)?),
        (None, Some(path)) => (&arguments.name, infer(path, &InferOptions::default())?),
        (None, None) => unreachable!("the command line asks for one of them"),
    };
    let text = text(name, &arguments.kafka_text(), &inferred);
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

/// What is on both sides of the first `=`.
fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("give NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

impl Arguments {
    /// How the brokers are reached.
    fn kafka(&self, topic: &str) -> KafkaConfig {
        let files = self.property_files.iter().map(|(name, path)| (name.clone(), path.into()));
        KafkaConfig {
            properties: self.properties.iter().cloned().collect(),
            properties_files: files.collect(),
            ..KafkaConfig::new(&self.brokers, topic)
        }
    }

    /// The same for the configuration.
    fn kafka_text(&self) -> String {
        let mut out = format!(
            "[kafka]\nbrokers = {}\n\
             # Topics that are not there yet are made, with one partition; false where only an administrator may do that.\n\
             create_topics = true\n",
            quoted(&self.brokers)
        );
        for (table, pairs) in [("properties", &self.properties), ("properties_files", &self.property_files)] {
            if !pairs.is_empty() {
                writeln!(out, "\n[kafka.{table}]").expect("a string takes all text");
            }
            for (name, value) in pairs {
                writeln!(out, "{} = {}", quoted(name), quoted(value)).expect("a string takes all text");
            }
        }
        out
    }
}

/// As TOML has it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.into()).to_string()
}

/// Features of the events and classes of the labels, as a small table, read like any other.
fn sample(kafka: &KafkaConfig, topic: &str) -> Result<Inferred> {
    let read = |role: &str| read_topic(kafka, &format!("{topic}.{role}"), 0, SAMPLE_WAIT);
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

fn text(name: &str, kafka: &str, inferred: &Inferred) -> String {
    let (task, classes) = match inferred.schema.target() {
        Target::Classification { classes } => ("classification", classes.clone()),
        Target::Regression => ("regression", Vec::new()),
    };
    let classes: Vec<String> = classes.iter().map(|class| quoted(class)).collect();
    let mut out = format!(
        "# Written from a sample of {} rows. Everything not named here has its default:\n\
         # `driftform check --config FILE` prints all that is in effect.\n\n\
         [model]\nname = {}\n\n{}\n\
         [schema]\n# Inferred from `{}`; a class that the sample lacks has to be added by hand.\n\
         task = \"{task}\"\nclasses = [{}]\n",
        inferred.rows,
        quoted(name),
        kafka,
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

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::config::Config;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    #[test]
    fn the_way_to_the_brokers_is_written_down() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(file("data.csv"), "x,y\n1.5,no\n2.5,yes\n-1.0,no\n").expect("it can be written");
        std::fs::write(file("password"), "secret").expect("it can be written");
        let password = format!("sasl.password={}", file("password"));
        let (data, output) = (file("data.csv"), file("driftform.toml"));
        let line =
            ["init", "--data", &data, "--name", "shop", "--brokers", "kafka:9093", "--output", &output];
        let way = ["--property", "security.protocol=SASL_SSL", "--property-file", &password];
        let line = Line::try_parse_from([&line[..], &way].concat()).expect("all are options");
        run(&line.arguments).expect("the sample is one");
        let text = std::fs::read_to_string(output).expect("it was written");
        let config = Config::parse(&text).expect("it is a configuration");
        assert_eq!((config.name.as_str(), config.kafka.brokers.as_str()), ("shop", "kafka:9093"));
        assert!(config.kafka.create_topics, "it runs on a broker that has none of its topics yet");
        assert_eq!(config.kafka.properties["security.protocol"], "SASL_SSL");
        assert_eq!(config.kafka.properties_files["sasl.password"], folder.path().join("password"));
        assert!(!text.contains("secret"), "{text}");
    }

    #[test]
    fn a_property_without_a_value_and_no_data_at_all_are_refused() {
        for wrong in [
            &["init", "--topic", "t", "--property", "x"][..],
            &["init"],
            &["init", "--topic", "t", "--data", "d"],
        ] {
            assert!(Line::try_parse_from(wrong).is_err(), "{wrong:?}");
        }
    }
}
