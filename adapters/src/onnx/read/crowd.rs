//! Crowd: how many fields a file has, before anything is made of them.
//!
//! Lives here: counting. An empty field takes two bytes in a file and a hundred in memory, so a file within its length could
//! still become more than there is.

use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

use super::Read;
use crate::onnx::OnnxError;

/// Most fields of messages in one file.
const FIELDS_MAX: usize = 1 << 20;

/// A message, as far as messages in it matter: which of its fields are of which kind.
struct Kind(&'static [(u32, Kind)]);

const PLAIN: Kind = Kind(&[]);
const TYPE: Kind = Kind(&[(1, Kind(&[(2, Kind(&[(1, PLAIN)]))]))]);
const VALUE: Kind = Kind(&[(2, TYPE)]);
const NODE: Kind = Kind(&[(5, Kind(&[(5, PLAIN)]))]);
const GRAPH: Kind = Kind(&[(1, NODE), (5, PLAIN), (11, VALUE), (12, VALUE)]);
const MODEL: Kind = Kind(&[(7, GRAPH), (8, PLAIN), (14, PLAIN), (25, PLAIN)]);

/// Refuses a file that has more fields than any network needs.
pub(super) fn check(bytes: &[u8]) -> Read<()> {
    let mut left = FIELDS_MAX;
    count(bytes, &MODEL, &mut left)
}

fn count(mut bytes: &[u8], kind: &Kind, left: &mut usize) -> Read<()> {
    let broken = |error: prost::DecodeError| OnnxError::Bytes(error.to_string());
    while !bytes.is_empty() {
        *left = left
            .checked_sub(1)
            .ok_or_else(|| OnnxError::Bytes(format!("it has more than {FIELDS_MAX} fields")))?;
        let (tag, wire) = decode_key(&mut bytes).map_err(broken)?;
        let within = kind.0.iter().find(|(known, _)| *known == tag);
        match (within, wire) {
            (Some((_, kind)), WireType::LengthDelimited) => {
                let length = decode_varint(&mut bytes).map_err(broken)?;
                let length = usize::try_from(length).ok().filter(|length| *length <= bytes.len());
                let length = length.ok_or_else(|| OnnxError::Bytes("it is cut short".into()))?;
                let (message, after) = bytes.split_at(length);
                count(message, kind, left)?;
                bytes = after;
            }
            _ => skip_field(wire, tag, &mut bytes, DecodeContext::default()).map_err(broken)?,
        }
    }
    Ok(())
}
