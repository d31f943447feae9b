//! Faults are read as they are meant, and strike where they are told to. This process itself is never armed.

#![allow(clippy::unwrap_used, reason = "tests may")]

use super::*;

fn armed(text: &str) -> Faults {
    Faults::parse(text).unwrap()
}

#[test]
fn a_fault_strikes_at_the_point_it_names_and_at_no_other() {
    let faults = armed("abort=rename:2:after");
    for (point, expected) in [
        (Point::Rename, None),
        (Point::Flush, None),
        (Point::Rename, Some(When::After)),
        (Point::Rename, None),
    ] {
        assert_eq!(faults.ends_here(point), expected, "{point:?}");
    }
    let faults = armed("abort=any:3:torn");
    let struck: Vec<_> = Point::ALL.into_iter().filter(|point| faults.ends_here(*point).is_some()).collect();
    assert_eq!(struck, [Point::ALL[2]]);
}

#[test]
fn points_passed_are_listed_and_nothing_else_happens() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("points");
    let faults = armed(&format!("list={}", list.display()));
    assert_eq!(faults.pass(Point::Flush, || unreachable!(), || 7), 7);
    assert_eq!(faults.pass(Point::Commit, || unreachable!(), || 8), 8);
    assert_eq!(std::fs::read_to_string(list).unwrap(), "flush\ncommit\n");
}

#[test]
fn what_is_no_fault_is_refused_with_what_to_write() {
    for (text, hint) in [
        ("", "write abort="),
        ("abort", "write abort="),
        ("abort=rename", "KIND:N:WHEN"),
        ("abort=rename:x:before", "KIND:N:WHEN"),
        ("abort=rename:1:later", "KIND:N:WHEN"),
        ("abort=moving:1:before", "KIND:N:WHEN"),
    ] {
        let error = Faults::parse(text).unwrap_err();
        assert!(error.contains(hint), "{text}: {error}");
    }
}

#[test]
fn every_kind_has_its_own_word_and_place() {
    for (at, point) in Point::ALL.into_iter().enumerate() {
        assert_eq!(point as usize, at);
        assert_eq!(Abort::parse(&format!("{}:1:before", point.name())).unwrap().point, Some(point));
    }
}
