//! Somebody else's model repository: a promotion appears in it, a rollback too, and a server is asked to load each; what is in
//! the way is waited for, and learning does not notice.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, ensure};
use tests::bucket::{ObjectStore, SECRET};
use tests::crash::{EAGER, SCHEMA, Stream, until};
use tests::http::metric;
use tests::process::{Process, binary, wait_until};
use tests::scene::{DEADLINE, Scene};
use tests::server::{Reply, serve};

const WRITTEN: &str = "driftform_repository_total{result=\"written\"}";
const FAILED: &str = "driftform_repository_total{result=\"failed\"}";
const PROMOTIONS: &str = "driftform_swaps_total{change=\"promotion\"}";
const BEHIND: &str = "driftform_repository_behind";
/// The watch lasts until somebody ends it; no network sees labels, which no file could.
const WATCH: &str = "watch = { outcomes = 100000 }\n";

fn settings(repository: &str) -> String {
    let eager = EAGER.replace("plateau_outcomes = 200", "plateau_outcomes = 200, context_max = 0");
    format!(
        "{eager}{WATCH}repository = {{ {repository}, name = \"churn\", unchecked = true, keep = 2 }}\n{SCHEMA}"
    )
}

/// A server that is asked to load models; the models it was asked for, and none while it is told to refuse.
fn loader() -> Result<(String, Arc<Mutex<Vec<String>>>)> {
    let loads = Arc::new(Mutex::new(Vec::new()));
    let theirs = Arc::clone(&loads);
    let address = serve(move |asked| {
        let path = format!("{} {}", asked.method, asked.target);
        theirs.lock().unwrap_or_else(PoisonError::into_inner).push(path);
        Some(Reply::new(200, "{}"))
    })?;
    Ok((address, loads))
}

/// Versions in the folder of a model.
fn versions(folder: &Path) -> Result<Vec<u64>> {
    let names = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut versions: Vec<u64> =
        names.collect::<Result<Vec<String>>>()?.iter().filter_map(|name| name.parse().ok()).collect();
    versions.sort_unstable();
    Ok(versions)
}

fn comes_to(address: &str, series: &str, least: f64) -> Result<f64> {
    wait_until(&format!("{series} reaches {least}"), DEADLINE, || {
        metric(address, series).ok().filter(|value| *value >= least)
    })
}

/// The champion is there, whichever it is.
fn caught_up(address: &str) -> Result<()> {
    wait_until("the repository has the champion", DEADLINE, || {
        metric(address, BEHIND).ok().filter(|behind| *behind < 0.5).map(drop)
    })
}

fn roll_back(scene: &Scene) -> Result<()> {
    let mut command = Command::new(binary()?);
    let output =
        command.arg("rollback").arg("--config").arg(scene.config()).args(["--by", "ada"]).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

fn ends_well(daemon: &mut Process) -> Result<()> {
    daemon.terminate()?;
    ensure!(daemon.wait_exit(DEADLINE)?.success(), "{}", daemon.tail());
    Ok(())
}

#[test]
fn swaps_appear_in_a_folder_that_was_in_the_way_first_and_a_server_loads_them() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let model = folder.path().join("churn");
    fs::write(&model, "in the way")?;
    let (server, loads) = loader()?;
    let repository =
        format!("location = '{}', load = \"http://{server}\", refresh_seconds = 0", folder.path().display());
    let scene = Scene::set("repository", &settings(&repository))?;
    let (mut daemon, address) = scene.start()?;
    let mut stream = Stream::new(&scene.kafka, 7)?;

    // Learning, answering and searching go on while nothing can be written.
    until(&scene, &mut stream, &address, || Ok(metric(&address, FAILED)? >= 1.0))?;
    ensure!(metric(&address, BEHIND)? > 0.5 && metric(&address, WRITTEN)? < 0.5, "{}", daemon.tail());
    fs::remove_file(&model)?;
    comes_to(&address, WRITTEN, 1.0)?;
    ensure!(versions(&model)?.len() == 1, "{:?}", versions(&model)?);

    let before = metric(&address, WRITTEN)?;
    until(&scene, &mut stream, &address, || Ok(metric(&address, PROMOTIONS)? >= 1.0))?;
    comes_to(&address, WRITTEN, before + 1.0)?;
    caught_up(&address)?;
    let promoted = *versions(&model)?.last().context("a version")?;

    roll_back(&scene)?;
    comes_to(&address, WRITTEN, before + 2.0)?;
    let there = versions(&model)?;
    ensure!(there.last() > Some(&promoted), "what serves again is the newest: {there:?} after {promoted}");
    ensure!(there.len() == 2, "two are kept: {there:?}");
    ensure!(model.join(there[1].to_string()).join("model.onnx.sha256").is_file(), "its digest is beside it");
    let written = metric(&address, WRITTEN)?;
    let loads = loads.lock().unwrap_or_else(PoisonError::into_inner).clone();
    ensure!(loads.iter().all(|load| load == "POST /v2/repository/models/churn/load"), "{loads:?}");
    ensure!((loads.len() as f64 - written).abs() < 0.5, "{} loads of {written} versions", loads.len());
    ends_well(&mut daemon)
}

/// Names under the model's own, without it.
fn names(store: &ObjectStore) -> BTreeMap<String, Vec<u8>> {
    let objects = store.objects().into_iter();
    objects.filter_map(|(name, bytes)| Some((name.strip_prefix("fleet/churn/")?.to_owned(), bytes))).collect()
}

#[test]
fn newer_weights_appear_in_a_bucket_that_comes_and_goes() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let store = ObjectStore::start()?;
    let (section, location) = (store.section(folder.path())?, store.location("fleet")?);
    let repository = format!("location = \"{location}\", refresh_seconds = 0.2");
    let scene = Scene::set("bucket", &format!("{section}\n{}", settings(&repository)))?;
    let (mut daemon, address) = scene.start()?;
    let mut stream = Stream::new(&scene.kafka, 7)?;
    until(&scene, &mut stream, &address, || Ok(metric(&address, WRITTEN)? >= 3.0))?;
    wait_until("two versions, their digests, and two files beside", DEADLINE, || {
        let there = names(&store);
        let models = there.keys().filter(|name| name.ends_with("/model.onnx")).count();
        (models == 2 && there.len() == 6).then_some(())
    })
    .with_context(|| format!("{:?}", names(&store).keys()))?;
    // What makes a version visible comes after all else of it.
    let done = store.done();
    let place = |end: &str| done.iter().position(|name| !name.starts_with('-') && name.ends_with(end));
    for before in ["config.pbtxt", "labels.txt", ".sha256"] {
        ensure!(place(before) < place("/model.onnx"), "{before} comes too late: {done:?}");
    }

    store.set_down(true);
    let failed = metric(&address, FAILED)?;
    until(&scene, &mut stream, &address, || Ok(metric(&address, FAILED)? > failed))?;
    store.set_down(false);
    let written = metric(&address, WRITTEN)?;
    until(&scene, &mut stream, &address, || Ok(metric(&address, WRITTEN)? > written))?;
    ends_well(&mut daemon)?;
    ensure!(!daemon.tail().contains(SECRET), "the log has the key");
    let effective = Command::new(binary()?).arg("check").arg("--config").arg(scene.config()).output()?;
    let shown = String::from_utf8(effective.stdout)?;
    ensure!(shown.contains("allow_http = true") && !shown.contains(SECRET), "{shown}");
    Ok(())
}
