//! Parcel: what is longer than a record, in pieces that are known by the digest of the whole.
//!
//! Lives here: cutting, the head of a piece, and putting pieces together again. May not: read or write records, or know what
//! is inside.
//!
//! Brokers take records of about 1 MB where nobody says otherwise. A piece says of which whole it is, so pieces of several may
//! come mixed, and those that come twice change nothing.

use std::collections::BTreeMap;

use crate::audit::sha256;

#[cfg(test)]
mod tests;

/// Most bytes of the whole in one piece: with its head and all that Kafka puts around it, less than brokers take.
pub const PIECE_BYTES_MAX: usize = 900 * 1024;
/// Wholes that are put together at the same time, at most; the oldest is given up for one more.
const UNDER_WAY_MAX: usize = 64;
/// What a piece begins with; another layout begins otherwise.
const MAGIC: &[u8; 4] = b"DFP1";
/// Digits of a SHA-256.
const DIGITS: usize = 64;
/// Bytes before those of the whole: magic, digest, the piece's place, how many there are, bytes of the whole.
const HEAD_BYTES: usize = 4 + DIGITS + 4 + 4 + 8;

/// Something whole again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// SHA-256 of its bytes.
    pub digest: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Why a record is no piece that can be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParcelError {
    /// It begins otherwise.
    #[error("it is not a piece of a parcel, or another release wrote it")]
    NotOne,
    /// Its numbers do not fit each other.
    #[error("piece {piece} of {pieces} does not fit a whole of {bytes} bytes")]
    Misfit {
        /// Its place.
        piece: u32,
        /// How many there are.
        pieces: u32,
        /// Bytes of the whole.
        bytes: u64,
    },
    /// The whole would be too long.
    #[error("a whole of {bytes} bytes is too long, at most {max} are taken")]
    TooLong {
        /// Bytes of the whole.
        bytes: u64,
        /// The limit.
        max: usize,
    },
    /// All pieces are there, and make something else.
    #[error("the pieces do not make {digest}")]
    Damaged {
        /// What they were to make.
        digest: String,
    },
}

/// The records of a whole, in order, and its digest.
pub fn cut(bytes: &[u8]) -> (String, Vec<Vec<u8>>) {
    let digest = sha256(bytes);
    let chunks: Vec<&[u8]> =
        if bytes.is_empty() { vec![&[]] } else { bytes.chunks(PIECE_BYTES_MAX).collect() };
    let pieces = chunks.len() as u32;
    let record = |(piece, chunk): (usize, &&[u8])| {
        let mut record = Vec::with_capacity(HEAD_BYTES + chunk.len());
        record.extend_from_slice(MAGIC);
        record.extend_from_slice(digest.as_bytes());
        record.extend_from_slice(&(piece as u32).to_le_bytes());
        record.extend_from_slice(&pieces.to_le_bytes());
        record.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        record.extend_from_slice(chunk);
        record
    };
    let records = chunks.iter().enumerate().map(record).collect();
    (digest, records)
}

struct Head {
    digest: String,
    piece: u32,
    pieces: u32,
    bytes: u64,
}

impl Head {
    fn read(record: &[u8]) -> Result<(Self, &[u8]), ParcelError> {
        let (head, rest) = record.split_at_checked(HEAD_BYTES).ok_or(ParcelError::NotOne)?;
        let (magic, head) = head.split_at(MAGIC.len());
        let (digest, head) = head.split_at(DIGITS);
        let digest = std::str::from_utf8(digest).ok().filter(|_| magic == MAGIC);
        let digest = digest.ok_or(ParcelError::NotOne)?.to_owned();
        let number = |from: usize| {
            let bytes = head[from..from + 4].try_into().expect("the head is as long as that");
            u32::from_le_bytes(bytes)
        };
        let (piece, pieces) = (number(0), number(4));
        let bytes = u64::from(number(8)) | u64::from(number(12)) << 32;
        let expected = bytes.div_ceil(PIECE_BYTES_MAX as u64).max(1);
        let is_last = piece.checked_add(1) == Some(pieces);
        let length =
            if is_last { bytes - (expected - 1) * PIECE_BYTES_MAX as u64 } else { PIECE_BYTES_MAX as u64 };
        if piece >= pieces || u64::from(pieces) != expected || rest.len() as u64 != length {
            return Err(ParcelError::Misfit { piece, pieces, bytes });
        }
        Ok((Self { digest, piece, pieces, bytes }, rest))
    }
}

/// A whole of which some pieces are there.
#[derive(Debug)]
struct Partial {
    digest: String,
    pieces: BTreeMap<u32, Vec<u8>>,
}

/// Puts wholes together.
#[derive(Debug)]
pub struct Assembly {
    bytes_max: usize,
    /// Oldest first.
    under_way: Vec<Partial>,
}

impl Assembly {
    /// Of wholes of at most so many bytes; pieces that wait take as much at most.
    pub fn new(bytes_max: usize) -> Self {
        Self { bytes_max, under_way: Vec::new() }
    }

    /// One more piece; the whole, if this was the last one that was missing.
    pub fn add(&mut self, record: &[u8]) -> Result<Option<Parcel>, ParcelError> {
        let (Head { digest, piece, pieces, bytes }, chunk) = Head::read(record)?;
        if bytes > self.bytes_max as u64 {
            return Err(ParcelError::TooLong { bytes, max: self.bytes_max });
        }
        let at = self.under_way.iter().position(|partial| partial.digest == digest);
        let at = at.unwrap_or_else(|| {
            self.under_way.push(Partial { digest, pieces: BTreeMap::new() });
            self.under_way.len() - 1
        });
        self.under_way[at].pieces.insert(piece, chunk.to_vec());
        if self.under_way[at].pieces.len() < pieces as usize {
            self.make_room();
            return Ok(None);
        }
        let Partial { digest, pieces } = self.under_way.remove(at);
        let bytes: Vec<u8> = pieces.into_values().flatten().collect();
        if sha256(&bytes) == digest {
            Ok(Some(Parcel { digest, bytes }))
        } else {
            Err(ParcelError::Damaged { digest })
        }
    }

    /// Somebody died before the last piece: what is oldest is not waited for any more. The newest always may go on.
    fn make_room(&mut self) {
        let waits = |under_way: &[Partial]| -> usize {
            under_way.iter().flat_map(|partial| partial.pieces.values()).map(Vec::len).sum()
        };
        while self.under_way.len() > 1
            && (self.under_way.len() > UNDER_WAY_MAX || waits(&self.under_way) > self.bytes_max)
        {
            self.under_way.remove(0);
        }
    }
}
