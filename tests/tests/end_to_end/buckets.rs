//! Buckets, beside an object store in this process: what lies where, in which order it comes to lie there, and what is refused.

use std::path::Path;
use std::time::Duration;

use adapters::audit::sha256;
use adapters::store::{
    BucketConfig, Location, ModelRepository, Published, Site, Version, fetch_published, find_published,
};
use anyhow::{Result, ensure};
use tests::bucket::{ObjectStore, SECRET};

const MANIFEST: &[u8] = b"a manifest";
const WEIGHTS: &[u8] = b"weights";

fn opened(store: &ObjectStore, folder: &Path) -> Result<Site> {
    Ok(store.location("fleet/a")?.open(&store.config(folder)?)?)
}

fn version(bytes: &[u8]) -> Version {
    let beside = vec![("labels.txt".to_owned(), String::new()), ("config.pbtxt".to_owned(), "c".to_owned())];
    Version { beside, files: vec![("model.onnx".to_owned(), bytes.to_vec())] }
}

fn weights() -> Version {
    let files = [("model.safetensors", WEIGHTS), ("manifest.json", MANIFEST)];
    Version {
        beside: Vec::new(),
        files: files.map(|(name, bytes)| (name.to_owned(), bytes.to_vec())).to_vec(),
    }
}

#[test]
fn versions_lie_in_a_bucket_as_in_a_directory_but_for_the_digest() -> Result<()> {
    let (store, folder) = (ObjectStore::start()?, tempfile::tempdir()?);
    let repository = ModelRepository::open(&opened(&store, folder.path())?, "churn")?;
    ensure!(repository.versions()?.is_empty() && repository.next(7)? == 7, "nothing is there yet");
    let said = repository.add(7, &version(b"seven"))?;
    ensure!(said == "s3://models/fleet/a/churn/7", "{said}");
    let names = ["labels.txt", "config.pbtxt", "7.sha256", "7/model.onnx"];
    ensure!(store.done() == names.map(|name| format!("fleet/a/churn/{name}")), "in this order");
    let digest = format!("{}  7/model.onnx\n", sha256(b"seven"));
    ensure!(store.objects()["fleet/a/churn/7.sha256"] == digest.as_bytes(), "as sha256sum reads it");
    ensure!(
        repository.has(7, &version(b"seven"))? && !repository.has(7, &version(b"other"))?,
        "by its digest"
    );

    let refused = repository.add(7, &version(b"other")).err().map(|error| error.to_string());
    ensure!(refused.is_some_and(|refused| refused.contains("exists already")), "it is never changed");
    store.done();
    repository.add(8, &version(b"eight"))?;
    ensure!(store.done().len() == 2, "what lies beside is as it was");
    Ok(())
}

#[test]
fn what_an_interrupted_try_has_left_is_no_version_and_goes_with_the_old_ones() -> Result<()> {
    let (store, folder) = (ObjectStore::start()?, tempfile::tempdir()?);
    let repository = ModelRepository::open(&opened(&store, folder.path())?, "churn")?;
    store.place("fleet/a/churn/7/model.safetensors", b"half");
    ensure!(repository.versions()?.is_empty() && repository.next(3)? == 8, "its number is not given again");
    for number in [8, 9, 10] {
        repository.add(number, &weights())?;
    }
    store.done();
    repository.prune(2)?;
    ensure!(repository.versions()? == [9, 10], "{:?}", repository.versions()?);
    let removed = ["7/model.safetensors", "7.sha256", "8/manifest.json", "8/model.safetensors", "8.sha256"];
    ensure!(
        store.done() == removed.map(|name| format!("-fleet/a/churn/{name}")),
        "what is looked for goes first"
    );
    ensure!(store.objects().len() == 6, "{:?}", store.objects().keys());
    Ok(())
}

