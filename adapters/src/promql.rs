//! Asking a Prometheus server for one number.
//!
//! Lives here: one instant query (`GET /api/v1/query`), and what its answer means. May not: decide when to ask, or what a
//! number that is missing stands for: it is never zero.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use ureq::Agent;
use ureq::tls::TlsConfig;

use crate::files::read_whole_text;
use crate::trust;

/// Most bytes of an answer that are read: one number with its labels is a few hundred.
pub const ANSWER_BYTES_MAX: u64 = 64 * 1024;
/// Most bytes of a token.
const TOKEN_BYTES_MAX: usize = 16 * 1024;
/// Most characters of what a server says of a query that it refuses.
const SAID_MAX: usize = 200;
/// Where queries go.
const PATH: &str = "/api/v1/query";

/// How a server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromqlConfig {
    /// Its address, with the path under which it serves, if it has one.
    pub url: String,
    /// How long an answer may take, from connecting to the last byte.
    pub timeout: Duration,
    /// A file with a bearer token.
    pub token_file: Option<PathBuf>,
    /// A file with the certificates that vouch for it; without one, Mozilla's do.
    pub ca_file: Option<PathBuf>,
}

/// Why there is no number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// The token cannot be read.
    #[error("the token cannot be read: {0}")]
    Token(String),
    /// Nobody answers there.
    #[error("the server cannot be reached: {0}")]
    Unreachable(String),
    /// The answer took too long.
    #[error("the server took too long")]
    TimedOut,
    /// The server does not answer this.
    #[error("the server refuses the query with {code}: {said}")]
    Refused {
        /// The status code.
        code: u16,
        /// In its words.
        said: String,
    },
    /// The answer is longer than [`ANSWER_BYTES_MAX`].
    #[error("the answer is longer than {ANSWER_BYTES_MAX} bytes")]
    TooLarge,
    /// The answer is not one of Prometheus.
    #[error("the answer cannot be read: {0}")]
    Unreadable(String),
    /// No series matches.
    #[error("the query finds nothing")]
    Empty,
    /// More than one series matches.
    #[error("the query finds {0} series; aggregate them to one")]
    Several(usize),
    /// It is no number that can be compared.
    #[error("the query gives {0}")]
    NotFinite(String),
}

impl Missing {
    /// All reasons, for metrics.
    pub const REASONS: [&str; 9] = [
        "token",
        "unreachable",
        "timeout",
        "refused",
        "too_large",
        "unreadable",
        "empty",
        "several",
        "not_finite",
    ];

    /// Its name in metrics.
    pub fn reason(&self) -> &'static str {
        let [token, unreachable, timeout, refused, too_large, unreadable, empty, several, not_finite] =
            Self::REASONS;
        match self {
            Self::Token(_) => token,
            Self::Unreachable(_) => unreachable,
            Self::TimedOut => timeout,
            Self::Refused { .. } => refused,
            Self::TooLarge => too_large,
            Self::Unreadable(_) => unreadable,
            Self::Empty => empty,
            Self::Several(_) => several,
            Self::NotFinite(_) => not_finite,
        }
    }

    /// Whether another query would fare no better now.
    pub fn is_for_all(&self) -> bool {
        match self {
            Self::Token(_) | Self::Unreachable(_) | Self::TimedOut => true,
            Self::Refused { .. }
            | Self::TooLarge
            | Self::Unreadable(_)
            | Self::Empty
            | Self::Several(_)
            | Self::NotFinite(_) => false,
        }
    }
}

/// A way to a server. Connections are kept from one question to the next.
#[derive(Clone, Debug)]
pub struct Promql {
    config: PromqlConfig,
    agent: Agent,
}

impl Promql {
    /// Connects to nothing yet; an error is one of the file with certificates.
    pub fn new(config: PromqlConfig) -> io::Result<Self> {
        let roots = trust::roots(config.ca_file.as_deref())?;
        let tls = TlsConfig::builder().root_certs(roots).build();
        let agent = Agent::config_builder()
            .timeout_global(Some(config.timeout))
            .http_status_as_error(false)
            // A token must not follow to somebody else.
            .max_redirects(0)
            .tls_config(tls)
            .build()
            .new_agent();
        Ok(Self { config, agent })
    }

    /// The number that a query gives now.
    pub fn ask(&self, query: &str) -> Result<f64, Missing> {
        let url = format!("{}{PATH}", self.config.url.trim_end_matches('/'));
        let timeout = format!("{}ms", self.config.timeout.as_millis());
        let mut request = self.agent.get(url).query("query", query).query("timeout", timeout);
        if let Some(token) = self.token()? {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let mut response = request.call().map_err(missing)?;
        let code = response.status().as_u16();
        let limited = response.body_mut().with_config().limit(ANSWER_BYTES_MAX);
        let body = limited.read_to_vec().map_err(missing)?;
        number(code, &body)
    }

    /// Read each time: tokens of a cluster are renewed while the daemon runs.
    fn token(&self) -> Result<Option<String>, Missing> {
        let Some(file) = &self.config.token_file else { return Ok(None) };
        let token = read_whole_text(file, TOKEN_BYTES_MAX as u64)
            .map_err(|error| Missing::Token(format!("{}: {error}", file.display())))?;
        let token = token.trim();
        let plain = token.bytes().all(|byte| byte.is_ascii_graphic());
        if token.is_empty() || token.len() > TOKEN_BYTES_MAX || !plain {
            return Err(Missing::Token(format!("{} has none in one line", file.display())));
        }
        Ok(Some(token.to_owned()))
    }
}

fn missing(error: ureq::Error) -> Missing {
    match error {
        ureq::Error::Timeout(_) => Missing::TimedOut,
        ureq::Error::BodyExceedsLimit(_) => Missing::TooLarge,
        other => Missing::Unreachable(other.to_string()),
    }
}

/// What the server says.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(default)]
    data: Option<Data>,
    #[serde(default)]
    error: String,
}

/// The two kinds of result that can be one number.
#[derive(Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
enum Data {
    Scalar(Point),
    Vector(Vec<Element>),
}

#[derive(Deserialize)]
struct Element {
    value: Point,
}

/// A time, and the number as text.
#[derive(Deserialize)]
struct Point(#[expect(dead_code, reason = "it is now")] f64, String);

/// The one number of an answer.
fn number(code: u16, body: &[u8]) -> Result<f64, Missing> {
    let answer: Result<Answer, _> = serde_json::from_slice(body);
    if code != 200 {
        let said = answer.map_or_else(|_| String::from_utf8_lossy(body).into_owned(), |answer| answer.error);
        let said = said.trim().chars().take(SAID_MAX).collect();
        return Err(Missing::Refused { code, said });
    }
    let answer = answer.map_err(|error| Missing::Unreadable(error.to_string()))?;
    let Point(_, text) = match answer.data {
        Some(Data::Scalar(point)) => point,
        Some(Data::Vector(mut elements)) => match (elements.pop(), elements.len()) {
            (None, _) => return Err(Missing::Empty),
            (Some(Element { value }), 0) => value,
            (Some(_), others) => return Err(Missing::Several(others + 1)),
        },
        None => return Err(Missing::Unreadable("there is no result".into())),
    };
    let value: f64 = text.parse().map_err(|_| Missing::Unreadable(format!("`{text}` is no number")))?;
    if value.is_finite() { Ok(value) } else { Err(Missing::NotFinite(text)) }
}

#[cfg(test)]
mod tests;
