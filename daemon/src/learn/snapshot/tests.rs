//! Whoever changes what a snapshot holds raises its format.

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::learn::tests::{feed, place_twin, plane_with};
use crate::lifecycle::{Change, Effect};

/// Names of all fields of the format in force, in order.
const NAMES: (u32, &str) = (4, include_str!("format-4.txt"));

/// Paths of names; what stands in a list is one, and so are keys that are data.
fn names(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let data = name.chars().next().is_none_or(|first| !first.is_ascii_alphabetic());
                let path = format!("{path}/{}", if data { "*" } else { name });
                names(value, &path, found);
                found.insert(path);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| names(item, path, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn another_layout_is_another_format() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = plane_with(&folder, "search = { window_outcomes = 100 }");
    feed(&mut learn, 0..700);
    place_twin(&mut learn);
    feed(&mut learn, 700..900);
    learn.perform(Effect::Swap(Change::Promotion)).expect("nothing fails");
    feed(&mut learn, 900..901);
    place_twin(&mut learn);
    assert!(learn.arms.displaced.is_some() && learn.arms.challenger.is_some());
    let served = learn.slot().load();
    let snapshot = learn.snapshot(&served).expect("it can be taken");
    // By way of text: a number may be wider than a JSON value holds.
    let text = serde_json::to_string(&snapshot).expect("it can be told");
    let json = serde_json::from_str(&text).expect("it is JSON");
    let mut found = BTreeSet::new();
    names(&json, "", &mut found);
    let text: String = found.iter().map(|name| format!("{name}\n")).collect();
    assert_eq!(NAMES, (FORMAT, text.as_str()), "raise FORMAT, and write a file of its names:\n{text}");
}
