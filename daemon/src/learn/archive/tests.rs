//! What is kept, within which limits, and that it answers as it did.

use model::{Architecture, Hyper};

use super::*;

const SHAPE: Shape =
    Shape { inputs: 2, outputs: 2, classification: true, context: 0, steps: 0, picture: None };

fn archived(learned: u64) -> Archived {
    let mixture = Mixture::of_one(Architecture::linear(Hyper::default()));
    let weights = MixtureWeights::initial(&mixture, SHAPE, learned);
    let network =
        MixtureNetwork::from_weights(&mixture, SHAPE, &weights, &Device::cpu()).expect("the weights fit");
    Archived::new(learned, &network).expect("it can be read")
}

fn kept(archive: &Archive) -> Vec<u64> {
    archive.kept().map(|known| known.learned).collect()
}

#[test]
fn the_oldest_make_room_and_who_knows_the_same_is_kept_once() {
    let mut archive = Archive::default();
    for learned in 1..=3 {
        archive.push(archived(learned), &[], 3);
    }
    archive.push(archived(4), &[2], 3);
    assert_eq!(kept(&archive), [1, 3, 4], "in the place of the second");
    archive.push(archived(5), &[], 3);
    assert_eq!(kept(&archive), [3, 4, 5]);
    let mut large = archived(6);
    large.bytes = ARCHIVE_BYTES_MAX - 1;
    archive.push(large, &[], 9);
    assert_eq!(kept(&archive), [6], "bytes are limited, too");
}

#[test]
fn what_is_archived_answers_as_it_did() {
    let known = archived(7);
    let bytes = postcard::to_stdvec(&known).expect("plain data");
    let same: Archived = postcard::from_bytes(&bytes).expect("just written");
    let says = |known: &Archived| {
        let network = known.network(SHAPE, &Device::cpu()).expect("the weights fit");
        network.predict(&[0.3, -0.7]).expect("one row")
    };
    assert_eq!((says(&same), &same), (says(&known), &known));
}

#[test]
fn losses_and_worlds_are_counted_from_the_end() {
    let mut archive = Archive::default();
    assert_eq!(archive.last_losses(3).len(), 0);
    for at in 0..=COMPARED_OUTCOMES {
        archive.lost(if at == 0 { 1.0 } else { 0.5 });
    }
    assert_eq!(archive.last_losses(COMPARED_OUTCOMES + 9).len(), COMPARED_OUTCOMES);
    assert!(archive.last_losses(COMPARED_OUTCOMES).all(|loss| loss < 0.6));
    assert_eq!((archive.turn(1_500), archive.turn(1_600)), (1_500, 100));
}
