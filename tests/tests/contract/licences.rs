//! Everything that is built in has a licence that deny.toml allows, and comes from where it allows.
//!
//! As `cargo deny check licenses sources` has it, but wherever tests run.

use std::collections::BTreeSet;

use cargo_metadata::MetadataCommand;
use serde::Deserialize;
use spdx::{Expression, ParseMode};

use super::workspace::{read, root};

/// What is read of deny.toml.
#[derive(Deserialize)]
struct Rules {
    licenses: Licences,
    sources: Sources,
}

#[derive(Deserialize)]
struct Licences {
    allow: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
}

/// A package that somebody else wrote.
struct Foreign {
    name: String,
    licence: Option<String>,
    source: String,
}

fn rules() -> Rules {
    let text = read("deny.toml").expect("it is in the workspace").text;
    toml::from_str(&text).expect("its licences and sources are lists")
}

/// All of them for this kind of machine; those of others would have to be fetched.
fn foreign() -> Vec<Foreign> {
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let options = ["--locked", "--filter-platform", &target].map(str::to_owned);
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .other_options(options)
        .exec()
        .expect("cargo describes the packages");
    let foreign = metadata.packages.into_iter().filter_map(|package| {
        let source = package.source?.repr;
        Some(Foreign { name: package.name.to_string(), licence: package.license, source })
    });
    foreign.collect()
}

fn wrong_with(package: &Foreign, rules: &Rules) -> Option<String> {
    let Foreign { name, licence, source } = package;
    let known = rules.sources.allow_registry.iter().any(|registry| *source == format!("registry+{registry}"));
    if !known {
        return Some(format!("{name} comes from {source}"));
    }
    let Some(licence) = licence else { return Some(format!("{name} states no licence")) };
    let allowed = |expression: &Expression| {
        expression.evaluate(|asked| {
            asked.license.id().is_some_and(|licence| rules.licenses.allow.contains(licence.name))
        })
    };
    match Expression::parse_mode(licence, ParseMode::LAX) {
        Ok(expression) if allowed(&expression) => None,
        Ok(_) => Some(format!("{name} is under {licence}")),
        Err(error) => Some(format!("{name}: {licence} is no licence: {error}")),
    }
}

#[test]
fn every_package_has_a_licence_and_a_source_that_are_allowed() {
    let (rules, foreign) = (rules(), foreign());
    assert!(foreign.len() > 100, "{} packages", foreign.len());
    let wrong: Vec<String> = foreign.iter().filter_map(|package| wrong_with(package, &rules)).collect();
    assert!(wrong.is_empty(), "not allowed by deny.toml:\n{}", wrong.join("\n"));
}

#[test]
fn what_is_not_allowed_is_noticed() {
    const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";
    let rules = rules();
    let wrong = |licence: Option<&str>, source: &str| {
        let licence = licence.map(str::to_owned);
        wrong_with(&Foreign { name: "x".into(), licence, source: source.into() }, &rules)
    };
    for good in ["MIT", "MIT/Apache-2.0", "GPL-3.0-only OR MIT", "(MIT OR Apache-2.0) AND Unicode-3.0"] {
        assert_eq!(wrong(Some(good), REGISTRY), None);
    }
    for bad in ["GPL-3.0-only", "MIT AND AGPL-3.0-only", "BUSL-1.1", "ours alone"] {
        assert!(wrong(Some(bad), REGISTRY).is_some(), "{bad}");
    }
    assert!(wrong(None, REGISTRY).is_some());
    assert!(wrong(Some("MIT"), "git+https://example.com/x").is_some());
}
