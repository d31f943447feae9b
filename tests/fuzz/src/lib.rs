//! What is asked while bodies are bred: a model that answers, on one thread, without a socket.
//!
//! Lives here: [`World`], and the memory an input may take. May not: say what a good request is.

use std::alloc::System;
use std::sync::Arc;
use std::time::Duration;

use adapters::codec::{CodecConfig, JsonCodec};
use adapters::http::Health;
use adapters::oip::{Answer, Answers, Front, FrontLimits, Meter, Names, Question, Queue, QueueLimits, Version};
use cap::Cap;
use model::{Device, Feature, FeatureKind, Generation, Model, Objective, Schema, Target, Timestamp};
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts};
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, watch};

/// Counts what is allocated, and ends the program where an input takes more than it may.
#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// Bytes that an input may take beside what it takes for each of its own.
const BYTES_MAX: usize = 4 << 20;
/// Bytes for each byte of an input: numbers of two characters become eight bytes, some of them several times over.
const BYTES_A_BYTE_MAX: usize = 64;
/// Rows of one request.
const ROWS_MAX: usize = 64;
const REQUESTS_MAX: usize = 8;
const REQUEST_BYTES_MAX: usize = 100_000;
/// Nobody is late here.
const DEADLINE: Duration = Duration::from_secs(3_600);

/// A model `shop` of a number, a category and a boolean, whose prior answers.
pub struct World {
    runtime: Runtime,
    front: Front,
    _health: watch::Sender<Health>,
}

impl World {
    /// One that is asked as long as the program lives.
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.expect("a runtime of one thread can be made");
        let feature = |name: &str, kind| Feature { name: name.into(), kind };
        let features = vec![
            feature("amount", FeatureKind::Numeric),
            feature("country", FeatureKind::Categorical { buckets: 8 }),
            feature("member", FeatureKind::Boolean),
        ];
        let target = Target::Classification { classes: vec!["no".into(), "yes".into()] };
        let schema = Schema::new(features, target, Objective::default()).expect("a schema");
        let model = Model::prior(Arc::new(schema), &[1, 2], &Device::cpu()).expect("a prior");
        let (health, seen) = watch::channel(Health { live: true, ready: true, ..Health::default() });
        let front = front(&model, seen);
        let queue = front.queue.clone();
        runtime.spawn(async move {
            while let Some(questions) = queue.take(ROWS_MAX).await {
                questions.into_iter().for_each(|question| answer(&model, question));
            }
        });
        Self { runtime, front, _health: health }
    }

    /// What comes of asking with an input of so many bytes.
    pub fn ask<T>(&self, bytes: usize, asking: impl AsyncFnOnce(&Front) -> T) -> T {
        let most = MEMORY.allocated() + BYTES_MAX + bytes * BYTES_A_BYTE_MAX;
        MEMORY.set_limit(most).expect("more than is allocated");
        let said = self.runtime.block_on(asking(&self.front));
        MEMORY.set_limit(usize::MAX).expect("more than is allocated");
        said
    }
}

fn answer(model: &Model, question: Question) {
    let rows: Vec<_> = question.rows.iter().collect();
    let outputs = model.predict(&rows).expect("a prior answers any row");
    let answer = |output| {
        let decision = model::decide(model.schema(), &output);
        Answer { output, decision, holdback: true }
    };
    let answers = outputs.into_iter().map(answer).collect();
    let (generation, schema) = (Generation(7), Arc::clone(model.schema()));
    // Whoever asked may have gone.
    question.reply.send(Ok(Answers { generation, schema, prior_only: true, shadow: false, answers })).ok();
}

fn front(model: &Model, health: watch::Receiver<Health>) -> Front {
    let codec = JsonCodec::new(Arc::clone(model.schema()), CodecConfig::default()).expect("a codec");
    let codec = Arc::new(codec);
    let depth = IntGauge::new("depth", "Rows.").expect("a name");
    let labels = ["protocol", "result"];
    Front {
        model: "shop".into(),
        current: Arc::new(move || Version { generation: Generation(7), codec: Arc::clone(&codec) }),
        displaced: Arc::new(|| None),
        queue: Queue::new(QueueLimits { questions_max: REQUESTS_MAX, rows_max: 2 * ROWS_MAX }, depth),
        health,
        clock: Arc::new(|| Timestamp(0)),
        limits: FrontLimits {
            requests_max: REQUESTS_MAX,
            request_bytes_max: REQUEST_BYTES_MAX,
            rows_max: ROWS_MAX,
            deadline: DEADLINE,
            connections_max: 1,
            idle: DEADLINE,
        },
        log_events: 1.0,
        holds_back: true,
        stats: Arc::default(),
        meter: Meter {
            requests: IntCounterVec::new(Opts::new("requests", "Requests."), &labels).expect("a name"),
            seconds: HistogramVec::new(HistogramOpts::new("seconds", "Seconds."), &labels[..1]).expect("a name"),
        },
        names: Arc::new(Names::of_this_run().expect("a source of chance")),
        under_way: Arc::new(Semaphore::new(REQUESTS_MAX)),
    }
}
