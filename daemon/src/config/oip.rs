//! Config of the HTTP and gRPC roads.
//!
//! Lives here: addresses and limits, checked. May not: listen.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use adapters::oip::{FrontLimits, QueueLimits, TlsFiles};

use super::raw::Serve;
use super::{ConfigError, refuse};

/// Most threads that answer, and that talk.
const THREADS_MAX: usize = 64;

/// The HTTP and gRPC roads.
#[derive(Clone, Debug)]
pub struct OipConfig {
    /// Where HTTP is answered, if it is.
    pub http: Option<SocketAddr>,
    /// Where gRPC is answered, if it is.
    pub grpc: Option<SocketAddr>,
    /// What has to be spoken on both, if plain text will not do.
    pub tls: Option<TlsFiles>,
    /// Threads that answer.
    pub threads: usize,
    /// How much is taken at once.
    pub limits: FrontLimits,
    /// How much may wait.
    pub queue: QueueLimits,
    /// Share of answered rows that are told on the events topic.
    pub log_events: f64,
    /// How long requests are answered after the daemon was told to stop.
    pub drain: Duration,
}

impl Serve {
    pub(super) fn oip(&self) -> Result<OipConfig, ConfigError> {
        let counts = [
            ("threads", self.threads, THREADS_MAX),
            ("connections_max", self.connections_max, usize::MAX),
            ("requests_max", self.requests_max, 1 << 20),
            ("request_bytes_max", self.request_bytes_max, 1 << 30),
            ("request_rows_max", self.request_rows_max, usize::MAX),
            ("queue_rows_max", self.queue_rows_max, usize::MAX),
        ];
        for (key, value, most) in counts {
            if !(1..=most).contains(&value) {
                return refuse(format!("`serve.{key}` is {value}; give 1 to {most}"));
            }
        }
        if self.queue_rows_max < self.request_rows_max {
            return refuse(format!(
                "`serve.queue_rows_max` is {}, less than `serve.request_rows_max`: the largest request would never fit",
                self.queue_rows_max
            ));
        }
        let deadline = seconds("deadline_seconds", self.deadline_seconds)?;
        let idle = seconds("idle_seconds", self.idle_seconds)?;
        let Ok(drain) = Duration::try_from_secs_f64(self.drain_seconds) else {
            return refuse(format!("`serve.drain_seconds` is {}; give 0 or more", self.drain_seconds));
        };
        if !(0.0..=1.0).contains(&self.log_events) {
            return refuse(format!("`serve.log_events` is {}; give 0 to 1", self.log_events));
        }
        Ok(OipConfig {
            http: address("http_listen", &self.http_listen)?,
            grpc: address("grpc_listen", &self.grpc_listen)?,
            tls: self.tls()?,
            threads: self.threads,
            limits: FrontLimits {
                requests_max: self.requests_max,
                request_bytes_max: self.request_bytes_max,
                rows_max: self.request_rows_max,
                deadline,
                connections_max: self.connections_max,
                idle,
            },
            queue: QueueLimits { questions_max: self.requests_max, rows_max: self.queue_rows_max },
            log_events: self.log_events,
            drain,
        })
    }

    fn tls(&self) -> Result<Option<TlsFiles>, ConfigError> {
        let given = |path: &Path| Some(path.to_owned()).filter(|path| !path.as_os_str().is_empty());
        let client_ca: Option<PathBuf> = given(&self.tls_client_ca);
        match (given(&self.tls_certificate), given(&self.tls_key)) {
            (Some(certificate), Some(key)) => Ok(Some(TlsFiles { certificate, key, client_ca })),
            (Some(_), None) => {
                refuse("`serve.tls_certificate` is given, but `serve.tls_key` is not; give both")
            }
            (None, Some(_)) => {
                refuse("`serve.tls_key` is given, but `serve.tls_certificate` is not; give both")
            }
            (None, None) if client_ca.is_some() => refuse(
                "`serve.tls_client_ca` is given, but `serve.tls_certificate` is not: clients show theirs by TLS only",
            ),
            (None, None) => Ok(None),
        }
    }
}

fn seconds(key: &str, value: f64) -> Result<Duration, ConfigError> {
    match Duration::try_from_secs_f64(value) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => refuse(format!("`serve.{key}` is {value}; give a number above 0")),
    }
}

/// Empty means nowhere.
fn address(key: &str, text: &str) -> Result<Option<SocketAddr>, ConfigError> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        ConfigError(format!("`serve.{key}` is `{text}`; give an address such as 127.0.0.1:8080, or nothing"))
    })
}
