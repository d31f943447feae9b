//! A Prometheus for a test: a real one, or one that says what the test wants.
//!
//! Lives here: starting and stopping them. May not: know what is asked of them.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// Names the binary of a real Prometheus.
pub const BINARY_VARIABLE: &str = "PROMETHEUS_BIN";
/// Longest wait for a question that has begun.
const QUESTION_WAIT: Duration = Duration::from_secs(5);
/// Most bytes of a question.
const QUESTION_BYTES_MAX: usize = 64 * 1024;

/// A real Prometheus, by `.ci/prometheus`, which the binary's variable tells what to run.
pub struct RealPrometheus {
    folder: tempfile::TempDir,
    address: String,
}

impl RealPrometheus {
    /// The one that the environment names; none where it names none.
    pub fn start() -> Result<Option<Self>> {
        Self::with_rules(None)
    }

    /// The same, with the rules of a folder.
    pub fn with_rules(rules: Option<&Path>) -> Result<Option<Self>> {
        if std::env::var_os(BINARY_VARIABLE).is_none_or(|binary| binary.is_empty()) {
            return Ok(None);
        }
        let folder = tempfile::tempdir()?;
        let arguments: Vec<&Path> = ["start".as_ref(), folder.path()].into_iter().chain(rules).collect();
        let output = script(&arguments)?;
        let told = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), ".ci/prometheus start: {}: {told}", output.status);
        let address = String::from_utf8(output.stdout)?.trim().to_owned();
        Ok(Some(Self { folder, address }))
    }

    /// Where to ask it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What its interface answers: the `data` of what it says to this path, or what it complains of.
    pub fn ask(&self, path: &str) -> Result<Result<Value, String>> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(QUESTION_WAIT))?;
        // Of HTTP/1.0, whose answers come in one piece.
        write!(stream, "GET {path} HTTP/1.0\r\nHost: {}\r\n\r\n", self.address)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (_, body) = answer.split_once("\r\n\r\n").context("an answer has a head and a body")?;
        let said: Value = serde_json::from_str(body).with_context(|| body.to_owned())?;
        Ok(if said["status"] == "success" {
            Ok(said["data"].clone())
        } else {
            Err(said["error"].to_string())
        })
    }

    /// What a query gives now.
    pub fn query(&self, query: &str) -> Result<Result<Value, String>> {
        let mut path = String::from("/api/v1/query?query=");
        for byte in query.bytes() {
            write!(path, "%{byte:02X}").expect("a string takes all");
        }
        self.ask(&path)
    }

    /// Names of the alerts that fire now.
    pub fn firing(&self) -> Result<Vec<String>> {
        let told = self.ask("/api/v1/alerts")?.map_err(anyhow::Error::msg)?;
        let alerts = told["alerts"].as_array().context("a list of alerts")?;
        let firing = alerts.iter().filter(|alert| alert["state"] == "firing");
        Ok(firing.filter_map(|alert| alert["labels"]["alertname"].as_str().map(str::to_owned)).collect())
    }

    /// What promtool says of a scrape; empty where nothing is wrong with it.
    pub fn check(scrape: &str) -> Result<String> {
        let output = script(&["promtool".as_ref()])?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let tool = String::from_utf8(output.stdout)?;
        let mut child = Command::new(tool.trim())
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        child.stdin.take().context("it reads what is piped")?.write_all(scrape.as_bytes())?;
        let output = child.wait_with_output()?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).trim().to_owned();
        ensure!(output.status.success() || !said.is_empty(), "promtool ends with {}", output.status);
        Ok(said)
    }

    /// From now on it asks this address for metrics, every second.
    pub fn scrape(&self, address: &str) -> Result<()> {
        let output = script(&["scrape".as_ref(), self.folder.path(), address.as_ref()])?;
        ensure!(output.status.success(), ".ci/prometheus scrape: {}", output.status);
        Ok(())
    }
}

impl Drop for RealPrometheus {
    fn drop(&mut self) {
        // Fails only for one that has ended already.
        drop(script(&["stop".as_ref(), self.folder.path()]));
    }
}

fn script(arguments: &[&Path]) -> Result<Output> {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../.ci/prometheus");
    Command::new(&script).args(arguments).output().with_context(|| format!("running {}", script.display()))
}

/// Answers every query with the same result, or hangs up.
pub struct ToldPrometheus {
    address: String,
    result: Arc<Mutex<Option<String>>>,
}

impl ToldPrometheus {
    /// It hangs up until it is told what to say.
    pub fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        let result = Arc::new(Mutex::new(None));
        let said = Arc::clone(&result);
        // It ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let said = said.lock().map(|said| said.clone()).unwrap_or_default();
                // Whoever asked has gone, or will ask again.
                drop(answer(stream, said.as_deref()));
            }
        });
        Ok(Self { address, result })
    }

    /// Where to ask it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Says this number from now on.
    pub fn say(&self, value: f64) {
        self.tell(Some(format!(r#"[{{"metric":{{}},"value":[0,"{value}"]}}]"#)));
    }

    /// Finds nothing from now on.
    pub fn find_nothing(&self) {
        self.tell(Some("[]".into()));
    }

    /// Hangs up from now on.
    pub fn hang_up(&self) {
        self.tell(None);
    }

    fn tell(&self, result: Option<String>) {
        if let Ok(mut told) = self.result.lock() {
            *told = result;
        }
    }
}

fn answer(mut stream: TcpStream, result: Option<&str>) -> Result<()> {
    stream.set_read_timeout(Some(QUESTION_WAIT))?;
    let (mut heard, mut byte) = (Vec::new(), [0]);
    while !heard.ends_with(b"\r\n\r\n") && heard.len() < QUESTION_BYTES_MAX && stream.read(&mut byte)? > 0 {
        heard.push(byte[0]);
    }
    let Some(result) = result else { return Ok(()) };
    let body = format!(r#"{{"status":"success","data":{{"resultType":"vector","result":{result}}}}}"#);
    let length = body.len();
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")?;
    Ok(())
}
