//! Connections, of which there are so many at once.
//!
//! Lives here: letting them in, and turning away whoever is one too many. May not: read or write.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Sleep, sleep};
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::Connected;

use super::front::FrontLimits;

/// Connections that are let in and that nobody has begun to serve.
const WAITING_MAX: usize = 16;

/// Whoever is let in.
pub(super) struct Guests {
    coming: mpsc::Receiver<Guest>,
}

/// A connection, which takes a place until it is dropped.
pub(super) struct Guest {
    stream: TcpStream,
    /// Until its first byte: when it is given up. Whoever only connects would keep a place from others, and no road looks at a
    /// connection before that byte.
    silence: Option<Pin<Box<Sleep>>>,
    _place: OwnedSemaphorePermit,
}

impl Guests {
    /// Whoever comes to this address, at most so many at once. Inside a runtime, on which it goes on until nobody serves.
    pub(super) fn of(listener: TcpListener, limits: &FrontLimits) -> Self {
        let (let_in, coming) = mpsc::channel(WAITING_MAX);
        let places = Arc::new(Semaphore::new(limits.connections_max));
        tokio::spawn(welcome(listener, places, limits.idle, let_in));
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

async fn welcome(
    mut listener: TcpListener,
    places: Arc<Semaphore>,
    idle: Duration,
    let_in: mpsc::Sender<Guest>,
) {
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
        let silence = Some(Box::pin(sleep(idle)));
        if let_in.send(Guest { stream, silence, _place: place }).await.is_err() {
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
