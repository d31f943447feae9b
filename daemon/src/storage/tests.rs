//! One owner a state directory.

use model::Device;

use super::{StateConfig, Storage};

#[test]
fn a_directory_in_use_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = StateConfig::within(folder.path(), 1);
    let open = || Storage::open(&config, "fraud", Device::cpu());
    let owner = open().expect("nobody uses it");
    let error = open().err().expect("it is in use").to_string();
    let process = format!("process {} on", std::process::id());
    assert!(error.contains("another driftform") && error.contains(&process), "{error}");
    drop(owner);
}
