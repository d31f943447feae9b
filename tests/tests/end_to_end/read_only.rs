//! The disk becomes read-only under a running daemon, and is when one starts.
//!
//! Every change of the disk passes one gate (`adapters::points`), which refuses it as a read-only file system does: to
//! mount one takes rights that a test does not have everywhere, and whoever runs as root is not stopped by a file's mode.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use adapters::points::FAULT_VARIABLE;
use anyhow::{Result, ensure};
use tests::process::Process;
use tests::scene::{DEADLINE, Scene};

use crate::full_disk::{SETTINGS, Stream, survive};

/// Starts a daemon whose disk is read-only while this file is there.
fn start_beside(scene: &Scene, file: &Path) -> Result<Process> {
    let mut command = scene.command()?;
    command.env(FAULT_VARIABLE, format!("read_only_while={}", file.display()));
    Process::start(command)
}

/// Every file, by its path, and what is in it.
fn files(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.insert(path.display().to_string(), fs::read(&path)?);
        }
    }
    Ok(found)
}

#[test]
fn a_disk_that_becomes_read_only_stops_nothing_and_nothing_is_lost_afterwards() -> Result<()> {
    let scene = Scene::set("readonly", SETTINGS)?;
    let file = scene.config().with_extension("read-only");
    let started = Scene::started(start_beside(&scene, &file)?)?;
    survive(&scene, started, |_, read_only| {
        if read_only {
            fs::write(&file, "")?;
        } else {
            fs::remove_file(&file)?;
        }
        Ok(())
    })
}

#[test]
fn a_read_only_state_is_refused_at_the_start_and_left_as_it_is() -> Result<()> {
    let scene = Scene::set("readonly", SETTINGS)?;
    let mut stream = Stream::new(&scene.kafka)?;
    let (mut daemon, address) = scene.start()?;
    stream.feed(&address, 100)?;
    daemon.terminate()?;
    ensure!(daemon.wait_exit(DEADLINE)?.success(), "{}", daemon.tail());
    let before = files(&scene.state())?;

    let file = scene.config().with_extension("read-only");
    fs::write(&file, "")?;
    let mut refused = start_beside(&scene, &file)?;
    refused
        .wait_for_line(DEADLINE, |line| line.contains("read-only") && line.contains("`state.directory`"))?;
    ensure!(refused.wait_exit(DEADLINE)?.code() == Some(3), "the log ends with\n{}", refused.tail());
    ensure!(files(&scene.state())? == before, "something was changed");

    let (daemon, address) = scene.start()?;
    stream.feed(&address, 100)?;
    daemon.terminate()
}
