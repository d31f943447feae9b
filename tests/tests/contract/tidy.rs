//! Tidiness: what every file has to look like, and which files have to be there.
//!
//! Lives here: rules that are about text. May not: repeat what rustfmt or clippy already hold.

use std::collections::BTreeSet;

use super::workspace::{ROOMS, Source, read, sources};

/// Longest Rust file, in lines.
const LINES_MAX: usize = 500;
/// Longest map of the house, in lines: one has to be able to hold it in one's head.
const MAP_LINES_MAX: usize = 200;
/// Written in two halves, here and below, so that this file does not accuse itself.
const UNFINISHED: [&str; 4] =
    [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("todo", "!("), concat!("unimplemented", "!(")];
/// A test that is skipped proves nothing; one that sleeps guesses.
const NOT_IN_TESTS: [&str; 3] =
    [concat!("#[ign", "ore"), concat!("thread::", "sleep"), concat!("time::", "sleep")];
/// Code outside tests says why it cannot fail, with `expect`.
const NOT_OUTSIDE_TESTS: &str = concat!(".unwrap", "()");
/// Where tests begin in a file that has both.
const TESTS_BEGIN: &str = "#[cfg(test)]\nmod tests {";
/// Files that a program wrote say so in their first line.
const GENERATED: &str = "@generated";
/// Documents a reader may count on, and the most lines each may have.
const DOCUMENTS: [(&str, usize); 5] = [
    ("README.md", usize::MAX),
    ("ARCHITECTURE.md", MAP_LINES_MAX - 1),
    ("CONTRIBUTING.md", usize::MAX),
    ("CHANGELOG.md", usize::MAX),
    ("LICENSE", usize::MAX),
];

/// One sentence for each rule this file breaks.
fn untidy(source: &Source) -> Vec<String> {
    let Source { path, text } = source;
    let first = text.lines().next().unwrap_or_default();
    if first.contains(GENERATED) {
        return Vec::new();
    }
    let mut complaints = Vec::new();
    if !first.starts_with("//! ") {
        complaints.push(format!("{path}: the first line does not say what lives here (`//! …`)"));
    }
    let lines = text.lines().count();
    if lines > LINES_MAX {
        complaints.push(format!("{path}: {lines} lines, at most {LINES_MAX} are allowed"));
    }
    let (code, tests) = split(source);
    complaints.extend(named(path, text, &UNFINISHED));
    complaints.extend(named(path, tests, &NOT_IN_TESTS));
    complaints.extend(named(path, code, &[NOT_OUTSIDE_TESTS]));
    complaints
}

/// What runs in production, and what tests it.
fn split(source: &Source) -> (&str, &str) {
    let path = &source.path;
    let is_test = path.ends_with("tests.rs")
        || path.starts_with("tests/")
        || ["/tests/", "/benches/"].iter().any(|folder| path.contains(folder));
    let at = if is_test { 0 } else { source.text.find(TESTS_BEGIN).unwrap_or(source.text.len()) };
    source.text.split_at(at)
}

/// The forbidden words that occur outside comments, and the unfinished business that occurs anywhere.
fn named(path: &str, text: &str, words: &[&str]) -> Vec<String> {
    let occurs = |word: &str| {
        let comments = UNFINISHED.contains(&word);
        text.lines().any(|line| line.contains(word) && (comments || !line.trim_start().starts_with("//")))
    };
    words
        .iter()
        .filter(|word| occurs(word))
        .map(|word| format!("{path}: `{word}` does not belong here"))
        .collect()
}

/// What a clippy file bans, by path, and its thresholds, line by line; reasons may differ.
fn bans(clippy: &str) -> BTreeSet<&str> {
    clippy
        .lines()
        .filter_map(|line| {
            let line = line.trim();
            match line.split_once("path = \"") {
                Some((_, rest)) => rest.split('"').next(),
                None => line.contains("-threshold = ").then_some(line),
            }
        })
        .collect()
}

/// The shared bans that a room's clippy file leaves out; clippy takes the nearest file and merges nothing.
fn missing_bans(shared: &str, room: &str) -> Vec<String> {
    bans(shared).difference(&bans(room)).map(|&ban| ban.to_owned()).collect()
}

/// What is wrong with a document, if anything.
fn misses(path: &str, text: Option<&str>, lines_max: usize) -> Option<String> {
    let Some(text) = text else { return Some(format!("{path} is missing")) };
    let lines = text.lines().count();
    if lines == 0 {
        return Some(format!("{path} is empty"));
    }
    (lines > lines_max).then(|| format!("{path}: {lines} lines, at most {lines_max} are allowed"))
}

