//! Orders are taken on an address of their own, from whoever shows the token that was given.

use std::fs;

use anyhow::{Result, ensure};
use tests::http::{get, send};
use tests::scene::{DEADLINE, Scene};

use super::budgets::budget;

const TOKEN: &str = "a-token-that-nobody-is-to-guess-1";
const BUDGETS: &str = "/admin/budgets";
const SCHEMA: &str = r#"
    [schema]
    classes = ["no", "yes"]
    features = [{ name = "x", kind = "numeric" }]
"#;

/// The address in the line in which a daemon tells where orders are taken.
fn address_in(line: &str) -> Option<String> {
    line.split("orders are taken on http://").nth(1)?.split('"').next().map(str::to_owned)
}

#[test]
fn orders_are_taken_elsewhere_from_whoever_has_the_token_that_was_given() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("token");
    fs::write(&path, TOKEN)?;
    let settings = format!("admin = {{ token_file = '{}' }}\n{SCHEMA}", path.display());
    let scene = Scene::set("admin", &settings)?;
    let mut daemon = tests::process::Process::start(scene.command()?)?;
    let line = daemon.wait_for_line(DEADLINE, |line| address_in(line).is_some())?;
    let admin = address_in(&line).unwrap_or_default();
    let (mut daemon, pages) = Scene::started(daemon)?;

    ensure!(get(&pages, BUDGETS)?.0 == 404, "orders are taken beside the metrics");
    ensure!(get(&pages, "/metrics")?.0 == 200 && get(&admin, "/livez")?.0 == 200, "the pages are on both");
    ensure!(get(&admin, BUDGETS)?.0 == 401, "without a token");
    let shown = |token: &str| [("Authorization", format!("Bearer {token}"))];
    ensure!(send(&admin, "GET", BUDGETS, &shown("another"), b"")?.code == 401, "with another token");
    ensure!(send(&admin, "GET", BUDGETS, &shown(TOKEN), b"")?.code == 200, "with the token");

    let told = budget(&scene, &[])?;
    ensure!(told.as_ref().is_ok_and(|told| told.contains("compute_seconds")), "{told:?}");
    let key = fs::read_to_string(scene.state().join("admin.json"))?;
    ensure!(!key.contains(TOKEN), "a secret that was given was copied: {key}");
    fs::write(&path, TOKEN.replace('a', "b"))?;
    let told = budget(&scene, &[])?;
    ensure!(told.as_ref().is_err_and(|told| told.contains("token")), "{told:?}");

    daemon.terminate()?;
    ensure!(daemon.wait_exit(DEADLINE)?.success(), "{}", daemon.tail());
    ensure!(!daemon.tail().contains(TOKEN), "the log has the token");
    Ok(())
}
