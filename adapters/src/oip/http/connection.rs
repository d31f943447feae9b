//! Connections of the HTTP road: heads read, answers written.
//!
//! Lives here: [`serve`]. May not: know a path.
//!
//! Connections are hyper's, without a framework between: at a few microseconds a row, what lies between the socket and the
//! answer is most of what an answer costs.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;

use super::respond;
use crate::oip::doors::{Door, Guests};
use crate::oip::front::Front;

/// Bytes of a head, and of what is read at once.
const BUFFER_BYTES_MAX: usize = 64 << 10;

/// Serves until `shutdown` is done, then finishes the requests it has.
pub async fn serve(door: Door, front: Front, shutdown: impl Future<Output = ()> + Send + 'static) {
    let mut guests = Guests::of(door, &front.limits);
    let (front, ending) = (Arc::new(front), GracefulShutdown::new());
    let mut http = http1::Builder::new();
    // A head may take as long as there may be none: from the last answer on.
    http.timer(TokioTimer::new()).header_read_timeout(front.limits.idle).max_buf_size(BUFFER_BYTES_MAX);
    let mut shutdown = pin!(shutdown);
    loop {
        let guest = tokio::select! {
            guest = guests.next() => guest,
            () = &mut shutdown => break,
        };
        let front = Arc::clone(&front);
        let service = service_fn(move |request| {
            let front = Arc::clone(&front);
            async move { Ok::<_, Infallible>(respond(&front, request).await) }
        });
        let connection = ending.watch(http.serve_connection(TokioIo::new(guest), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                // Whoever breaks off or talks nonsense hears so from hyper, and is no fault of ours.
                tracing::debug!("a connection ended: {error}");
            }
        });
    }
    ending.shutdown().await;
}
