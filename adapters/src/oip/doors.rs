//! Connections, of which there are so many at once.
//!
//! Lives here: letting them in, plain or by TLS, and turning away whoever is one too many. May not: read or write what is
//! spoken there.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Sleep, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::either::Either;
use tonic::transport::server::Connected;

use super::front::FrontLimits;
use super::tls::Tls;

/// How long it may take to come to terms about TLS; less where a connection may be silent for less.
const HANDSHAKE_WAIT: Duration = Duration::from_secs(10);
/// Connections that are let in and that nobody has begun to serve.
const WAITING_MAX: usize = 16;

/// Where connections come in.
pub struct Door {
    /// By which address.
    pub listener: TcpListener,
    /// What has to be spoken there, if plain text will not do.
    pub tls: Option<Tls>,
}

/// Whoever is let in.
pub(super) struct Guests {
    coming: mpsc::Receiver<Guest>,
}

/// A connection, which takes a place until it is dropped.
pub(super) struct Guest {
    stream: Line,
    /// Until its first byte: when it is given up. Whoever only connects would keep a place from others, and no road looks at a
    /// connection before that byte.
    silence: Option<Pin<Box<Sleep>>>,
    _place: OwnedSemaphorePermit,
}

type Line = Either<TcpStream, Box<TlsStream<TcpStream>>>;

impl Guests {
    /// Whoever comes to this door, at most so many at once. Inside a runtime, on which it goes on until nobody serves.
    pub(super) fn of(door: Door, limits: &FrontLimits) -> Self {
        let (let_in, coming) = mpsc::channel(WAITING_MAX);
        let places = Arc::new(Semaphore::new(limits.connections_max));
        tokio::spawn(welcome(door, places, limits.idle, let_in));
        Self { coming }
    }

    /// The next one.
    pub(super) async fn next(&mut self) -> Guest {
        match self.coming.recv().await {
            Some(guest) => guest,
            None => std::future::pending().await,
        }
    }

    /// As gRPC takes them.
    pub(super) fn into_stream(self) -> impl tokio_stream::Stream<Item = io::Result<Guest>> {
        ReceiverStream::new(self.coming).map(Ok)
    }
}

async fn welcome(door: Door, places: Arc<Semaphore>, idle: Duration, let_in: mpsc::Sender<Guest>) {
    let Door { mut listener, tls } = door;
    let tls = tls.map(Arc::new);
    loop {
        let (stream, _) = tokio::select! {
            // Errors of a single connection are passed over there.
            come = Listener::accept(&mut listener) => come,
            () = let_in.closed() => return,
        };
        // One too many is closed at once: to let it wait would only be slower.
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        // A small answer does not wait for a larger one; where that cannot be had, it does.
        stream.set_nodelay(true).ok();
        let guest = move |stream| Guest { stream, silence: Some(Box::pin(sleep(idle))), _place: place };
        if let Some(tls) = &tls {
            // Beside the others: one that takes its time holds up nobody, and its place is taken already.
            let (tls, let_in) = (Arc::clone(tls), let_in.clone());
            tokio::spawn(async move {
                let agreed = async { TlsAcceptor::from(tls.server().await).accept(stream).await };
                match timeout(HANDSHAKE_WAIT.min(idle), agreed).await {
                    Ok(Ok(stream)) => drop(let_in.send(guest(Either::Right(Box::new(stream)))).await),
                    Ok(Err(error)) => tracing::debug!("a connection did not come to TLS: {error}"),
                    Err(_) => tracing::debug!("a connection took too long to come to TLS"),
                }
            });
        } else if let_in.send(guest(Either::Left(stream))).await.is_err() {
            return;
        }
    }
}

impl Connected for Guest {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Guest {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, into);
        if read.is_ready() {
            self.silence = None;
        } else if let Some(silence) = &mut self.silence
            && silence.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl AsyncWrite for Guest {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
