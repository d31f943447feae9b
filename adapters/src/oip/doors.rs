//! Connections, of which there are so many at once.
//!
//! Lives here: letting them in, and turning away whoever is one too many. May not: read or write.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::Connected;

/// Connections that are let in and that nobody has begun to serve.
const WAITING_MAX: usize = 16;

/// Whoever is let in.
pub(super) struct Guests {
    coming: mpsc::Receiver<(Guest, SocketAddr)>,
    address: SocketAddr,
}

/// A connection, which takes a place until it is dropped.
pub(super) struct Guest {
    stream: TcpStream,
    _place: OwnedSemaphorePermit,
}

impl Guests {
    /// Whoever comes to this address, at most so many at once. Inside a runtime, on which it goes on until nobody serves.
    pub(super) fn of(listener: TcpListener, most: usize) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (let_in, coming) = mpsc::channel(WAITING_MAX);
        tokio::spawn(welcome(listener, Arc::new(Semaphore::new(most)), let_in));
        Ok(Self { coming, address })
    }

    /// As gRPC takes them.
    pub(super) fn into_stream(self) -> impl tokio_stream::Stream<Item = io::Result<Guest>> {
        ReceiverStream::new(self.coming).map(|(guest, _)| Ok(guest))
    }
}

async fn welcome(
    mut listener: TcpListener,
    places: Arc<Semaphore>,
    let_in: mpsc::Sender<(Guest, SocketAddr)>,
) {
    loop {
        let (stream, from) = tokio::select! {
            // Errors of a single connection are passed over there.
            come = Listener::accept(&mut listener) => come,
            () = let_in.closed() => return,
        };
        // One too many is closed at once: to let it wait would only be slower.
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        // A small answer does not wait for a larger one; where that cannot be had, it does.
        stream.set_nodelay(true).ok();
        if let_in.send((Guest { stream, _place: place }, from)).await.is_err() {
            return;
        }
    }
}

impl Listener for Guests {
    type Io = Guest;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Guest, SocketAddr) {
        match self.coming.recv().await {
            Some(guest) => guest,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
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
        Pin::new(&mut self.stream).poll_read(cx, into)
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
