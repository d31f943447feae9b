//! A Prometheus for a test: a real one, or one that says what the test wants.
//!
//! Lives here: starting and stopping them. May not: know what is asked of them.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

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
        if std::env::var_os(BINARY_VARIABLE).is_none_or(|binary| binary.is_empty()) {
            return Ok(None);
        }
        let folder = tempfile::tempdir()?;
        let output = script(&["start".as_ref(), folder.path()])?;
        let told = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), ".ci/prometheus start: {}: {told}", output.status);
        let address = String::from_utf8(output.stdout)?.trim().to_owned();
        Ok(Some(Self { folder, address }))
    }

    /// Where to ask it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
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
