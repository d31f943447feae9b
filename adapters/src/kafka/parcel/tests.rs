//! What was cut is put together again, whatever comes between, twice or damaged; nothing grows without bound.

use proptest::prelude::*;

use super::*;

fn whole(pieces: &[Vec<u8>], bytes_max: usize) -> Result<Option<Parcel>, ParcelError> {
    let mut assembly = Assembly::new(bytes_max);
    let mut last = Ok(None);
    for piece in pieces {
        last = assembly.add(piece);
    }
    last
}

#[test]
fn what_was_cut_is_put_together_at_every_edge() {
    for length in [0, 1, PIECE_BYTES_MAX - 1, PIECE_BYTES_MAX, PIECE_BYTES_MAX + 1, 2 * PIECE_BYTES_MAX] {
        let bytes: Vec<u8> = (0..length).map(|at| at as u8).collect();
        let (digest, pieces) = cut(&bytes);
        assert_eq!(pieces.len(), length.div_ceil(PIECE_BYTES_MAX).max(1));
        assert!(pieces.iter().all(|piece| piece.len() < 1_000_000), "brokers take it");
        assert_eq!(whole(&pieces, length), Ok(Some(Parcel { digest, bytes })), "{length}");
    }
}

#[test]
fn pieces_of_several_may_come_mixed_and_twice() {
    let (one, other) = (vec![1; 2 * PIECE_BYTES_MAX], vec![2; 2 * PIECE_BYTES_MAX]);
    let ((_, a), (_, b)) = (cut(&one), cut(&other));
    let mut assembly = Assembly::new(one.len());
    for piece in [&b[1], &a[0], &a[0]] {
        assert_eq!(assembly.add(piece), Ok(None));
    }
    let bytes =
        |parcel: Result<Option<Parcel>, ParcelError>| parcel.expect("it fits").map(|parcel| parcel.bytes);
    assert_eq!(bytes(assembly.add(&a[1])), Some(one));
    assert_eq!(bytes(assembly.add(&b[0])), Some(other));
}

#[test]
fn what_is_never_finished_goes_when_room_is_needed() {
    let mut assembly = Assembly::new(3 * PIECE_BYTES_MAX);
    for fill in 0..100_u8 {
        let (_, pieces) = cut(&vec![fill; 2 * PIECE_BYTES_MAX]);
        assert_eq!(assembly.add(&pieces[0]), Ok(None));
        assert!(assembly.under_way.len() <= 3, "{}", assembly.under_way.len());
    }
}

#[test]
fn what_is_no_piece_or_too_long_is_refused() {
    let (digest, pieces) = cut(&vec![7; PIECE_BYTES_MAX + 9]);
    assert_eq!(
        whole(&pieces, 100),
        Err(ParcelError::TooLong { bytes: PIECE_BYTES_MAX as u64 + 9, max: 100 })
    );
    let mut damaged = pieces.clone();
    damaged[1][HEAD_BYTES] ^= 1;
    assert_eq!(whole(&damaged, usize::MAX), Err(ParcelError::Damaged { digest }));
    let mut other = pieces[0].clone();
    other[3] = b'2';
    assert_eq!(whole(&[other], usize::MAX), Err(ParcelError::NotOne));
    let mut shorter = pieces[0].clone();
    shorter.pop();
    assert!(matches!(whole(&[shorter], usize::MAX), Err(ParcelError::Misfit { .. })));
}

proptest! {
    #[test]
    fn hostile_bytes_are_refused_and_nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), pieces: u32, total: u64) {
        let mut assembly = Assembly::new(1 << 20);
        prop_assert!(assembly.add(&bytes).is_err());
        let mut headed = cut(&bytes).1.remove(0);
        let at = 4 + DIGITS + 4;
        headed[at..at + 4].copy_from_slice(&pieces.to_le_bytes());
        headed[at + 4..at + 12].copy_from_slice(&total.to_le_bytes());
        let read = assembly.add(&headed);
        prop_assert!(read.is_err() || read == Ok(None) || total == bytes.len() as u64);
    }
}
