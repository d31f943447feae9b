//! `driftform promote` beside a running daemon: who has the state directory is heard, and what is not current is said.

use std::process::{Command, Output};

use anyhow::{Context as _, Result, ensure};
use tests::process::binary;
use tests::scene::Scene;

const SETTINGS: &str = r#"
    gate = { approval = "promotions" }
    [schema]
    classes = ["a", "b"]
    features = [{ name = "x", kind = "numeric" }]"#;

fn promote(scene: &Scene, arguments: &[&str]) -> Result<Output> {
    let mut command = Command::new(binary()?);
    command.arg("promote").arg("--config").arg(scene.config()).args(arguments);
    command.output().context("it runs")
}

fn refused(output: &Output, why: &str) -> Result<()> {
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(1) && said.contains(why), "{}: {said}", output.status);
    Ok(())
}

#[test]
fn approving_whoever_does_not_wait_is_refused_with_the_reason() -> Result<()> {
    let scene = Scene::set("approve", SETTINGS)?;
    refused(&promote(&scene, &[])?, "no daemon runs on")?;
    let (daemon, address) = scene.start()?;
    refused(&promote(&scene, &[])?, "no challenger waits for approval now")?;
    refused(&promote(&scene, &["7", "--by", "ada"])?, "challenger 7 does not wait for approval now")?;
    let steer = |what: &str| {
        let mut command = Command::new(binary()?);
        command.arg(what).arg("--config").arg(scene.config()).args(["--by", "ada"]);
        command.output().context("it runs")
    };
    ensure!(steer("pause")?.status.success(), "it is heard");
    refused(&steer("pause")?, "it is paused already")?;
    refused(&steer("search")?, "it is paused; resume it first")?;
    refused(&steer("rollback")?, "there is nothing to go back to")?;
    ensure!(steer("resume")?.status.success(), "it is heard");
    let (_, metrics) = tests::http::get(&address, "/metrics")?;
    ensure!(metrics.contains("driftform_gate_approval_waiting 0"), "{metrics}");
    daemon.terminate()
}
