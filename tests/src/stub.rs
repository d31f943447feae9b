//! A server of the Open Inference Protocol that says what a test wants.
//!
//! Lives here: hearing questions over HTTP and answering them with classes. May not: know what is asked of it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

/// Longest wait for a question that has begun.
const QUESTION_WAIT: Duration = Duration::from_secs(5);
/// Most bytes of a question.
const QUESTION_BYTES_MAX: usize = 1024 * 1024;

/// The class of a row, by its numbers in the order of the inputs.
type Classify = Box<dyn FnMut(&[f64]) -> &'static str + Send>;

/// The server; it hangs up on whoever asks while it is down.
pub struct Stub {
    address: String,
    down: Arc<AtomicBool>,
}

impl Stub {
    /// One that answers so, until the test is over.
    pub fn start(classify: impl FnMut(&[f64]) -> &'static str + Send + 'static) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        let down = Arc::new(AtomicBool::new(false));
        let (is_down, classify) = (Arc::clone(&down), Mutex::new(Box::new(classify) as Classify));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if !is_down.load(Ordering::Relaxed) {
                    // Whoever asks has a limit of its own.
                    answer(stream, &classify).ok();
                }
            }
        });
        Ok(Self { address, down })
    }

    /// Where to ask it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on it answers, or does not.
    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::Relaxed);
    }
}

/// One question, and its answer; then it hangs up.
fn answer(stream: TcpStream, classify: &Mutex<Classify>) -> Result<()> {
    stream.set_read_timeout(Some(QUESTION_WAIT))?;
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        if let Some(bytes) = line.to_lowercase().strip_prefix("content-length:") {
            length = bytes.trim().parse::<usize>()?.min(QUESTION_BYTES_MAX);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let question: Value = serde_json::from_slice(&body)?;
    let said = classes(&question, classify)?.to_string();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", said.len());
    Ok(reader.into_inner().write_all(format!("{head}{said}").as_bytes())?)
}

fn classes(question: &Value, classify: &Mutex<Classify>) -> Result<Value> {
    let columns = question["inputs"].as_array().context("there are inputs")?;
    let column = |column: &Value| {
        let data = column["data"].as_array().context("an input has data")?;
        Ok(data.iter().map(|number| number.as_f64().unwrap_or(f64::NAN)).collect::<Vec<f64>>())
    };
    let columns = columns.iter().map(column).collect::<Result<Vec<_>>>()?;
    let rows = columns.first().map_or(0, Vec::len);
    let mut classify = classify.lock().unwrap_or_else(PoisonError::into_inner);
    let said: Vec<&str> = (0..rows)
        .map(|row| classify(&columns.iter().map(|column| column[row]).collect::<Vec<f64>>()))
        .collect();
    let label = json!({ "name": "label", "datatype": "BYTES", "shape": [rows], "data": said });
    Ok(json!({ "model_name": "theirs", "model_version": "1", "outputs": [label] }))
}
