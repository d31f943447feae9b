//! Every value says where it comes from, the list is a configuration itself, and secrets are not in it.

#![allow(clippy::unwrap_used, reason = "tests may")]

use super::*;
use crate::config::Config;

#[test]
fn each_value_says_where_it_comes_from() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("driftform.toml");
    let text = "[schema]\nclasses = [\"a\", \"b\"]\nfeatures = [{ name = \"x\", kind = \"numeric\" }]\n\
                [kafka]\nproperties = { \"sasl.password\" = \"hunter2\" }\n[search]\neta = 2\n";
    std::fs::write(&file, text).unwrap();
    let environment = BTreeMap::from([("DRIFTFORM__SEARCH__ETA".to_owned(), "4".to_owned())]);
    let told = told(Some(&file), &environment).unwrap();
    for line in [
        "search.eta = 4  # from DRIFTFORM__SEARCH__ETA".to_owned(),
        format!("schema.classes = [\"a\", \"b\"]  # from {}", file.display()),
        "search.candidates = 9  # from the defaults".to_owned(),
    ] {
        assert!(told.lines().any(|told| told == line), "{line} is not in {told}");
    }
    assert!(!told.contains("hunter2") && told.contains("(hidden)"), "{told}");
    let effective = Config::effective(Some(&file), &environment).unwrap();
    assert!(!effective.contains("hunter2") && effective.contains("(hidden)"), "{effective}");
    assert_eq!(told.parse::<toml::Table>().unwrap(), effective.parse::<toml::Table>().unwrap());
}
