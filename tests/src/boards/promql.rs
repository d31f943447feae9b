//! `PromQL`, as far as it takes to know which metrics a query names.
//!
//! Lives here: telling metrics from all other words. May not: know what a query means; Prometheus itself is asked that, where
//! there is one.

use std::collections::BTreeSet;

use anyhow::{Result, bail, ensure};

/// Words that are no metric wherever they stand.
const WORDS: [&str; 23] = [
    "and",
    "or",
    "unless",
    "offset",
    "bool",
    "inf",
    "nan",
    "sum",
    "min",
    "max",
    "avg",
    "count",
    "topk",
    "bottomk",
    "quantile",
    "stddev",
    "stdvar",
    "group",
    "count_values",
    "group_left",
    "group_right",
    "atan2",
    "default",
];
/// Words before a list of labels.
const LISTS: [&str; 4] = ["by", "without", "on", "ignoring"];

/// The metrics that a query names; an error where its brackets or strings do not end.
///
/// ```
/// let query = r#"sum by (le) (rate(a_bucket{x=~"b|c"}[5m])) / on (job) b_total > 3"#;
/// let names = tests::boards::names(query).unwrap();
/// assert!(names.iter().eq(["a_bucket", "b_total"]));
/// assert!(tests::boards::names("sum(a").is_err());
/// ```
pub fn names(query: &str) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    let mut open = 0_i32;
    let mut rest = query.trim_start();
    while let Some(first) = rest.chars().next() {
        rest = match first {
            '"' | '\'' | '`' => after_string(rest)?,
            '{' => after(rest, '}')?,
            '[' => after(rest, ']')?,
            '0'..='9' | '.' => rest.trim_start_matches(|one: char| one.is_alphanumeric() || one == '.'),
            'a'..='z' | 'A'..='Z' | '_' | ':' => {
                let end = rest.find(|one: char| !(one.is_ascii_alphanumeric() || "_:".contains(one)));
                let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
                take(word, after.trim_start(), &mut names)?
            }
            _ => {
                open += match first {
                    '(' => 1,
                    ')' => -1,
                    _ => 0,
                };
                ensure!(open >= 0, "`)` without `(` in {query}");
                &rest[first.len_utf8()..]
            }
        }
        .trim_start();
    }
    ensure!(open == 0, "`(` without `)` in {query}");
    Ok(names)
}

/// A word; what follows it and its list of labels.
fn take<'a>(word: &str, rest: &'a str, names: &mut BTreeSet<String>) -> Result<&'a str> {
    if LISTS.contains(&word) {
        return after(rest, ')');
    }
    if !WORDS.contains(&word) && !rest.starts_with('(') {
        names.insert(word.to_owned());
    }
    Ok(rest)
}

/// What follows a bracket that opens here; strings in it may hold others.
fn after(text: &str, close: char) -> Result<&str> {
    let mut rest = text.get(1..).unwrap_or_default();
    while let Some(first) = rest.chars().next() {
        if first == close {
            return Ok(&rest[1..]);
        }
        rest = if "\"'`".contains(first) { after_string(rest)? } else { &rest[first.len_utf8()..] };
    }
    bail!("no `{close}` ends {text}")
}

fn after_string(text: &str) -> Result<&str> {
    let quote = text.chars().next();
    let mut escaped = false;
    for (at, one) in text.char_indices().skip(1) {
        match one {
            _ if escaped => escaped = false,
            '\\' if quote != Some('`') => escaped = true,
            one if Some(one) == quote => return Ok(&text[at + 1..]),
            _ => {}
        }
    }
    bail!("a string does not end: {text}")
}

/// A dashboard's query with its variables as a dashboard of everything has them.
pub fn with_values(query: &str) -> String {
    let intervals = ["$__rate_interval", "$__interval", "$__range"];
    let query = intervals.iter().fold(query.to_owned(), |query, name| query.replace(name, "1m"));
    ["$model", "$job", "$instance"].iter().fold(query, |query, name| query.replace(name, ".*"))
}
