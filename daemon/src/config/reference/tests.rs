//! Every key is in the reference with what it means, and the files made of it are as they are made.

#![allow(clippy::unwrap_used, reason = "tests may")]

use std::path::Path;

use super::*;
use crate::config::Config;

const SCHEMA: &str =
    "[schema]\nclasses = [\"a\", \"b\"]\nfeatures = [{ name = \"x\", kind = \"numeric\" }]\n";

#[test]
fn every_key_is_there_and_says_what_it_means() {
    let defaults: toml::Table = DEFAULTS.parse().unwrap();
    let keys = keys();
    let known: usize = defaults.values().map(|section| section.as_table().unwrap().len()).sum();
    assert_eq!(keys.len(), known);
    for key in &keys {
        assert_eq!(&defaults[&key.section][&key.name], &key.default);
        assert!(key.meaning.len() > 10, "{} says what it means", key.path());
    }
}

#[test]
fn words_to_choose_from_are_those_that_are_taken() {
    let with = |path: &str, word: &str| {
        let (section, key) = path.split_once('.').unwrap();
        let line = format!("{key} = \"{word}\"\n");
        let also = match word {
            "holdback" => "[serve]\nholdback = 0.5\n",
            "oip" => "url = \"http://localhost\"\nmodel = \"m\"\n",
            _ => "",
        };
        // A regression has no classes.
        let schema =
            if word == "regression" { SCHEMA.replace("[\"a\", \"b\"]", "[]") } else { SCHEMA.into() };
        let text = match section {
            "schema" => format!("{schema}{line}"),
            _ => format!("{schema}[{section}]\n{line}{also}"),
        };
        Config::parse(&text)
    };
    for (path, words) in CHOICES {
        for word in words {
            assert!(with(path, word).is_ok(), "{path} = {word}: {:?}", with(path, word).err());
        }
        let refused = with(path, "nonsense").unwrap_err().to_string();
        assert!(refused.contains(path.split_once('.').unwrap().1), "{path}: {refused}");
    }
}

/// `DRIFTFORM_WRITE_REFERENCE=1` writes them.
#[test]
fn the_files_are_as_they_are_made() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let schema = serde_json::to_string_pretty(&json_schema()).unwrap() + "\n";
    for (path, made) in [("config/schema.json", schema), ("docs/config.md", page())] {
        let path = root.join(path);
        if std::env::var_os("DRIFTFORM_WRITE_REFERENCE").is_some() {
            std::fs::write(&path, &made).unwrap();
        }
        let is = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(is == made, "{} is another; DRIFTFORM_WRITE_REFERENCE=1 writes it", path.display());
    }
}
