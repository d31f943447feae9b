//! Tensors: their datatypes, and the bytes of each.
//!
//! Lives here: what a raw tensor holds, in both directions. May not: know JSON, messages or the schema.
//!
//! Numbers are kept in the widest form of their kind, so that what is done with them is written once; the datatype
//! says how they came.

use half::{bf16, f16};

use super::error::Refusal;
use crate::text::shortened;

/// Most elements of one tensor.
pub const ELEMENTS_MAX: usize = 1 << 22;
/// Most dimensions of one tensor.
pub const RANK_MAX: usize = 8;
/// Bytes before each element of a raw tensor of bytes: its length.
const LENGTH_BYTES: usize = 4;

/// What the elements of a tensor are; the names are the protocol's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Datatype {
    Bool,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Int8,
    Int16,
    Int32,
    Int64,
    Fp16,
    Bf16,
    Fp32,
    Fp64,
    Bytes,
}

impl Datatype {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Bool,
        Self::Uint8,
        Self::Uint16,
        Self::Uint32,
        Self::Uint64,
        Self::Int8,
        Self::Int16,
        Self::Int32,
        Self::Int64,
        Self::Fp16,
        Self::Bf16,
        Self::Fp32,
        Self::Fp64,
        Self::Bytes,
    ];

    /// The datatype of this name.
    pub fn named(name: &str) -> Result<Self, Refusal> {
        Self::ALL.into_iter().find(|datatype| datatype.name() == name).ok_or_else(|| {
            let known = Self::ALL.map(Self::name).join(", ");
            Refusal::invalid(format!("datatype `{}` is not one of {known}", shortened(name)))
        })
    }

    /// As the protocol names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bool => "BOOL",
            Self::Uint8 => "UINT8",
            Self::Uint16 => "UINT16",
            Self::Uint32 => "UINT32",
            Self::Uint64 => "UINT64",
            Self::Int8 => "INT8",
            Self::Int16 => "INT16",
            Self::Int32 => "INT32",
            Self::Int64 => "INT64",
            Self::Fp16 => "FP16",
            Self::Bf16 => "BF16",
            Self::Fp32 => "FP32",
            Self::Fp64 => "FP64",
            Self::Bytes => "BYTES",
        }
    }

    /// The least and the largest whole number it holds; nothing for other kinds.
    pub(super) fn range(self) -> Option<(i64, u64)> {
        match self {
            Self::Uint8 => Some((0, u64::from(u8::MAX))),
            Self::Uint16 => Some((0, u64::from(u16::MAX))),
            Self::Uint32 => Some((0, u64::from(u32::MAX))),
            Self::Uint64 => Some((0, u64::MAX)),
            Self::Int8 => Some((i8::MIN.into(), i8::MAX as u64)),
            Self::Int16 => Some((i16::MIN.into(), i16::MAX as u64)),
            Self::Int32 => Some((i32::MIN.into(), i32::MAX as u64)),
            Self::Int64 => Some((i64::MIN, i64::MAX as u64)),
            Self::Bool | Self::Fp16 | Self::Bf16 | Self::Fp32 | Self::Fp64 | Self::Bytes => None,
        }
    }
}

/// The elements of a tensor, row by row.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// Of `BOOL`.
    Bools(Vec<bool>),
    /// Of `UINT8` to `UINT64`.
    Unsigned(Vec<u64>),
    /// Of `INT8` to `INT64`.
    Signed(Vec<i64>),
    /// Of `FP16`, `BF16`, `FP32` and `FP64`; `NaN` where one is missing.
    Floats(Vec<f64>),
    /// Of `BYTES`; empty where one is missing.
    Bytes(Vec<Vec<u8>>),
}

