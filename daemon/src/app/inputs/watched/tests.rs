//! A change counts once, when it stands still, however the file was changed.

use std::fs;
use std::os::unix::fs::symlink;

use super::*;

#[test]
fn a_change_counts_once_it_stands_still() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("driftform.toml");
    fs::write(&path, "a").expect("it is ours");
    let mut watched = Watched::new(&path);
    assert!(!watched.has_changed());
    fs::write(&path, "ab").expect("it is ours");
    assert!(!watched.has_changed(), "somebody may be writing it");
    fs::write(&path, "abc").expect("it is ours");
    assert!(!watched.has_changed() && watched.has_changed() && !watched.has_changed());
    fs::remove_file(&path).expect("it is there");
    assert!(!watched.has_changed() && !watched.has_changed(), "a file that is gone says nothing");
    fs::write(&path, "abc").expect("it is ours");
    assert!(!watched.has_changed() && !watched.has_changed(), "it says what it said");
    fs::write(&path, "d").expect("it is ours");
    watched.take();
    assert!(!watched.has_changed() && !watched.has_changed(), "that was known");
}

#[test]
fn a_file_without_an_end_is_not_read_to_it() {
    let mut watched = Watched::new(Path::new("/dev/zero"));
    assert!(!watched.has_changed());
}

/// As Kubernetes swaps a `ConfigMap`: the file is a link into a link, and the second one is replaced.
#[test]
fn a_swapped_link_is_a_change() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    for (version, text) in [("v1", "a"), ("v2", "b")] {
        fs::create_dir(at(version)).expect("it is ours");
        fs::write(at(version).join("driftform.toml"), text).expect("it is ours");
    }
    symlink("v1", at("..data")).expect("it is ours");
    symlink("..data/driftform.toml", at("driftform.toml")).expect("it is ours");
    let mut watched = Watched::new(&at("driftform.toml"));
    symlink("v2", at("..new")).expect("it is ours");
    fs::rename(at("..new"), at("..data")).expect("it is ours");
    assert!(!watched.has_changed() && watched.has_changed());
}
