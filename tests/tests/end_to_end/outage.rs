//! The broker is away for ten minutes, and the machine's date goes ten years back: by an injected clock, in a daemon inside
//! this process. Nobody has to do anything, and nothing is lost.
//!
//! `DRIFTFORM_OUTAGE_SECONDS` has the broker be away for so long in earnest.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use adapters::kafka::{EmbeddedBroker, KafkaConfig, read_topic};
use anyhow::{Result, ensure};
use daemon::app::App;
use daemon::clock::Clock;
use daemon::config::Config;
use daemon::learn::Learn;
use daemon::trials::WorkerCommand;
use model::Timestamp;
use tests::crash::{SCHEMA, Stream, check_journal, check_sent, report, setting};
use tests::http::{get, metric};
use tests::process::wait_until;
use tests::scene::DEADLINE;

const OUTCOMES: &str = "driftform_learn_outcomes_total";
const TEN_MINUTES: Duration = Duration::from_mins(10);
/// 2030 and 2020.
const LATER: Timestamp = Timestamp(1_893_456_000_000);
const EARLIER: Timestamp = Timestamp(1_577_836_800_000);

/// A daemon in this process.
struct Daemon {
    app: App,
    stop: Arc<AtomicBool>,
    address: String,
}

impl Daemon {
    fn start(kafka: &KafkaConfig, folder: &Path, clock: &Clock) -> Result<Self> {
        let text = format!(
            r#"
            model = {{ name = "outage" }}
            http = {{ listen = "127.0.0.1:0" }}
            kafka = {{ brokers = "{}", properties = {{ "session.timeout.ms" = "6000" }} }}
            state = {{ directory = "{}", snapshot_every_seconds = 1 }}
            search = {{ window_outcomes = 100000 }}
            {SCHEMA}
            "#,
            kafka.brokers,
            folder.display()
        );
        let config = Config::parse(&text)?;
        let worker = WorkerCommand { program: "/nowhere".into(), arguments: Vec::new(), seconds_max: 1 };
        let stop = Arc::new(AtomicBool::new(false));
        let app = App::start(&config, worker, clock.clone(), Arc::clone(&stop), None)?;
        let address = app.address().to_string();
        Ok(Self { app, stop, address })
    }

    fn learned(&self, stream: &Stream) -> Result<()> {
        let wanted = stream.labelled() as f64;
        let outcomes = wait_until("all labels learned", DEADLINE, || {
            metric(&self.address, OUTCOMES).ok().filter(|outcomes| *outcomes >= wanted)
        })?;
        ensure!((outcomes - wanted).abs() < 0.5, "{outcomes} outcomes of {wanted} labels");
        Ok(())
    }

    /// Whether its checks speak of a broker that cannot be reached.
    fn misses_broker(&self) -> Result<bool> {
        let (code, body) = get(&self.address, "/readyz")?;
        ensure!(code == 200, "it is not ready: {code} {body}");
        Ok(body.lines().any(|line| line.starts_with("[-] kafka")))
    }

    fn stop(self) -> Result<Learn> {
        self.stop.store(true, Ordering::Relaxed);
        self.app.wait()
    }
}

fn broker() -> Result<(EmbeddedBroker, KafkaConfig)> {
    let topics = ["events", "labels", "metrics", "predictions", "decisions", "dead-letters"];
    let topics = topics.map(|role| format!("outage.{role}"));
    let broker = EmbeddedBroker::start(&topics.each_ref().map(String::as_str))?;
    let kafka = KafkaConfig::new(broker.bootstrap(), "outage");
    Ok((broker, kafka))
}

/// Ten minutes by the clock; or so many seconds in earnest.
fn pass(clock: &Clock, seconds: u64) {
    if seconds == 0 {
        (0..10).for_each(|_| clock.advance(TEN_MINUTES / 10));
        return;
    }
    let (_silent, pause) = channel::<()>();
    // Nobody ever sends: the channel is a pause that needs no sleep.
    pause.recv_timeout(Duration::from_secs(seconds)).expect_err("nobody sends");
}

#[test]
fn a_broker_that_is_away_for_ten_minutes_is_waited_for_and_nothing_is_lost() -> Result<()> {
    let (broker, kafka) = broker()?;
    let folder = tempfile::tempdir()?;
    let clock = Clock::of_machine();
    let daemon = Daemon::start(&kafka, folder.path(), &clock)?;
    let mut stream = Stream::new(&kafka, 3)?;
    stream.events(300)?;
    daemon.learned(&stream)?;

    let (began, seconds) = (clock.now(), setting("DRIFTFORM_OUTAGE_SECONDS", 0)?);
    stream.unreadable()?;
    stream.events(50)?;
    broker.set_reachable(false)?;
    wait_until("the outage is told", DEADLINE, || daemon.misses_broker().ok().filter(|misses| *misses))?;
    pass(&clock, seconds);
    ensure!(get(&daemon.address, "/livez")?.0 == 200, "an outage is no reason to be restarted");
    ensure!(daemon.misses_broker()?, "it takes no notice");
    let snapshots = metric(&daemon.address, "driftform_snapshot_failures_total")?;
    ensure!(snapshots < 0.5, "the state could not be saved, {snapshots} times");

    broker.set_reachable(true)?;
    stream.unreadable()?;
    stream.events(300)?;
    daemon.learned(&stream)?;
    wait_until("every event answered", DEADLINE, || {
        let answers = read_topic(&kafka, &kafka.topics.predictions, 0, DEADLINE).ok()?;
        (answers.len() >= stream.sent()).then_some(())
    })?;
    ensure!(!daemon.misses_broker()?, "it does not notice that the broker is back");
    let learn = daemon.stop()?;
    ensure!(learn.state().lifecycle.now() >= Timestamp(began.0 + 600_000) || seconds > 0, "time stood still");
    drop(learn);
    check(&kafka, folder.path(), &stream)?;
    report(
        "outage",
        &serde_json::json!({ "seconds": seconds, "outcomes": stream.labelled(), "failed": null }),
    )
}

/// Everything is where it belongs once the daemon has stopped.
fn check(kafka: &KafkaConfig, folder: &Path, stream: &Stream) -> Result<()> {
    let read = |topic: &str| -> Result<Vec<Vec<u8>>> {
        Ok(read_topic(kafka, topic, 0, DEADLINE)?.into_iter().map(|record| record.payload).collect())
    };
    let letters = read(&kafka.topics.dead_letters)?;
    for record in stream.buried() {
        ensure!(letters.contains(record), "{} is nowhere", String::from_utf8_lossy(record));
    }
    check_sent(&check_journal(folder)?, 0, &read(&kafka.topics.decisions)?)
}

#[test]
fn a_date_that_goes_ten_years_back_changes_nothing() -> Result<()> {
    let (_broker, kafka) = broker()?;
    let folder = tempfile::tempdir()?;
    let mut stream = Stream::new(&kafka, 4)?;
    let mut told = LATER;
    for date in [LATER, EARLIER] {
        let clock = Clock::starting_at(date);
        let daemon = Daemon::start(&kafka, folder.path(), &clock)?;
        stream.events(300)?;
        daemon.learned(&stream)?;
        clock.advance(TEN_MINUTES);
        stream.events(100)?;
        daemon.learned(&stream)?;
        let learn = daemon.stop()?;
        let now = learn.state().lifecycle.now();
        ensure!(now >= Timestamp(told.0 + 600_000), "deadlines would wait: it was {told:?} and is {now:?}");
        told = now;
    }
    check(&kafka, folder.path(), &stream)
}
