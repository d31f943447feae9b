//! A plain HTTP client.
//!
//! Lives here: one GET, one request of bytes as they are, and reading one number of `/metrics`. May not: retry.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use anyhow::Context as _;

/// Status code and body of one page.
pub fn get(address: &str, path: &str) -> anyhow::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address).with_context(|| format!("connecting to {address}"))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("an answer has a head and a body")?;
    let code = head.split_whitespace().nth(1).and_then(|code| code.parse().ok()).context("a status code")?;
    Ok((code, body.to_owned()))
}

/// An answer, as it came.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub code: u16,
    /// Names in lower case, and values.
    pub headers: BTreeMap<String, String>,
    /// What follows.
    pub body: Vec<u8>,
}

/// Sends a body with these headers, and reads the whole answer.
pub fn send(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, String)],
    body: &[u8],
) -> anyhow::Result<Answer> {
    let mut stream = TcpStream::connect(address).with_context(|| format!("connecting to {address}"))?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n"
    )?;
    for (name, value) in headers {
        write!(stream, "{name}: {value}\r\n")?;
    }
    stream.write_all(b"\r\n")?;
    // Whoever refuses a request may do so before all of it has gone: the answer says why.
    stream.write_all(body).ok();
    let mut answer = Vec::new();
    // Where the rest of a request was not read, the connection is reset behind the answer: what came counts.
    if let Err(error) = stream.read_to_end(&mut answer)
        && answer.is_empty()
    {
        return Err(error.into());
    }
    let end = answer.windows(4).position(|part| part == b"\r\n\r\n").context("an answer has a head")?;
    let head = std::str::from_utf8(&answer[..end])?;
    let code = head.split_whitespace().nth(1).and_then(|code| code.parse().ok()).context("a status code")?;
    let fields = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    let headers = fields.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    Ok(Answer { code, headers, body: answer[end + 4..].to_vec() })
}

/// The value of a series in the text format, named with its labels as it stands there.
pub fn metric(address: &str, series: &str) -> anyhow::Result<f64> {
    let (_, body) = get(address, "/metrics")?;
    let line = body.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.and_then(|value| value.parse().ok()).with_context(|| format!("no series {series}"))
}
