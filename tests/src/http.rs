//! A plain HTTP client for the daemon's own pages.
//!
//! Lives here: one GET, and reading one number of `/metrics`. May not: retry.

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

/// The value of a series in the text format, named with its labels as it stands there.
pub fn metric(address: &str, series: &str) -> anyhow::Result<f64> {
    let (_, body) = get(address, "/metrics")?;
    let line = body.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.and_then(|value| value.parse().ok()).with_context(|| format!("no series {series}"))
}
