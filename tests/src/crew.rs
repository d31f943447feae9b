//! Crew: workers as real processes beside one broker, and trials for them.
//!
//! Lives here: a stretch, trials of it, starting workers and an office that asks them. May not: say what has to come of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use adapters::kafka::KafkaConfig;
use anyhow::{Context as _, Result, ensure};
use daemon::trials::desk::Patience;
use daemon::trials::letters::Stamp;
use daemon::trials::office::OfficeConfig;
use daemon::trials::protocol::{Relaxing, Stretch, Taught, Trial, TrialReply};
use daemon::trials::{Trials, WorkerCommand};
use model::relaxation::{Edge, Operation};
use model::{
    Activation, Architecture, Block, BlockKind, Device, DeviceChoice, Edit, Hyper, Mixture, Optimiser, Pool,
    Shape, Target,
};

use crate::broker::{Broker, unique_model};
use crate::process::{Process, binary};
use crate::scene::{DEADLINE, address_in};

/// Partitions of the topic of trials.
pub const PARTITIONS: i32 = 8;
/// Memory of what trials have shown.
const CACHE_BYTES_MAX: usize = 64 << 20;
/// Longest time for one trial.
const SECONDS_MAX: u64 = 60;

/// A broker with the topics of trials, and the file that its workers are given.
pub struct Crew {
    /// Where the topics are.
    pub kafka: KafkaConfig,
    config: PathBuf,
    _broker: Broker,
    _folder: tempfile::TempDir,
}

impl Crew {
    /// Nobody is there yet.
    pub fn gather(prefix: &str) -> Result<Self> {
        let model = unique_model(prefix);
        let broker = Broker::start(&[])?;
        let mut kafka = KafkaConfig::new(broker.bootstrap(), &model);
        kafka.create_topics = !broker.is_embedded();
        kafka.properties.insert("session.timeout.ms".into(), "6000".into());
        broker.create_topic_of(&kafka.topics.trials, PARTITIONS)?;
        broker.create_topics(&[&kafka.topics.stretches, &kafka.topics.observations])?;
        let folder = tempfile::tempdir()?;
        let config = folder.path().join("worker.toml");
        let text = format!(
            r#"
            model = {{ name = "{model}" }}
            http = {{ listen = "127.0.0.1:0" }}
            kafka = {{ brokers = "{}", create_topics = {}, properties = {{ "session.timeout.ms" = "6000" }} }}
            schema = {{ classes = ["a", "b"], features = [{{ name = "x", kind = "numeric" }}] }}
            trials = {{ run_by = "workers", seconds_max = {SECONDS_MAX}, niceness = 0, workers_max = {PARTITIONS} }}
            "#,
            kafka.brokers, kafka.create_topics,
        );
        std::fs::write(&config, text)?;
        Ok(Self { kafka, config, _broker: broker, _folder: folder })
    }

    /// Starts one more worker, and waits until it tells where its pages are.
    pub fn worker(&self) -> Result<Worker> {
        let mut command = Command::new(binary()?);
        command.arg("worker").arg("--config").arg(&self.config);
        let mut process = Process::start(command)?;
        let line = process.wait_for_line(DEADLINE, |line| address_in(line).is_some())?;
        Ok(Worker { process, pages: address_in(&line).context("an address")? })
    }

    /// Whoever asks the workers, with this much patience.
    pub fn office(&self, give_up: Duration) -> Result<Trials> {
        let office = OfficeConfig {
            kafka: self.kafka.clone(),
            stamp: Stamp::of(DeviceChoice::Cpu),
            patience: Patience { reissue: Duration::from_secs(20), give_up },
            cache_bytes_max: CACHE_BYTES_MAX,
            workers_max: PARTITIONS,
        };
        Ok(Trials::with_workers(child()?, office)?)
    }
}

/// A running worker.
pub struct Worker {
    /// The process.
    pub process: Process,
    /// Where its pages are.
    pub pages: String,
}

