//! Answers while models change, and refusals while more is asked than is taken.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tests::process::wait_until;
use tonic::Code;

use super::calls::{connect, one};
use super::{World, served, yes_of};

const DEADLINE: Duration = Duration::from_mins(1);
const ROW: &str = r#"{"inputs": [{"name": "amount", "shape": [1], "datatype": "FP32", "data": [1]}]}"#;
const CLIENTS: usize = 3;
const SWAPS: u64 = 100;

/// One connection that stays open.
struct Caller(TcpStream);

impl Caller {
    fn ask(&mut self) -> Result<Value> {
        let length = ROW.len();
        write!(
            self.0,
            "POST /v2/models/shop/infer HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{ROW}"
        )?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        let head = String::from_utf8(head)?.to_lowercase();
        ensure!(head.starts_with("http/1.1 200"), "{head}");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.context("a length")?.parse()?];
        self.0.read_exact(&mut body)?;
        Ok(serde_json::from_slice(&body)?)
    }
}

/// Asks until the swaps are over; each answer is of the version it says.
fn ask_on(world: &World, done: &AtomicBool, asked: &AtomicU64) -> Result<()> {
    let mut caller = Caller(TcpStream::connect(&world.http)?);
    while !done.load(Ordering::Relaxed) {
        let answer = caller.ask()?;
        let version: u64 = answer["model_version"].as_str().context("a version")?.parse()?;
        let yes = answer["outputs"][0]["data"][1].as_f64().context("a number")?;
        ensure!((yes - yes_of(version)).abs() < 1e-6, "version {version} says {yes}");
        asked.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

#[test]
fn nobody_notices_that_models_change() -> Result<()> {
    let world = World::start()?;
    let (done, asked) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(|| ask_on(&world, &done, &asked))).collect();
        for generation in 8..8 + SWAPS {
            let before = asked.load(Ordering::Relaxed);
            let swapped = served(&world.config, generation).map(|next| world.slot.replace(next));
            let answered = wait_until("answers after a swap", DEADLINE, || {
                (asked.load(Ordering::Relaxed) > before
                    || callers.iter().any(std::thread::ScopedJoinHandle::is_finished))
                .then_some(())
            });
            if swapped.is_err() || answered.is_err() {
                break;
            }
        }
        done.store(true, Ordering::Relaxed);
        for caller in callers {
            caller.join().map_err(|_| anyhow::anyhow!("a caller panicked"))??;
        }
        ensure!(asked.load(Ordering::Relaxed) >= SWAPS, "answers between all swaps");
        Ok(())
    })
}

#[test]
fn one_request_too_many_is_refused_at_once_and_the_next_is_answered() -> Result<()> {
    let world = World::start()?;
    // One more each time, waiting for a body that does not come, until as many are under way as may be. Were they a fixed
    // number, the asking itself could take the place of one.
    let mut held = Vec::new();
    wait_until("a refusal", DEADLINE, || {
        let mut stream = TcpStream::connect(&world.http).ok()?;
        write!(stream, "POST /v2/models/shop/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n").ok()?;
        held.push(stream);
        let (code, _) = world.post("/v2/models/shop/infer", ROW.as_bytes()).ok()?;
        (code == 429).then_some(())
    })?;
    let refused = world.telemetry.front.meter.requests.with_label_values(&["http", "overloaded"]).get();
    ensure!(refused >= 1, "it is counted");
    // The roads share what may be under way.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let status =
        runtime.block_on(async { anyhow::Ok(connect(&world).await?.model_infer(one()).await.err()) })?;
    ensure!(status.as_ref().is_some_and(|status| status.code() == Code::ResourceExhausted), "{status:?}");
    let (code, _) = world.get("/v2/health/ready")?;
    ensure!(code == 200, "a probe is answered all the same");
    drop(held);
    wait_until("an answer", DEADLINE, || {
        let (code, _) = world.post("/v2/models/shop/infer", ROW.as_bytes()).ok()?;
        (code == 200).then_some(())
    })
}

#[test]
fn who_says_nothing_loses_the_place() -> Result<()> {
    let world =
        World::of(&super::SETTINGS.replace("requests_max = 8", "requests_max = 8\nidle_seconds = 0.05"))?;
    for address in [&world.http, &world.grpc] {
        let mut silent = TcpStream::connect(address)?;
        silent.set_read_timeout(Some(DEADLINE))?;
        silent.read_to_end(&mut Vec::new()).with_context(|| format!("{address} closes it"))?;
    }
    let mut once = Caller(TcpStream::connect(&world.http)?);
    once.ask()?;
    once.0.set_read_timeout(Some(DEADLINE))?;
    once.0.read_to_end(&mut Vec::new()).context("and whoever has asked once, and then no more")?;
    Ok(())
}

#[test]
fn whoever_is_about_to_stop_says_so_and_answers() -> Result<()> {
    let world =
        World::of(&super::SETTINGS.replace("requests_max = 8", "requests_max = 8\ndrain_seconds = 3600"))?;
    world.stop.store(true, Ordering::Relaxed);
    wait_until("not ready", DEADLINE, || (world.get("/v2/health/ready").ok()?.0 == 503).then_some(()))?;
    let (code, answer) = world.post("/v2/models/shop/infer", ROW.as_bytes())?;
    ensure!(code == 200, "{code} {answer}");
    world.leave();
    Ok(())
}

#[test]
fn one_connection_too_many_is_closed() -> Result<()> {
    let world =
        World::of(&super::SETTINGS.replace("requests_max = 8", "requests_max = 8\nconnections_max = 1"))?;
    let mut caller = Caller(TcpStream::connect(&world.http)?);
    caller.ask()?;
    let mut second = TcpStream::connect(&world.http)?;
    // Closed without a word; it may be told so by an end or by a reset.
    let read = second.read(&mut [0]);
    ensure!(!matches!(read, Ok(1..)), "{read:?}");
    caller.ask()?;
    Ok(())
}