#[track_caller]
fn assert_untidy(path: &str, text: &str, expected: &str) {
    let complaints = untidy(&Source::new(path, text));
    assert!(complaints.len() == 1 && complaints[0].contains(expected), "{complaints:?}");
}

#[test]
fn every_source_is_tidy() {
    let complaints: Vec<String> = sources().iter().flat_map(untidy).collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn every_document_is_there() {
    let complaints: Vec<String> = DOCUMENTS
        .iter()
        .filter_map(|(path, lines_max)| {
            misses(path, read(path).as_ref().map(|source| source.text.as_str()), *lines_max)
        })
        .collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn every_room_repeats_the_shared_bans() {
    let shared = read("clippy.toml").expect("the root has a clippy.toml").text;
    assert!(!bans(&shared).is_empty(), "the root's clippy.toml bans nothing");
    for room in ROOMS {
        let path = format!("{room}/clippy.toml");
        let own = read(&path).unwrap_or_else(|| panic!("{path} is missing")).text;
        let missing = missing_bans(&shared, &own);
        assert!(missing.is_empty(), "{path} leaves out: {}", missing.join(", "));
    }
}

#[test]
fn untidy_sources_are_refused() {
    assert_untidy("model/src/a.rs", "use std::fmt;\n", "does not say what lives here");
    assert_untidy("model/src/a.rs", &format!("//! A.\n{}", "\n".repeat(LINES_MAX)), "501 lines");
    for word in UNFINISHED {
        assert_untidy("model/src/a.rs", &format!("//! A.\n// {word}\n"), word);
    }
    assert_untidy(
        "model/src/a.rs",
        &format!("//! A.\nfn a() {{ b(){NOT_OUTSIDE_TESTS} }}\n"),
        NOT_OUTSIDE_TESTS,
    );
}

#[test]
fn untidy_tests_are_refused_wherever_they_are() {
    for word in NOT_IN_TESTS {
        for path in
            ["model/src/a/tests.rs", "model/src/a/more_tests.rs", "tests/src/a.rs", "tests/tests/a/b.rs"]
        {
            assert_untidy(path, &format!("//! A.\n{word}\n"), word);
        }
        assert_untidy("model/src/a.rs", &format!("//! A.\n{TESTS_BEGIN}\n{word}\n}}\n"), word);
    }
}

#[test]
fn tidy_sources_pass() {
    let tests = format!("//! A.\nfn a() {{ b(){NOT_OUTSIDE_TESTS} }}\n");
    let pacing = format!("//! A.\nfn a() {{ std::{}(PACE) }}\n", NOT_IN_TESTS[1]);
    let example = format!("//! A.\n/// b(){NOT_OUTSIDE_TESTS}\nfn a() {{}}\n");
    let generated = format!("// {GENERATED}\n{}", UNFINISHED[0]);
    for (path, text) in [
        ("model/src/a/tests.rs", &tests),
        ("model/benches/a.rs", &tests),
        ("daemon/src/a.rs", &pacing),
        ("model/src/a.rs", &example),
        ("model/src/a.rs", &generated),
    ] {
        assert_eq!(untidy(&Source::new(path, text)), [""; 0], "{path}: {text}");
    }
}

#[test]
fn a_clippy_file_that_forgets_a_shared_ban_is_refused() {
    let shared = "too-many-lines-threshold = 70\n{ path = \"a::B\", reason = \"x\" },\n";
    assert_eq!(
        missing_bans(shared, "{ path = \"a::B\", reason = \"y\" }"),
        ["too-many-lines-threshold = 70"]
    );
    assert_eq!(missing_bans(shared, "too-many-lines-threshold = 70"), ["a::B"]);
    assert_eq!(missing_bans(shared, &format!("{shared}{{ path = \"c::D\" }}")), [""; 0]);
}

#[test]
fn a_document_that_is_missing_empty_or_too_long_is_refused() {
    assert_eq!(misses("A.md", None, 2).expect("missing"), "A.md is missing");
    assert_eq!(misses("A.md", Some(""), 2).expect("empty"), "A.md is empty");
    assert_eq!(
        misses("A.md", Some("1\n2\n3\n"), 2).expect("too long"),
        "A.md: 3 lines, at most 2 are allowed"
    );
    assert_eq!(misses("A.md", Some("1\n2\n"), 2), None);
}
