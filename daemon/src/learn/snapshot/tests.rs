//! Whoever changes what a snapshot holds raises its format.

use std::path::Path;

use policies::search::{Proposer as _, Score};

use super::*;
use crate::learn::archive::Archived;
use crate::learn::tests::{feed, place_twin, plane_with};
use crate::lifecycle::{Change, Effect};

/// A snapshot of the format in force, written when that began; `DRIFTFORM_WRITE_SNAPSHOT=1` writes it.
const KEPT: (u32, &str) = (16, "src/learn/snapshot/format-16.bin");

/// A snapshot with as much in it as there may be at once: a challenger, a displaced champion, an episode, what waits, what is
/// remembered.
fn full() -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let settings =
        "mixture = { members = [{}, { widths = [2], replay = 0.5, replay_depth = 16, context = 1, surge = 1, average = 10, noise = 0.1 }] }
        search = { window_outcomes = 20, cooldown_outcomes = 100000 }
        detect = { feature_window = 100, feature_reference = 100, reference_outcomes = 20 }
        sequence = { length = 2, begin_with = [\"gru\"] }
        image = { first = \"x\", height = 1, width = 1, begin_with = [{ units = 2, kernel = 1 }] }
        champion = { external = \"events\" }
        budget = { watch = [{ name = \"p99\", kind = \"latency\", limit = 1.0 }] }";
    let mut learn = plane_with(&folder, settings);
    feed(&mut learn, 0..200);
    place_twin(&mut learn);
    feed(&mut learn, 200..210);
    learn.perform(Effect::Swap(Change::Promotion)).expect("nothing fails");
    feed(&mut learn, 210..211);
    place_twin(&mut learn);
    learn.state.lifecycle.shadow_from_now(&learn.rules);
    remember(&mut learn);
    learn.begin_contest();
    assert!(learn.arms.displaced.is_some() && learn.arms.challenger.is_some());
    learn.order_budget("p99", 0.5, Some("ada".into())).expect("it is known");
    let served = learn.slot().load();
    learn.snapshot(&served).expect("it can be taken").to_bytes().expect("it can be written")
}

/// A mixture in the archive, an episode that has ended, and one under way.
fn remember(learn: &mut Learn) {
    let network = learn.arms.pool.freeze(&learn.arms.control).expect("it has its members");
    learn.state.archive.push(Archived::new(100, &network).expect("plain data"), &[], 8);
    let signature = learn.state.sketch.signature(None);
    for _ in 0..2 {
        learn.state.recall.begin(signature.clone());
        let genome = learn.space.genome(&learn.arms.mixture().expect("it has its members").members[0]);
        let (parent, at) = (genome.clone(), 200);
        learn.state.recall.tell(&Score { genome, parent, gain: 0.1, cost: 1.0, at });
    }
}

/// A field that is gone, new, elsewhere or of another kind: what was written is not read, or reads as something else.
#[test]
fn another_layout_is_another_format() {
    let (format, path) = KEPT;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("DRIFTFORM_WRITE_SNAPSHOT").is_some() {
        std::fs::write(&path, full()).expect("it can be written");
    }
    assert_eq!(format, FORMAT, "keep a snapshot of the new format, and name it here");
    let kept = std::fs::read(&path).expect("it is part of the sources");
    let read =
        Snapshot::from_bytes(&kept).expect("raise FORMAT: a snapshot of this one can no longer be read");
    let again = read.to_bytes().expect("it can be written");
    assert!(again == kept, "raise FORMAT: a snapshot of this one is read as something else");
}
