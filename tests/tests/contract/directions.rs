//! Which way dependencies point: tests → daemon → {adapters, policies} → model.
//!
//! Lives here: who may depend on whom, and which crate belongs to which rooms. May not: read files.

use super::workspace::{Package, Source, packages, sources};

/// What each room may know of the others. The slot is the daemon's, in a crate of its own so that other services can embed it:
/// it knows nobody.
const MAY_KNOW: [(&str, &[&str]); 6] = [
    ("model", &[]),
    ("policies", &["model"]),
    ("adapters", &["model"]),
    ("daemon", &["adapters", "driftform-slot", "model", "policies"]),
    (SLOT, &[]),
    ("tests", &["adapters", "daemon", "model", "policies"]),
];

/// The hot swap, for whoever embeds it: besides the cell it depends on nothing.
const SLOT: &str = "driftform-slot";
const SLOT_NEEDS: &str = "arc-swap";

/// Crates that only these rooms may depend on.
const AT_HOME_IN: [(&str, &[&str]); 7] = [
    ("rdkafka", &["adapters"]),
    ("candle-core", &["model", "policies"]),
    ("candle-nn", &["model", "policies"]),
    ("arc-swap", &[SLOT]),
    ("tokio", &["adapters", "daemon", "tests"]),
    ("axum", &["adapters", "daemon", "tests"]),
    ("tonic", &["adapters", "tests"]),
];

/// The cell of the hot swap, and the one file that may name it.
const CELL: (&str, &str) = ("arc_swap", "daemon/slot/src/lib.rs");

/// The rules about sources are written here, so this folder names what it forbids.
const RULES: &str = "tests/tests/contract/";

/// One sentence for each dependency that points the wrong way.
fn wrong_directions(packages: &[Package], sources: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for package in packages {
        let Some((_, may_know)) = MAY_KNOW.iter().find(|(room, _)| *room == package.name) else {
            complaints.push(format!("`{}` is not one of the five rooms, nor the slot", package.name));
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
    if room == SLOT && dependency != SLOT_NEEDS {
        return Some(format!(
            "`{SLOT}` depends on `{dependency}`: whoever embeds it gets `{SLOT_NEEDS}` and nothing else"
        ));
    }
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
    assert_eq!(packages.len(), MAY_KNOW.len(), "the workspace has five rooms and the slot");
    let complaints = wrong_directions(&packages, &sources());
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn what_the_rooms_need_is_allowed() {
    let packages = [
        package("model", &["candle-core", "serde"]),
        package("policies", &["model", "candle-nn"]),
        package("adapters", &["model", "rdkafka", "tokio", "axum"]),
        package("daemon", &["adapters", "policies", "model", "driftform-slot", "tokio"]),
        package("driftform-slot", &["arc-swap"]),
        package("tests", &["adapters", "daemon", "model", "policies"]),
    ];
    let sources = [Source::new("daemon/slot/src/lib.rs", "use arc_swap::ArcSwap;")];
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
        for (room, _) in MAY_KNOW.iter().filter(|(room, _)| *room != SLOT && !homes.contains(room)) {
            let expected = format!("`{room}` depends on `{name}`, which belongs in {}", homes.join(", "));
            assert_refused(&[package(room, &[name])], &[], &expected);
        }
    }
}

#[test]
fn a_slot_that_brings_more_than_its_cell_is_refused() {
    for dependency in ["model", "tokio", "serde"] {
        let expected = format!(
            "`driftform-slot` depends on `{dependency}`: whoever embeds it gets `arc-swap` and nothing else"
        );
        assert_refused(&[package("driftform-slot", &[dependency])], &[], &expected);
    }
}

#[test]
fn a_sixth_room_is_refused() {
    assert_refused(&[package("utils", &[])], &[], "`utils` is not one of the five rooms, nor the slot");
}

#[test]
fn the_cell_of_the_hot_swap_is_named_in_one_file() {
    let elsewhere = [Source::new("daemon/src/serve.rs", "use arc_swap::ArcSwap;")];
    assert_refused(&[], &elsewhere, "daemon/src/serve.rs names `arc_swap`: only daemon/slot/src/lib.rs may");
}
