//! A plain HTTP server inside the test's process, for whatever the daemon asks.
//!
//! Lives here: reading requests and writing answers. May not: know what either means.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

/// Longest wait for a request that has begun.
const REQUEST_WAIT: Duration = Duration::from_secs(5);
/// Most bytes of a body.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What is asked.
#[derive(Debug)]
pub struct Asked {
    /// `GET` and its like.
    pub method: String,
    /// Path and query, as they came.
    pub target: String,
    /// Names in lower case, and values.
    pub headers: BTreeMap<String, String>,
    /// What follows.
    pub body: Vec<u8>,
}

/// What is answered.
#[derive(Debug, Default)]
pub struct Reply {
    /// The status code.
    pub code: u16,
    /// Beside those that say how long it is.
    pub headers: Vec<(&'static str, String)>,
    /// What follows; of an answer to `HEAD` only its length is sent.
    pub body: Vec<u8>,
}

impl Reply {
    /// With this body and no header of its own.
    pub fn new(code: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { code, headers: Vec::new(), body: body.into() }
    }
}

/// Answers until the test is over, one connection after the other, and hangs up on whoever gets no answer; its address.
pub fn serve(answer: impl FnMut(&Asked) -> Option<Reply> + Send + 'static) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    let mut answer = answer;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Whoever asks has a limit of its own.
            exchange(stream, &mut answer).ok();
        }
    });
    Ok(address)
}

/// One request, and its answer; then it hangs up.
fn exchange(stream: TcpStream, answer: &mut impl FnMut(&Asked) -> Option<Reply>) -> Result<()> {
    stream.set_read_timeout(Some(REQUEST_WAIT))?;
    let mut reader = BufReader::new(stream);
    let asked = read(&mut reader)?;
    let Some(Reply { code, headers, body }) = answer(&asked) else { return Ok(()) };
    let mut said = format!("HTTP/1.1 {code} -\r\nContent-Length: {}\r\nConnection: close\r\n", body.len());
    said.extend(headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")));
    let body = if asked.method == "HEAD" { &[] } else { body.as_slice() };
    Ok(reader.into_inner().write_all(&[said.as_bytes(), b"\r\n", body].concat())?)
}

fn read(reader: &mut BufReader<TcpStream>) -> Result<Asked> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next().context("a method")?, words.next().context("a target")?);
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").map_or(Ok(0), |length| length.parse::<usize>())?;
    ensure!(length <= BODY_BYTES_MAX, "{length} bytes are too many");
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Asked { method, target, headers, body })
}
