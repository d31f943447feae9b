//! The Open Inference Protocol as clients see it: two sockets, a slot behind them, and no broker.
//!
//! Lives here: the world that the stories share. Every path, error and datatype is in [`conformance`] (over HTTP) and
//! [`calls`] (over gRPC); what swaps and overload do in [`load`]; hostile bodies in [`hostile`]; who is let in by TLS
//! in [`tls`].

mod calls;
mod conformance;
mod hostile;
mod load;
mod tls;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use adapters::codec::JsonCodec;
use adapters::http::Health;
use anyhow::{Context as _, Result};
use daemon::clock::Clock;
use daemon::config::Config;
use daemon::serve::{Answering, Oip, Roads};
use daemon::slot::{self, Served, Slot, Standing};
use daemon::telemetry::Telemetry;
use model::{Device, Generation, Model, Timestamp};
use serde_json::Value;
use tests::http::{Answer, send};
use tokio::sync::watch;

/// A number, a category and a boolean.
const SETTINGS: &str = r#"
    model = { name = "shop" }
    [serve]
    http_listen = "127.0.0.1:0"
    grpc_listen = "127.0.0.1:0"
    request_bytes_max = 100000
    request_rows_max = 64
    queue_rows_max = 128
    requests_max = 8
    deadline_seconds = 60.0
    [schema]
    classes = ["no", "yes"]
    features = [
      { name = "amount", kind = "numeric" },
      { name = "country", kind = "categorical", buckets = 8 },
      { name = "member", kind = "boolean" },
    ]
"#;

/// Both roads to a slot in which generation 7 serves and 5 was displaced.
struct World {
    http: String,
    grpc: String,
    slot: Arc<Slot>,
    health: watch::Sender<Health>,
    telemetry: Telemetry,
    config: Config,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl World {
    fn start() -> Result<Self> {
        Self::of(SETTINGS)
    }

    fn of(settings: &str) -> Result<Self> {
        let config = Config::parse(settings)?;
        let slot = Arc::new(slot::open(served(&config, 5)?)?);
        slot.replace(served(&config, 7)?);
        let telemetry = Telemetry::new();
        let (health, _) = watch::channel(Health { live: true, ready: true, ..Health::default() });
        let codec = JsonCodec::new(Arc::clone(&config.learn.schema), config.codec.clone())?;
        let clock = Clock::starting_at(Timestamp(0));
        let roads = Roads {
            lately: None,
            config: &config,
            slot: &slot,
            codec: &codec,
            telemetry: &telemetry,
            health: &health,
            clock,
        };
        let oip = Oip::open(&roads)?.context("it listens")?;
        let stop = Arc::new(AtomicBool::new(false));
        let Answering { threads, addresses, .. } = oip.start(Arc::clone(&stop))?;
        let [http, grpc] =
            addresses.map(|address| address.map_or_else(String::new, |address| address.to_string()));
        Ok(Self { http, grpc, slot, health, telemetry, config, stop, threads })
    }

    /// Without waiting for the end.
    fn leave(mut self) {
        self.threads.clear();
    }

    fn get(&self, path: &str) -> Result<(u16, Value)> {
        json_of(&send(&self.http, "GET", path, &[], b"")?)
    }

    fn post(&self, path: &str, body: &[u8]) -> Result<(u16, Value)> {
        json_of(&send(&self.http, "POST", path, &[], body)?)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so.
            thread.join().ok();
        }
    }
}

fn json_of(answer: &Answer) -> Result<(u16, Value)> {
    let body = serde_json::from_slice(&answer.body);
    Ok((answer.code, body.with_context(|| format!("not JSON: {}", String::from_utf8_lossy(&answer.body)))?))
}

/// A prior whose probability of `yes` tells its generation.
fn served(config: &Config, generation: u64) -> Result<Served> {
    let schema = Arc::clone(&config.learn.schema);
    let model = Model::prior(schema, &[0, generation], &Device::cpu())?;
    Ok(Served { generation: Generation(generation), model, prior_only: false, standing: Standing::Champion })
}

/// What that prior says of `yes`.
fn yes_of(generation: u64) -> f64 {
    (generation + 1) as f64 / (generation + 2) as f64
}
