//! Each row is used once; the two of a pair are as far apart as stated.

use std::collections::BTreeSet;

use super::*;

#[test]
fn each_row_is_used_once_and_old_is_far_from_new() {
    let mut pairs = Pairs::new(50, 1);
    let mut used = BTreeSet::new();
    for row in 0..1_000_i32 {
        let Some((new, old)) = pairs.observe(row) else { continue };
        assert!(used.insert(new) && used.insert(old));
        assert!(old < 50 || (new - old).abs_diff(100) <= 2, "{old} and {new}");
        assert_eq!(pairs.kept().len(), 50);
    }
    assert_eq!(used.len(), 2 * (1_000 - 50) / 2);
}

#[test]
fn a_stream_that_alternates_is_paired_by_lot() {
    let mut pairs = Pairs::new(10, 2);
    let unlike = (0..2_000).filter_map(|row| pairs.observe(row % 2)).filter(|(new, old)| new != old).count();
    assert!((400..600).contains(&unlike), "{unlike} of about 1,000");
}
