//! `driftform demo`: the whole loop on a real stream, with nothing to set up.
//!
//! Lives here: a broker in this process, a producer that plays recorded flights by their own clock, an
//! operator who halves the compute budget on the way, and a story told honestly. The daemon that consumes
//! it is the one of `run`. May not: help the daemon in any way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use adapters::http::key::Key;
use adapters::kafka::{EmbeddedBroker, KafkaConfig, Sink};
use anyhow::{Context as _, Result};

use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::learn::Learn;
use crate::telemetry::AuditEvent;

mod flights;

/// The demo's own settings, over the defaults.
const SETTINGS: &str = include_str!("../../data/demo.toml");
/// Events that may wait for the learn plane; the embedded broker forgets what lags far behind.
const AHEAD_MAX: u64 = 2_000;
/// How long the producer waits for the learn plane at a time.
const PACE: Duration = Duration::from_millis(2);
/// The compute budget to begin with, as a multiple of what the first network needs on this machine.
const BUDGET_FACTOR: f64 = 1.5;
/// The share of the stream after which the operator speaks.
const OPERATOR_AT: f64 = 0.3;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Departures to play; there are 188,971.
    #[arg(long, default_value_t = 188_971)]
    departures: usize,
    /// Stay up after the summary, with the status page, until interrupted.
    #[arg(long)]
    keep: bool,
    /// Address of the status page.
    #[arg(long, default_value = "127.0.0.1:9464")]
    listen: String,
}

#[expect(clippy::print_stdout, reason = "the story is the command's product")]
fn say(text: &str) {
    println!("{text}");
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let folder = tempfile::tempdir().context("no temporary folder for the state")?;
    let mut environment = super::environment();
    environment.insert("DRIFTFORM__STATE__DIRECTORY".into(), folder.path().display().to_string());
    environment.insert("DRIFTFORM__HTTP__LISTEN".into(), arguments.listen.clone());
    let broker = EmbeddedBroker::start(&topics())?;
    environment.insert("DRIFTFORM__KAFKA__BROKERS".into(), broker.bootstrap().to_owned());
    let settings = folder.path().join("demo.toml");
    std::fs::write(&settings, SETTINGS)?;
    let mut config = Config::load(Some(&settings), &environment)?;
    config.learn.budget.compute_seconds =
        BUDGET_FACTOR * crate::learn::compute_seconds_of_start(&config.learn)?;
    say("Driftform demo: flights leaving New York in 2013; will they land more than 15 minutes late?");
    say(&format!(
        "The first network is {}; the compute budget is {:.0} µs a batch of {}, {BUDGET_FACTOR} times what it needs.",
        config.learn.start,
        config.learn.budget.compute_seconds * 1e6,
        config.learn.budget.compute_batch
    ));
    say("The label comes when the plane has landed.");

    let stop = Arc::new(AtomicBool::new(false));
    super::run::stop_on_signal(Arc::clone(&stop))?;
    let (teller, story) = mpsc::channel();
    let worker = super::worker_command(&config.learn)?;
    let app = App::start(&config, worker, Clock::of_machine(), Arc::clone(&stop), Some(teller))?;
    say(&format!("Status page: http://{}", app.address()));
    if let Ok(key) = Key::find(&config.state.directory) {
        let told = "The same page with orders, for whoever has the token in";
        say(&format!("{told} {}/admin.json: http://{}\n", config.state.directory.display(), key.address));
    }
    let producer = Producer {
        kafka: config.kafka.clone(),
        departures: arguments.departures,
        budget: config.learn.budget.compute_seconds,
        consumed: app.consumed(),
    };
    let narrator = std::thread::spawn(move || narrate(&story));
    let outcomes = producer.play(&stop)?;
    if arguments.keep && !stop.load(Ordering::Relaxed) {
        say("\nThe stream has ended; the daemon stays until it is interrupted (--keep).");
        while !stop.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(100));
        }
    }
    stop.store(true, Ordering::Relaxed);
    let learn = app.wait()?;
    let told = narrator.join().map_err(|_| anyhow::anyhow!("the narrator panicked"))?;
    summarise(&learn, &outcomes, &told);
    Ok(())
}

fn topics() -> [&'static str; 6] {
    [
        "flights.events",
        "flights.labels",
        "flights.metrics",
        "flights.predictions",
        "flights.decisions",
        "flights.dead-letters",
    ]
}

/// What the summary needs of the story.
#[derive(Debug, Default)]
struct Told {
    breached: Option<Instant>,
    relieved_after: Option<Duration>,
    alarms: u64,
}