impl Data {
    /// Elements.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Bools(items) => items.len(),
            Self::Unsigned(items) => items.len(),
            Self::Signed(items) => items.len(),
            Self::Floats(items) => items.len(),
            Self::Bytes(items) => items.len(),
        }
    }

    /// No elements yet, of this datatype.
    pub(super) fn none(datatype: Datatype) -> Self {
        match datatype {
            Datatype::Bool => Self::Bools(Vec::new()),
            Datatype::Uint8 | Datatype::Uint16 | Datatype::Uint32 | Datatype::Uint64 => {
                Self::Unsigned(Vec::new())
            }
            Datatype::Int8 | Datatype::Int16 | Datatype::Int32 | Datatype::Int64 => Self::Signed(Vec::new()),
            Datatype::Fp16 | Datatype::Bf16 | Datatype::Fp32 | Datatype::Fp64 => Self::Floats(Vec::new()),
            Datatype::Bytes => Self::Bytes(Vec::new()),
        }
    }
}

/// A named tensor whose elements are as many as its shape says.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// How its elements came, or go.
    pub datatype: Datatype,
    /// Its dimensions.
    pub shape: Vec<usize>,
    /// Its elements.
    pub data: Data,
}

/// What is known of a tensor before its elements are read.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) name: String,
    pub(super) datatype: Datatype,
    pub(super) shape: Vec<usize>,
    /// Elements of that shape.
    pub(super) count: usize,
}

impl Head {
    /// Checked: a shape of a size that is taken.
    pub(super) fn new(name: String, datatype: &str, shape: &[i64]) -> Result<Self, Refusal> {
        let shown = shortened(&name);
        let datatype = Datatype::named(datatype)
            .map_err(|refusal| Refusal::invalid(format!("input `{shown}`: {}", refusal.message)))?;
        if shape.len() > RANK_MAX {
            return Err(Refusal::invalid(format!(
                "input `{shown}` has {} dimensions; at most {RANK_MAX} are read",
                shape.len()
            )));
        }
        let sizes: Option<Vec<usize>> = shape.iter().map(|size| usize::try_from(*size).ok()).collect();
        let Some(sizes) = sizes else {
            return Err(Refusal::invalid(format!("input `{shown}` has a negative size in its shape")));
        };
        let count = sizes.iter().try_fold(1_usize, |count, size| count.checked_mul(*size));
        match count.filter(|count| *count <= ELEMENTS_MAX) {
            Some(count) => Ok(Self { name, datatype, shape: sizes, count }),
            None => Err(Refusal::new(
                super::Reason::TooLarge,
                format!("input `{shown}` has more than {ELEMENTS_MAX} elements by its shape"),
            )),
        }
    }

    /// With its elements, of which there have to be as many as the shape says.
    pub(super) fn with(self, data: Data) -> Result<Tensor, Refusal> {
        let Self { name, datatype, shape, count } = self;
        if data.count() != count {
            return Err(Refusal::invalid(format!(
                "input `{}` has {} elements, but its shape {shape:?} says {count}",
                shortened(&name),
                data.count()
            )));
        }
        Ok(Tensor { name, datatype, shape, data })
    }

    /// With its elements in raw bytes: little-endian, row by row, nothing between.
    pub(super) fn with_raw(self, bytes: &[u8]) -> Result<Tensor, Refusal> {
        let data = raw(self.datatype, bytes, self.count)
            .map_err(|why| Refusal::invalid(format!("input `{}`: {why}", shortened(&self.name))))?;
        self.with(data)
    }
}