/// What starts a child that runs trials.
pub fn child() -> Result<WorkerCommand> {
    let arguments = vec!["worker".into(), "--niceness=0".into()];
    Ok(WorkerCommand { program: binary()?.to_owned(), arguments, seconds_max: SECONDS_MAX })
}

/// Rows before a stretch, so that it takes several records.
const ROWS_BEFORE: usize = 130_000;

/// So many rows, after many more.
pub fn stretch(rows: usize) -> Result<Arc<Stretch>> {
    let before = Taught { encoded: vec![0.5; ROWS_BEFORE], goals: vec![1.0; ROWS_BEFORE] };
    stretch_of((0..rows).map(|row| f32::from((row * 7 % 3) as u8 % 2)).collect(), before)
}

/// Two classes in one number, told apart by its sign, and a network before them that finds both as likely.
pub fn stretch_of(goals: Vec<f32>, before: Taught) -> Result<Arc<Stretch>> {
    let target = Target::Classification { classes: vec!["a".into(), "b".into()] };
    let mut pool = Pool::new(Shape::new(1, &target), &[], &Device::cpu());
    let arm = pool.start(&Mixture::of_one(Architecture::linear(Hyper::default())), 1)?;
    let start = pool.arm_state(&arm)?;
    let encoded = goals.iter().map(|goal| goal * 2.0 - 1.0).collect();
    let learned = start.members.iter().map(|member| member.weights().clone()).collect();
    let said = vec![0.5; 2 * goals.len()];
    let (number, gap, score_from) = (1, 5, 20);
    Ok(Arc::new(Stretch { number, start, said, learned, target, before, encoded, goals, gap, score_from }))
}

/// A trial of its own for each number and series, the same whenever it is asked for.
pub fn trial(series: u64, number: u64, width: u16) -> Trial {
    let hyper = Hyper { step_size: 0.1, optimiser: Optimiser::Sgd, ..Hyper::default() };
    let blocks = vec![Block::plain(width, Activation::Relu)];
    let edit = Edit::add(1, 0, Architecture { blocks, ..Architecture::linear(hyper) });
    Trial {
        number,
        edit,
        seed: 1_000 * series + number,
        keep: number.is_multiple_of(2),
        rejection: None,
        compute_batch: None,
        stressing: None,
        relaxing: None,
    }
}

/// A trial that asks a relaxed network what should follow.
pub fn relaxed(series: u64, number: u64) -> Trial {
    let block = |kind| Operation::Block(Block { kind, ..Block::plain(8, Activation::Relu) });
    let edge = Edge(vec![Operation::Skip, block(BlockKind::Dense), block(BlockKind::Residual)]);
    let relaxing = Some(Relaxing { member: 0, edges: vec![edge.clone(), edge] });
    Trial { edit: Edit::none(1), keep: false, relaxing, ..trial(series, number, 8) }
}

/// Hands all of them over.
pub fn submit(trials: &mut Trials, stretch: &Arc<Stretch>, asked: &[Trial]) {
    for trial in asked {
        trials.submit(Arc::clone(stretch), trial.clone());
    }
}

/// One reply to each, as text, by its number; none more.
pub fn replies(trials: &mut Trials, count: usize, deadline: Duration) -> Result<BTreeMap<u64, String>> {
    let mut all = BTreeMap::new();
    for _ in 0..count {
        let reply = trials.wait_for(deadline).with_context(|| format!("{} of {count} replies", all.len()))?;
        let before = all.insert(reply.number(), told(&reply)?);
        ensure!(before.is_none(), "trial {} was answered twice", reply.number());
    }
    ensure!(trials.poll().is_none(), "one reply too many");
    Ok(all)
}

fn told(reply: &TrialReply) -> Result<String> {
    let TrialReply::Done(result) = reply else { return Ok(format!("{reply:?}")) };
    Ok(adapters::audit::sha256(&postcard::to_stdvec(result)?))
}
