//! Pages, for whoever looks, and the way in for people, on an address of its own.
//!
//! Lives here: listening on both, and leaving the key. May not: know what is on a page, or follow an order.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use adapters::http::admin::{self, Admin};
use adapters::http::key::{Key, Secret, Token};
use adapters::http::{Pages, Router};
use anyhow::{Context as _, Result};

use super::POLL_WAIT;
use crate::config::{AdminConfig, Config};

/// What whoever gives orders has to show: as it was given, or made for this run.
pub(super) fn token(admin: &AdminConfig) -> Result<Token> {
    match &admin.token_file {
        Some(path) => Token::read(path).context("`admin.token_file`"),
        None => Token::new().context("a token cannot be made"),
    }
}

/// The pages and, where there is somebody to follow orders, the way in; the address of the pages.
pub(super) fn start_pages(
    config: &Config,
    pages: Pages,
    admin: Option<Admin>,
    stop: Arc<AtomicBool>,
) -> Result<(JoinHandle<()>, SocketAddr)> {
    let (listener, address) = listen(config.listen, "http.listen")?;
    let mut served = vec![(listener, adapters::http::router(pages.clone()))];
    if let Some(admin) = admin {
        let (listener, address) = listen(config.admin.listen, "admin.listen")?;
        let secret = match &config.admin.token_file {
            Some(path) => Secret::TokenFile(std::path::absolute(path)?),
            None => Secret::Token(admin.token.clone()),
        };
        leave_key(config, &Key { address, secret });
        tracing::info!("orders are taken on http://{address}");
        if !address.ip().is_loopback() {
            tracing::warn!(
                "`admin.listen` is no loopback address: the token crosses the network in plain text"
            );
        }
        let pages = Pages { console: pages.console.with_orders(), ..pages };
        served.push((listener, adapters::http::router(pages).merge(admin::router(admin))));
    }
    tracing::info!("status page on http://{address}");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let thread = std::thread::Builder::new().name("http".into()).spawn(move || {
        runtime.block_on(async {
            let serve = |(listener, router)| tokio::spawn(serve(listener, router, Arc::clone(&stop)));
            let serving: Vec<_> = served.into_iter().map(serve).collect();
            for ended in serving {
                match ended.await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => tracing::error!("the http server stopped: {error}"),
                    Err(error) => tracing::error!("the http server stopped: {error}"),
                }
            }
        });
    });
    Ok((thread.context("cannot start the http thread")?, address))
}

async fn serve(listener: TcpListener, router: Router, stop: Arc<AtomicBool>) -> std::io::Result<()> {
    let stopped = async move {
        while !stop.load(Ordering::Relaxed) {
            tokio::time::sleep(POLL_WAIT).await;
        }
    };
    adapters::http::serve(tokio::net::TcpListener::from_std(listener)?, router, stopped).await
}

fn listen(address: SocketAddr, key: &str) -> Result<(TcpListener, SocketAddr)> {
    let listener =
        TcpListener::bind(address).with_context(|| format!("cannot listen on {address}; change {key}"))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Nothing that was earned waits for it; without it, people only cannot give orders.
fn leave_key(config: &Config, key: &Key) {
    if let Err(error) = key.leave(&config.state.directory) {
        tracing::warn!("no key for `driftform promote` in {}: {error}", config.state.directory.display());
    }
}
