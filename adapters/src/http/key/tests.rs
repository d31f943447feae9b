//! Who has the key may give orders, nobody else; what is said comes back.

use std::os::unix::fs::PermissionsExt as _;

use tokio::sync::mpsc;

use super::*;
use crate::http::admin::{Admin, Erase, ORDERS_MAX, Order, Promote, Steer, Wish, router};

/// A server whose orders are followed, for an even number of a challenger, and its key.
async fn server() -> Key {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let token = Token::new().expect("the system has chance");
    let key =
        Key { address: listener.local_addr().expect("it has one"), secret: Secret::Token(token.clone()) };
    let (orders, mut asked) = mpsc::channel::<Order>(ORDERS_MAX);
    let admin = Admin { token, orders };
    tokio::spawn(async move { crate::http::serve(listener, router(admin), std::future::pending()).await });
    tokio::spawn(async move {
        while let Some(Order { wish, answer }) = asked.recv().await {
            let told = match wish {
                Wish::Promote(Promote { challenger: Some(odd), .. }) if odd % 2 == 1 => {
                    Err(format!("challenger {odd} waits no longer"))
                }
                Wish::Promote(Promote { by, .. }) => Ok(format!("approved by {by}")),
                Wish::SetBudget(name, set) => Ok(format!("{name} is {} by {:?}", set.limit, set.by)),
                Wish::Steer(Steer { what, by }) => Ok(format!("{what:?} by {by}")),
                Wish::Budgets => Ok("[]".into()),
                Wish::Erase(Erase { id, by }) => Ok(format!("{id} erased by {by}")),
            };
            answer.send(told).ok();
        }
    });
    key
}

fn fresh() -> Secret {
    Secret::Token(Token::new().expect("the system has chance"))
}

async fn post(key: &Key, path: &'static str, body: serde_json::Value) -> (u16, String) {
    let key = key.clone();
    let posted = tokio::task::spawn_blocking(move || key.post(path, &body));
    posted.await.expect("it does not panic").expect("it answers")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_are_followed_or_refused_with_the_reason() {
    let key = server().await;
    let order = |challenger: Option<u64>| {
        serde_json::to_value(Promote { challenger, by: "ada".into() }).expect("plain fields")
    };
    assert_eq!(post(&key, "/admin/promote", order(None)).await, (200, "approved by ada".into()));
    assert_eq!(post(&key, "/admin/promote", order(Some(4))).await.0, 200);
    let (code, said) = post(&key, "/admin/promote", order(Some(3))).await;
    assert_eq!((code, said.as_str()), (409, "challenger 3 waits no longer"));
    let erase = serde_json::json!({ "id": "e1", "by": "ada" });
    assert_eq!(post(&key, "/admin/erase", erase).await, (200, "e1 erased by ada".into()));
    assert_eq!(post(&key, "/admin/erase", serde_json::json!({ "by": "ada" })).await.0, 400);
    for wrong in [serde_json::json!({}), serde_json::json!({ "challenger": null, "by": "" })] {
        assert_eq!(post(&key, "/admin/promote", wrong).await.0, 400);
    }
    let steer = serde_json::json!({ "what": "pause", "by": "ada" });
    assert_eq!(post(&key, "/admin/steer", steer).await, (200, "Pause by ada".into()));
    let steer = serde_json::json!({ "what": "stop", "by": "ada" });
    assert_eq!(post(&key, "/admin/steer", steer).await.0, 400);
    assert_eq!(post(&key, "/admin/demote", order(None)).await.0, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn budgets_are_listed_and_set() {
    use serde_json::json;

    let key = server().await;
    let listed = tokio::task::spawn_blocking({
        let key = key.clone();
        move || key.get("/admin/budgets")
    });
    assert_eq!(listed.await.expect("no panic").expect("it answers"), (200, "[]".into()));
    for (body, said) in [
        (json!({ "limit": 0.5 }), "p99 is 0.5 by None"),
        (json!({ "limit": 2, "by": "ada" }), "p99 is 2 by Some(\"ada\")"),
    ] {
        assert_eq!(post(&key, "/admin/budgets/p99", body).await, (200, said.into()));
    }
    for wrong in [json!({}), json!({ "limit": 0 }), json!({ "limit": "1" }), json!({ "limit": 1, "by": "" })]
    {
        assert_eq!(post(&key, "/admin/budgets/p99", wrong).await.0, 400);
    }
    let wrong = Key { secret: fresh(), ..key };
    assert_eq!(post(&wrong, "/admin/budgets/p99", json!({ "limit": 1 })).await.0, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_key_nothing_is_done() {
    let key = server().await;
    let wrong = Key { secret: fresh(), ..key.clone() };
    let order = serde_json::json!({ "challenger": null, "by": "eve" });
    assert_eq!(post(&wrong, "/admin/promote", order).await.0, 401);
    let token = key.secret.token().expect("it is in the key");
    assert!(!token.opens("") && !token.opens(&format!("{}0", token.0)));
}

#[test]
fn a_key_is_for_its_owner_only_and_replaces_the_last() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(Key::find(folder.path()).is_err());
    let key = |port| Key { address: SocketAddr::from(([127, 0, 0, 1], port)), secret: fresh() };
    for key in [key(1), key(2)] {
        key.leave(folder.path()).expect("it is ours");
        assert_eq!(Key::find(folder.path()).expect("it is there"), key);
        assert!(
            !format!("{key:?}").contains(&key.secret.token().expect("it is in the key").0),
            "it is not told"
        );
    }
    let mode = fs::metadata(folder.path().join(FILE)).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, MODE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_was_given_stays_where_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("token");
    let key = server().await;
    let token = key.secret.token().expect("it is in the key");
    fs::write(&path, format!("{}\n", token.0)).expect("a file");
    let given = Key { secret: Secret::TokenFile(path.clone()), ..key };
    given.leave(folder.path()).expect("it is ours");
    assert!(!fs::read_to_string(folder.path().join(FILE)).expect("it is there").contains(&token.0));
    let found = Key::find(folder.path()).expect("it is there");
    let order = serde_json::json!({ "challenger": null, "by": "ada" });
    assert_eq!(post(&found, "/admin/promote", order).await.0, 200);
    for wrong in ["short".to_owned(), format!("{0}\n{0}", token.0), "x".repeat(GIVEN_MAX + 1), "ü".repeat(40)]
    {
        fs::write(&path, &wrong).expect("a file");
        let error = found.secret.token().expect_err("no token").to_string();
        assert!(error.contains("visible ASCII") && !error.contains(&wrong), "{error}");
    }
    let looked =
        tokio::task::spawn_blocking(move || (found.get("/admin/budgets"), found.look("/admin/budgets")));
    let (asked, looked) = looked.await.expect("nothing panics");
    assert!(
        asked.is_err() && looked.is_ok_and(|(code, _)| code == 401),
        "a look needs no token, and shows none"
    );
}

#[test]
fn a_key_that_was_copied_opens_nothing() {
    let [folder, copy] = [(); 2].map(|()| tempfile::tempdir().expect("a temporary folder"));
    let key = Key { address: ([127, 0, 0, 1], 9).into(), secret: fresh() };
    key.leave(folder.path()).expect("it can be written");
    assert_eq!(Key::find(folder.path()).expect("it is there"), key);
    fs::copy(folder.path().join(FILE), copy.path().join(FILE)).expect("it can be copied");
    let error = Key::find(copy.path()).expect_err("its daemon is elsewhere");
    assert!(error.to_string().contains("is a copy"), "{error}");
}
