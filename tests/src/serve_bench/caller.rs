//! Caller: one connection, over which one request at a time is asked and its answer read.
//!
//! Lives here: the client's side of HTTP/1.1, by hand because a library's would cost more than the server, and of gRPC. May
//! not: know when to ask.

use adapters::oip::proto::ModelInferRequest;
use adapters::oip::proto::grpc_inference_service_client::GrpcInferenceServiceClient;
use anyhow::{Context as _, Result, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tonic::Code;
use tonic::transport::Channel;

/// Most bytes of an answer.
const ANSWER_BYTES_MAX: usize = 1 << 20;
const TOO_MANY: u16 = 429;

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Answered,
    /// Too much is asked now, says the server.
    Refused,
    /// Anything else.
    Failed,
}

/// What is asked, in turns.
pub(super) enum Asked {
    Http(Vec<Vec<u8>>),
    Grpc(Vec<ModelInferRequest>),
}

/// A connection.
pub(super) enum Caller {
    Http { address: String, stream: Option<TcpStream>, answer: Vec<u8> },
    Grpc(GrpcInferenceServiceClient<Channel>),
}

impl Caller {
    pub(super) fn http(address: &str) -> Self {
        Self::Http { address: address.into(), stream: None, answer: Vec::new() }
    }

    pub(super) async fn grpc(address: &str) -> Result<Self> {
        let channel = Channel::from_shared(format!("http://{address}"))?.tcp_nodelay(true).connect().await?;
        Ok(Self::Grpc(GrpcInferenceServiceClient::new(channel)))
    }

    /// Another on the same connection, where it takes several requests at once.
    pub(super) fn another(&self) -> Option<Self> {
        match self {
            Self::Grpc(client) => Some(Self::Grpc(client.clone())),
            Self::Http { .. } => None,
        }
    }

    /// Connects where that is not done by asking.
    pub(super) async fn connect(&mut self) -> Result<()> {
        if let Self::Http { address, stream, .. } = self
            && stream.is_none()
        {
            let connected = TcpStream::connect(&*address).await.with_context(|| format!("at {address}"))?;
            connected.set_nodelay(true)?;
            *stream = Some(connected);
        }
        Ok(())
    }

    /// Asks the request with this number, and waits for what becomes of it.
    pub(super) async fn ask(&mut self, asked: &Asked, number: usize) -> Heard {
        match (self, asked) {
            (Self::Grpc(client), Asked::Grpc(messages)) => call(client, turn(messages, number)).await,
            (Self::Http { stream: Some(stream), answer, .. }, Asked::Http(requests)) => {
                exchange(stream, turn::<Vec<u8>>(requests, number), answer).await.unwrap_or(Heard::Failed)
            }
            _ => Heard::Failed,
        }
    }

    /// After a failure nobody knows what comes next on a connection: the next request has a new one.
    pub(super) fn hang_up(&mut self) {
        if let Self::Http { stream, .. } = self {
            *stream = None;
        }
    }
}

fn turn<T>(all: &[T], number: usize) -> &T {
    &all[number % all.len()]
}

async fn call(client: &mut GrpcInferenceServiceClient<Channel>, message: &ModelInferRequest) -> Heard {
    match client.model_infer(message.clone()).await {
        Ok(answer) if !answer.get_ref().outputs.is_empty() => Heard::Answered,
        Err(status) if status.code() == Code::ResourceExhausted => Heard::Refused,
        _ => Heard::Failed,
    }
}

async fn exchange(stream: &mut TcpStream, request: &[u8], answer: &mut Vec<u8>) -> Result<Heard> {
    stream.write_all(request).await?;
    answer.clear();
    loop {
        ensure!(stream.read_buf(answer).await? > 0, "the server hung up");
        ensure!(answer.len() <= ANSWER_BYTES_MAX, "the answer does not end");
        let Some((code, length)) = head_of(answer)? else { continue };
        if answer.len() >= length {
            return Ok(match code {
                200 if answer.len() == length => Heard::Answered,
                TOO_MANY => Heard::Refused,
                _ => Heard::Failed,
            });
        }
    }
}

/// Status and length of the whole, once the head is there.
fn head_of(answer: &[u8]) -> Result<Option<(u16, usize)>> {
    let Some(end) = answer.windows(4).position(|part| part == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&answer[..end])?;
    let code = head.split_ascii_whitespace().nth(1).context("a status")?.parse()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    Ok(Some((code, end + 4 + length.context("answers tell their length")?)))
}
