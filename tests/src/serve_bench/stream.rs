//! Stream: labelled history to begin with, and labelled events that keep coming while answers are timed.
//!
//! Lives here: rows, their truth, and a thread that sends them. May not: know what the daemon makes of them.

use std::fmt::Write as _;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use adapters::kafka::{KafkaConfig, Sink};
use anyhow::{Result, anyhow};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;
use serde_json::{Map, Value, json};

use super::load::FEATURES;

/// Rows of history.
const HISTORY: usize = 2_000;
const SEED: u64 = 5;
/// Share of labels that are wrong: a stream that is learned by heart would not be worth searching for.
const NOISE: f64 = 0.1;

/// Rows and what is true of them.
struct Rows(Pcg64);

impl Rows {
    fn of(seed: u64) -> Self {
        Self(Pcg64::seed_from_u64(seed))
    }

    fn next(&mut self) -> (Vec<f32>, &'static str) {
        let row: Vec<f32> = (0..FEATURES).map(|_| self.0.random_range(-3.0..3.0)).collect();
        let is_yes = row[0] * row[1] + row[2] > 0.0;
        (row, if is_yes == (self.0.random::<f64>() < NOISE) { "no" } else { "yes" })
    }
}

/// The schema as the configuration has it.
pub(super) fn schema() -> String {
    let features: Vec<String> =
        (0..FEATURES).map(|at| format!(r#"{{ name = "f{at}", kind = "numeric" }}"#)).collect();
    format!("[schema]\nclasses = [\"no\", \"yes\"]\nfeatures = [{}]", features.join(", "))
}

/// History as CSV.
pub(super) fn history() -> Result<String> {
    let mut text = (0..FEATURES).fold(String::new(), |text, at| format!("{text}f{at},"));
    text.push_str("label\n");
    let mut rows = Rows::of(SEED);
    for _ in 0..HISTORY {
        let (row, truth) = rows.next();
        for number in row {
            write!(text, "{number},")?;
        }
        writeln!(text, "{truth}")?;
    }
    Ok(text)
}

/// Labelled events, while this value is there.
pub(super) struct Feeding {
    /// Hung up when they are to end.
    until: Sender<()>,
    thread: JoinHandle<Result<usize>>,
}

impl Feeding {
    /// So many a second, numbered from `first` on.
    pub(super) fn start(kafka: &KafkaConfig, first: usize, a_second: f64) -> Result<Self> {
        let (until, ended) = channel::<()>();
        let (sink, topic) = (Sink::open(kafka)?, kafka.topics.events.clone());
        let pause = Duration::from_secs_f64(1.0 / a_second);
        let thread = std::thread::spawn(move || {
            let mut rows = Rows::of(SEED + 1 + first as u64);
            let mut sent = 0;
            loop {
                sink.send(&topic, None, event(first + sent, &mut rows).to_string().as_bytes(), None)?;
                sent += 1;
                if !matches!(ended.recv_timeout(pause), Err(RecvTimeoutError::Timeout)) {
                    return Ok(sent);
                }
            }
        });
        Ok(Self { until, thread })
    }

    /// No more from now on; how many were sent.
    pub(super) fn end(self) -> Result<usize> {
        drop(self.until);
        self.thread.join().map_err(|_| anyhow!("who sends events panicked"))?
    }
}

/// An event with its label in it.
fn event(number: usize, rows: &mut Rows) -> Value {
    let (row, truth) = rows.next();
    let features: Map<String, Value> =
        row.into_iter().enumerate().map(|(at, number)| (format!("f{at}"), json!(number))).collect();
    json!({ "id": number.to_string(), "time": number, "features": features, "label": truth })
}