/// Elements of raw bytes.
fn raw(datatype: Datatype, bytes: &[u8], count: usize) -> Result<Data, String> {
    Ok(match datatype {
        Datatype::Bool => Data::Bools(bools(bytes, count)?),
        Datatype::Uint8 => Data::Unsigned(fixed(bytes, count, |[byte]: [u8; 1]| u64::from(byte))?),
        Datatype::Uint16 => Data::Unsigned(fixed(bytes, count, |item| u64::from(u16::from_le_bytes(item)))?),
        Datatype::Uint32 => Data::Unsigned(fixed(bytes, count, |item| u64::from(u32::from_le_bytes(item)))?),
        Datatype::Uint64 => Data::Unsigned(fixed(bytes, count, u64::from_le_bytes)?),
        Datatype::Int8 => Data::Signed(fixed(bytes, count, |item| i64::from(i8::from_le_bytes(item)))?),
        Datatype::Int16 => Data::Signed(fixed(bytes, count, |item| i64::from(i16::from_le_bytes(item)))?),
        Datatype::Int32 => Data::Signed(fixed(bytes, count, |item| i64::from(i32::from_le_bytes(item)))?),
        Datatype::Int64 => Data::Signed(fixed(bytes, count, i64::from_le_bytes)?),
        Datatype::Fp16 => Data::Floats(fixed(bytes, count, |item| f16::from_le_bytes(item).to_f64())?),
        Datatype::Bf16 => Data::Floats(fixed(bytes, count, |item| bf16::from_le_bytes(item).to_f64())?),
        Datatype::Fp32 => Data::Floats(fixed(bytes, count, |item| f64::from(f32::from_le_bytes(item)))?),
        Datatype::Fp64 => Data::Floats(fixed(bytes, count, f64::from_le_bytes)?),
        Datatype::Bytes => Data::Bytes(texts(bytes, count)?),
    })
}

fn fixed<const WIDTH: usize, T>(
    bytes: &[u8],
    count: usize,
    read: impl Fn([u8; WIDTH]) -> T,
) -> Result<Vec<T>, String> {
    let (items, rest) = bytes.as_chunks::<WIDTH>();
    if !rest.is_empty() || items.len() != count {
        return Err(format!("{} raw bytes, but {count} elements have {}", bytes.len(), count * WIDTH));
    }
    Ok(items.iter().map(|item| read(*item)).collect())
}

fn bools(bytes: &[u8], count: usize) -> Result<Vec<bool>, String> {
    match bytes.iter().find(|byte| **byte > 1) {
        Some(byte) => Err(format!("a raw BOOL is 0 or 1, not {byte}")),
        None => fixed(bytes, count, |[byte]: [u8; 1]| byte == 1),
    }
}

fn texts(mut bytes: &[u8], count: usize) -> Result<Vec<Vec<u8>>, String> {
    let mut texts = Vec::with_capacity(count.min(bytes.len() / LENGTH_BYTES));
    while !bytes.is_empty() {
        if texts.len() == count {
            return Err(format!("more raw bytes than {count} elements have"));
        }
        let (length, rest) = bytes
            .split_first_chunk::<LENGTH_BYTES>()
            .ok_or("a raw BYTES element begins with four bytes of length")?;
        let length = u32::from_le_bytes(*length) as usize;
        let text = rest
            .get(..length)
            .ok_or_else(|| format!("a raw BYTES element says {length} bytes, but {} are left", rest.len()))?;
        texts.push(text.to_vec());
        bytes = &rest[length..];
    }
    if texts.len() == count {
        Ok(texts)
    } else {
        Err(format!("{} raw elements, but the shape says {count}", texts.len()))
    }
}

impl Tensor {
    /// Its elements as raw bytes. Of what is written here: `BOOL`, `FP32` and `BYTES`.
    pub(super) fn to_raw(&self) -> Vec<u8> {
        match &self.data {
            Data::Bools(items) => items.iter().map(|item| u8::from(*item)).collect(),
            Data::Unsigned(items) => items.iter().flat_map(|item| item.to_le_bytes()).collect(),
            Data::Signed(items) => items.iter().flat_map(|item| item.to_le_bytes()).collect(),
            Data::Floats(items) => items.iter().flat_map(|item| (*item as f32).to_le_bytes()).collect(),
            Data::Bytes(items) => {
                let mut bytes = Vec::new();
                for item in items {
                    // What is written are names of classes, which are short.
                    bytes.extend((item.len() as u32).to_le_bytes());
                    bytes.extend(item);
                }
                bytes
            }
        }
    }
}

#[cfg(test)]
mod tests;