fn narrate(story: &mpsc::Receiver<AuditEvent>) -> Told {
    let started = Instant::now();
    let mut told = Told::default();
    for event in story {
        say(&format!("[{:>5.1} s] {}", started.elapsed().as_secs_f64(), event.story()));
        match event {
            AuditEvent::Breach { .. } if told.breached.is_none() => told.breached = Some(Instant::now()),
            AuditEvent::Relieved { .. } if told.relieved_after.is_none() => {
                told.relieved_after = told.breached.map(|at| at.elapsed());
            }
            AuditEvent::Alarm { .. } => told.alarms += 1,
            _ => {}
        }
    }
    told
}

/// What was produced.
#[derive(Debug, Default)]
struct Played {
    departures: usize,
    seconds: f64,
}

/// Plays the recorded stream into the topics, paced by what the learn plane has consumed.
struct Producer {
    kafka: KafkaConfig,
    departures: usize,
    budget: f64,
    consumed: Arc<std::sync::atomic::AtomicU64>,
}

impl Producer {
    fn play(&self, stop: &AtomicBool) -> Result<Played> {
        let sink = Sink::open(&self.kafka)?;
        let started = Instant::now();
        let topics = &self.kafka.topics;
        let operator_at = (self.departures as f64 * OPERATOR_AT) as usize;
        let (mut sent, mut departures) = (0_u64, 0);
        for record in flights::records(self.departures)? {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let (topic, key, payload, time) = match record? {
                flights::Played::Departure { id, payload, time } => {
                    departures += 1;
                    (&topics.events, id, payload, time)
                }
                flights::Played::Landing { id, payload, time } => (&topics.labels, id, payload, time),
            };
            sink.send(topic, Some(key.as_bytes()), payload.as_bytes(), Some(time))?;
            sent += 1;
            if departures == operator_at && *topic == topics.events {
                let budget = flights::halved_budget(self.budget);
                sink.send(&topics.metrics, None, budget.as_bytes(), Some(time))?;
                sent += 1;
            }
            self.pace(sent, stop);
            if departures.is_multiple_of(20_000) && *topic == topics.events {
                let rate = departures as f64 / started.elapsed().as_secs_f64();
                let left = (self.departures - departures) as f64 / rate;
                say(&format!(
                    "          {departures} departures, {rate:.0} a second, about {left:.0} s left"
                ));
            }
        }
        self.drain(sent, stop);
        Ok(Played { departures, seconds: started.elapsed().as_secs_f64() })
    }

    fn pace(&self, sent: u64, stop: &AtomicBool) {
        while sent > self.consumed.load(Ordering::Relaxed) + AHEAD_MAX && !stop.load(Ordering::Relaxed) {
            std::thread::sleep(PACE);
        }
    }

    fn drain(&self, sent: u64, stop: &AtomicBool) {
        while sent > self.consumed.load(Ordering::Relaxed) && !stop.load(Ordering::Relaxed) {
            std::thread::sleep(PACE);
        }
    }
}

fn summarise(learn: &Learn, played: &Played, told: &Told) {
    let state = learn.state();
    let (scores, counts) = (&state.scores, state.counts);
    let percent = |share: f64| format!("{:.2} %", share * 100.0);
    let relief = match (told.breached, told.relieved_after) {
        (None, _) => "no budget was breached".into(),
        (Some(_), Some(after)) => format!("answered by relief after {:.1} s", after.as_secs_f64()),
        (Some(_), None) => "breached and not relieved; see the alarms above".into(),
    };
    say(&format!(
        "\nSummary: {} departures in {:.0} s, {} landings learned\n  \
         accuracy   served {}   control {}   first champion, frozen {}   majority {}\n  \
         log loss   served {:.4}   first champion, frozen {:.4}\n  \
         {} drifts, {} episodes, {} candidates tried ({} failed), {} refreshes, {} promotions, {} reliefs, \
         {} rollbacks, {} alarms\n  \
         the halved compute budget: {relief}\n  \
         serving now: {} ({} parameters)",
        played.departures,
        played.seconds,
        state.outcomes,
        percent(scores.champion.accuracy()),
        percent(scores.control.accuracy()),
        percent(scores.first.accuracy()),
        percent(scores.majority.accuracy()),
        scores.champion.log_loss(),
        scores.first.log_loss(),
        counts.drifts,
        counts.episodes,
        counts.trials,
        counts.trials_failed,
        counts.refreshes,
        counts.promotions,
        counts.reliefs,
        counts.rollbacks,
        told.alarms,
        learn.slot().load().model.mixture(),
        learn.slot().load().model.cost().parameters,
    ));
    if counts.promotions == 0 {
        say(
            "  No promotion was earned: no challenger was better than the champion's own learner with enough evidence.",
        );
    }
}
