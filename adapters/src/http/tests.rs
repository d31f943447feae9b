//! What http promises, held by examples and properties.

#![allow(clippy::unwrap_used, reason = "tests may")]

use axum::body::{Body, to_bytes};
use axum::http::Request;
use prometheus::IntCounter;
use tower::ServiceExt;

use super::*;

const BODY_BYTES_MAX: usize = 1 << 20;

struct World {
    health: watch::Sender<Health>,
    router: Router,
}

fn world() -> World {
    let registry = Registry::new();
    let counter = IntCounter::new("driftform_events_total", "Events answered.").unwrap();
    counter.inc_by(3);
    registry.register(Box::new(counter)).unwrap();
    let (health, seen_health) = watch::channel(Health::default());
    let (_, status) = watch::channel(console::Status::default());
    let console = Console::new(status, seen_health.clone());
    let router = router(Pages { registry, health: seen_health, console });
    World { health, router }
}

async fn get(world: &World, path: &str) -> (StatusCode, String, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = world.router.clone().oneshot(request).await.unwrap();
    let kind = response.headers().get(header::CONTENT_TYPE).map(|kind| kind.to_str().unwrap().to_owned());
    let code = response.status();
    let body = to_bytes(response.into_body(), BODY_BYTES_MAX).await.unwrap();
    (code, kind.unwrap_or_default(), String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn metrics_are_prometheus_text() {
    let (code, kind, body) = get(&world(), "/metrics").await;
    assert_eq!(code, StatusCode::OK);
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    assert!(body.contains("# HELP driftform_events_total Events answered."), "{body}");
    assert!(body.contains("\ndriftform_events_total 3\n"), "{body}");
}

#[tokio::test]
async fn probes_follow_what_is_told() {
    let world = world();
    for path in ["/livez", "/readyz", "/startupz"] {
        assert_eq!(get(&world, path).await.0, StatusCode::SERVICE_UNAVAILABLE, "{path}");
    }
    let checks = vec![("champion".into(), Err("no model yet".into())), ("state".into(), Ok(()))];
    world.health.send_replace(Health { live: true, started: true, checks, ..Health::default() });
    assert_eq!(get(&world, "/livez").await.0, StatusCode::OK);
    assert_eq!(get(&world, "/startupz").await.0, StatusCode::OK);
    let (code, _, body) = get(&world, "/readyz").await;
    assert_eq!(code, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(body, "[-] champion: no model yet\n[+] state ok\nnot ready\n");
    world.health.send_modify(|health| health.ready = true);
    assert_eq!(get(&world, "/readyz").await.0, StatusCode::OK);
}

#[tokio::test]
async fn anything_else_is_not_found() {
    assert_eq!(get(&world(), "/admin").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn serving_ends_when_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(serve(listener, world().router, async { drop(stopped.await) }));
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
}
