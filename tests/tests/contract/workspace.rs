//! The tree as plain data: packages with what they depend on, files with their text.
//!
//! Lives here: reading. May not: judge.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::MetadataCommand;

/// The five rooms, one folder and one package each.
pub const ROOMS: [&str; 5] = ["model", "policies", "adapters", "daemon", "tests"];

/// A package, and the names of all it depends on, be it to run, to build or to be tested.
pub struct Package {
    pub name: String,
    pub dependencies: BTreeSet<String>,
}

/// A file, its path from the root of the workspace, and its text.
pub struct Source {
    pub path: String,
    pub text: String,
}

impl Source {
    /// A file that exists only in a test.
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }
}

/// The root of the workspace.
pub fn root() -> PathBuf {
    let room = Path::new(env!("CARGO_MANIFEST_DIR"));
    room.parent().expect("the room `tests` lies in the workspace").to_owned()
}

/// The packages of this workspace.
pub fn packages() -> Vec<Package> {
    let manifest = root().join("Cargo.toml");
    let metadata = MetadataCommand::new()
        .manifest_path(manifest)
        .no_deps()
        .exec()
        .expect("cargo describes the workspace");
    metadata
        .packages
        .into_iter()
        .map(|package| Package {
            name: package.name.to_string(),
            dependencies: package.dependencies.into_iter().map(|dependency| dependency.name).collect(),
        })
        .collect()
}

/// Every Rust file of every room, by path.
pub fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    for room in ROOMS {
        collect(&root().join(room), &mut found);
    }
    assert!(!found.is_empty(), "no sources under {}", root().display());
    found
}

/// A file of the workspace, if it is there.
pub fn read(path: &str) -> Option<Source> {
    fs::read_to_string(root().join(path)).ok().map(|text| Source { path: path.to_owned(), text })
}

fn collect(folder: &Path, found: &mut Vec<Source>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("sources are readable text");
            let inside = path.strip_prefix(root()).expect("collected under the root");
            found.push(Source { path: inside.display().to_string(), text });
        }
    }
}