#[test]
fn published_models_are_fetched_as_they_were_told_or_not_at_all() -> Result<()> {
    let (store, folder) = (ObjectStore::start()?, tempfile::tempdir()?);
    let site = opened(&store, folder.path())?;
    let published = Published::open(&site, "fraud")?;
    let files = [("manifest.json", MANIFEST), ("model.safetensors", WEIGHTS)];
    for name in ["g1", "g2", "g3"] {
        published.add(name, &files)?;
    }
    ensure!(
        store.done()[..2] == ["g1/model.safetensors", "g1/manifest.json"].map(of_fraud),
        "the manifest last"
    );
    published.add("g3", &files)?;
    ensure!(store.done().is_empty(), "one that is there is that one");

    let digest = sha256(MANIFEST);
    let fetch = |name: &str, digest: &str| fetch_published(&site, ["fraud", name], digest, folder.path());
    for name in ["g1", "g2", "g3"] {
        fetch(name, &digest)?;
    }
    let found = find_published(folder.path(), "fraud", "g3", &digest)?;
    ensure!(std::fs::read(found.join("model.safetensors"))? == WEIGHTS, "bit for bit");
    ensure!(find_published(folder.path(), "fraud", "g1", &digest).is_err(), "old ones take no room");
    let refused = fetch("g2", &sha256(b"another")).err().map(|error| error.to_string()).unwrap_or_default();
    ensure!(refused.contains("does not have the digest"), "{refused}");
    let missing = fetch("g4", &digest).err().map(|error| error.to_string()).unwrap_or_default();
    ensure!(missing.contains("s3://models/fleet/a/fraud/g4/manifest.json does not exist"), "{missing}");

    published.prune(1, &["g1"])?;
    let left: Vec<String> = store.objects().into_keys().collect();
    let kept = ["g1/manifest.json", "g1/model.safetensors", "g3/manifest.json", "g3/model.safetensors"];
    ensure!(left == kept.map(of_fraud), "{left:?}");
    Ok(())
}

fn of_fraud(name: &str) -> String {
    format!("fleet/a/fraud/{name}")
}

#[test]
fn what_goes_wrong_is_told_with_the_address_and_without_the_key() -> Result<()> {
    let (store, folder) = (ObjectStore::start()?, tempfile::tempdir()?);
    let site = opened(&store, folder.path())?;
    store.set_down(true);
    let repository = ModelRepository::open(&site, "churn")?;
    let gone = repository.add(1, &version(b"one")).err().map(|error| error.to_string()).unwrap_or_default();
    ensure!(gone.contains("s3://models/fleet/a/churn") && !gone.contains(SECRET), "{gone}");
    store.set_down(false);
    let config = store.config(folder.path())?;
    std::fs::write(folder.path().join("key-id"), "another")?;
    let refused = ModelRepository::open(&store.location("fleet")?.open(&config)?, "churn")?.versions();
    let refused = refused.err().map(|error| error.to_string()).unwrap_or_default();
    ensure!(refused.contains("AccessDenied") && !refused.contains(SECRET), "{refused}");
    std::fs::write(folder.path().join("key"), " \n")?;
    let empty =
        store.location("fleet")?.open(&config).err().map(|error| error.to_string()).unwrap_or_default();
    ensure!(empty.contains("is empty"), "{empty}");
    Ok(())
}

/// With what `tests/peers/s3` starts, which computes signatures; says so where there is none.
#[test]
fn a_real_object_store_takes_versions_and_gives_models() -> Result<()> {
    let (Ok(endpoint), Some(keys)) = (std::env::var("OBJECT_STORE"), std::env::var_os("OBJECT_STORE_KEYS"))
    else {
        eprintln!("skipped: OBJECT_STORE names no object store");
        return Ok(());
    };
    let (keys, folder) = (Path::new(&keys), tempfile::tempdir()?);
    let config = |key: &Path| BucketConfig {
        endpoint: Some(endpoint.clone()),
        region: None,
        path_style: true,
        allow_http: true,
        access_key_id_file: Some(keys.join("id")),
        secret_access_key_file: Some(key.to_owned()),
        session_token_file: None,
        ca_file: None,
        timeout: Duration::from_secs(10),
    };
    let location = Location::parse("s3://models/a/real/one")?;
    let site = location.open(&config(&keys.join("key")))?;
    let repository = ModelRepository::open(&site, "churn")?;
    for byte in 1..=3 {
        repository.add(repository.next(1)?, &version(&vec![byte; 100_000]))?;
    }
    repository.prune(2)?;
    ensure!(repository.versions()? == [2, 3], "{:?}", repository.versions()?);
    ensure!(
        repository.has(3, &version(&vec![3; 100_000]))? && !repository.has(3, &version(b"other"))?,
        "by its digest"
    );
    Published::open(&site, "fraud")?
        .add("g1", &[("manifest.json", MANIFEST), ("model.safetensors", WEIGHTS)])?;
    fetch_published(&site, ["fraud", "g1"], &sha256(MANIFEST), folder.path())?;
    find_published(folder.path(), "fraud", "g1", &sha256(MANIFEST))?;

    let wrong = folder.path().join("key");
    std::fs::write(&wrong, "another")?;
    let refused = ModelRepository::open(&location.open(&config(&wrong))?, "churn")?.versions();
    let refused = refused.err().map(|error| error.to_string()).unwrap_or_default();
    ensure!(refused.contains("SignatureDoesNotMatch"), "{refused}");
    Ok(())
}
