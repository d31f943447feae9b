//! What events carry, held by examples.

use adapters::kafka::Positions;
use model::EventId;

use super::super::tests::{event, plane_with};
use super::super::{Learn, Snapshot};

fn id(number: u64) -> EventId {
    EventId::new(&number.to_string()).expect("short")
}

/// The events that this one carries, of those it may be asked about.
fn carried(learn: &mut Learn, number: u64) -> Option<Vec<u64>> {
    let place = learn.state.join.place(&id(number))?;
    let (row, _) = learn.kept(place).expect("the disk is there")?;
    let of = |step: &model::Step| (0..100).find(|number| id(*number).number() == step.of);
    Some(row.past().iter().filter_map(of).collect())
}

fn come(learn: &mut Learn, numbers: std::ops::Range<u64>) {
    let records = numbers.map(|number| event(number, 0.5)).collect();
    learn.turn(records, Positions::default()).expect("nothing fails");
}

#[test]
fn an_event_carries_those_before_it_and_whoever_is_erased_is_carried_no_more() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = plane_with(&folder, "sequence = { length = 2 }");
    come(&mut learn, 0..5);
    assert_eq!(carried(&mut learn, 0), Some(vec![]));
    assert_eq!(carried(&mut learn, 1), Some(vec![0]));
    assert_eq!(carried(&mut learn, 4), Some(vec![3, 2]));
    // Read again, as after a crash between a record and its position.
    come(&mut learn, 3..6);
    assert_eq!(carried(&mut learn, 5), Some(vec![4, 3]));

    learn.erase(&id(4), "a test").expect("the disk is there");
    assert_eq!(
        [carried(&mut learn, 4), carried(&mut learn, 5)],
        [None, None],
        "whoever carries it goes with it"
    );
    come(&mut learn, 6..7);
    assert_eq!(carried(&mut learn, 6), Some(vec![5]), "it is not remembered, and the one before it had gone");
}

#[test]
fn a_snapshot_has_what_is_remembered() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = plane_with(&folder, "sequence = { length = 2 }");
    come(&mut learn, 0..5);
    let served = learn.slot.load();
    let bytes = learn.snapshot(&served).and_then(|snapshot| snapshot.to_bytes()).expect("it can be written");
    let saved = Snapshot::from_bytes(&bytes).expect("it can be read");
    assert_eq!(saved.state().pasts, learn.state.pasts);
    assert_eq!(saved.state().pasts.entities(), 1);
}
