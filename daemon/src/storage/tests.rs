//! One owner a state directory.

use model::Device;

use super::Storage;

#[test]
fn a_directory_in_use_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let open = || Storage::open(folder.path(), 1, 1, Device::cpu());
    let owner = open().expect("nobody uses it");
    let error = open().err().expect("it is in use").to_string();
    assert!(error.contains("another driftform"), "{error}");
    drop(owner);
}
