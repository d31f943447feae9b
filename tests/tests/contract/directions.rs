//! Which way dependencies point: tests → daemon → {adapters, policies} → model.
//!
//! Lives here: who may depend on whom, and which crate belongs to which rooms. May not: read files.

use super::workspace::{Package, Source, packages, sources};

/// What each room may know of the others.
const MAY_KNOW: [(&str, &[&str]); 5] = [
    ("model", &[]),
    ("policies", &["model"]),
    ("adapters", &["model"]),
    ("daemon", &["adapters", "model", "policies"]),
    ("tests", &["adapters", "daemon", "model", "policies"]),
];

/// Crates that only these rooms may depend on.
const AT_HOME_IN: [(&str, &[&str]); 7] = [
    ("rdkafka", &["adapters"]),
    ("candle-core", &["model", "policies"]),
    ("candle-nn", &["model", "policies"]),
    ("arc-swap", &["daemon"]),
    ("tokio", &["adapters", "daemon", "tests"]),
    ("axum", &["adapters", "daemon", "tests"]),
    ("tonic", &["adapters", "tests"]),
];

/// The cell of the hot swap, and the one file that may name it.
const CELL: (&str, &str) = ("arc_swap", "daemon/src/slot.rs");

/// The rules about sources are written here, so this folder names what it forbids.
const RULES: &str = "tests/tests/contract/";

/// One sentence for each dependency that points the wrong way.
fn wrong_directions(packages: &[Package], sources: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for package in packages {
        let Some((_, may_know)) = MAY_KNOW.iter().find(|(room, _)| *room == package.name) else {
            complaints.push(format!("`{}` is not one of the five rooms", package.name));
            continue;
        };
        complaints
            .extend(package.dependencies.iter().filter_map(|name| refusal(&package.name, name, may_know)));
    }
    let (cell, home) = CELL;
    for source in sources {
        if source.path != home && !source.path.starts_with(RULES) && source.text.contains(cell) {
            complaints.push(format!("{} names `{cell}`: only {home} may", source.path));
        }
    }
    complaints
}

/// Why this room may not depend on that crate, if it may not.
fn refusal(room: &str, dependency: &str, may_know: &[&str]) -> Option<String> {
    if MAY_KNOW.iter().any(|(other, _)| *other == dependency) {
        return (!may_know.contains(&dependency)).then(|| format!("`{room}` may not know `{dependency}`"));
    }
    let (_, rooms) = AT_HOME_IN.iter().find(|(name, _)| *name == dependency)?;
    (!rooms.contains(&room))
        .then(|| format!("`{room}` depends on `{dependency}`, which belongs in {}", rooms.join(", ")))
}

fn package(name: &str, dependencies: &[&str]) -> Package {
    Package {
        name: name.to_owned(),
        dependencies: dependencies.iter().map(|&name| name.to_owned()).collect(),
    }
}

#[track_caller]
fn assert_refused(packages: &[Package], sources: &[Source], expected: &str) {
    assert_eq!(wrong_directions(packages, sources), [expected]);
}

#[test]
fn dependencies_of_this_workspace_point_one_way() {
    let packages = packages();
    assert_eq!(packages.len(), MAY_KNOW.len(), "the workspace has five rooms");
    let complaints = wrong_directions(&packages, &sources());
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn what_the_rooms_need_is_allowed() {
    let packages = [
        package("model", &["candle-core", "serde"]),
        package("policies", &["model", "candle-nn"]),
        package("adapters", &["model", "rdkafka", "tokio", "axum"]),
        package("daemon", &["adapters", "policies", "model", "arc-swap", "tokio"]),
        package("tests", &["adapters", "daemon", "model", "policies"]),
    ];
    let sources = [Source::new("daemon/src/slot.rs", "use arc_swap::ArcSwap;")];
    assert!(wrong_directions(&packages, &sources).is_empty());
}

#[test]
fn a_room_that_looks_up_or_sideways_is_refused() {
    assert_refused(&[package("model", &["policies"])], &[], "`model` may not know `policies`");
    assert_refused(&[package("adapters", &["policies"])], &[], "`adapters` may not know `policies`");
    assert_refused(&[package("policies", &["adapters"])], &[], "`policies` may not know `adapters`");
    assert_refused(&[package("daemon", &["tests"])], &[], "`daemon` may not know `tests`");
}

#[test]
fn a_crate_outside_its_rooms_is_refused() {
    for (name, homes) in AT_HOME_IN {
        for (room, _) in MAY_KNOW.iter().filter(|(room, _)| !homes.contains(room)) {
            let expected = format!("`{room}` depends on `{name}`, which belongs in {}", homes.join(", "));
            assert_refused(&[package(room, &[name])], &[], &expected);
        }
    }
}

#[test]
fn a_sixth_room_is_refused() {
    assert_refused(&[package("utils", &[])], &[], "`utils` is not one of the five rooms");
}

#[test]
fn the_cell_of_the_hot_swap_is_named_in_one_file() {
    let elsewhere = [Source::new("daemon/src/serve.rs", "use arc_swap::ArcSwap;")];
    assert_refused(&[], &elsewhere, "daemon/src/serve.rs names `arc_swap`: only daemon/src/slot.rs may");
}
