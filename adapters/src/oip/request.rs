//! An inference request, whatever it came in.
//!
//! Lives here: its parts, and which outputs it wants in which form. May not: know JSON, messages or the schema.

use model::Generation;

use super::error::{Reason, Refusal};
use super::tensor::Tensor;
use crate::text::shortened;

/// Longest id of a request, in bytes: what is said of its rows has ids that begin with it.
pub const ID_BYTES_MAX: usize = 240;
/// Most tensors of one request.
pub const INPUTS_MAX: usize = model::schema::FEATURES_MAX;
/// Most outputs one request may name.
pub const WANTED_MAX: usize = 16;

/// What somebody asks.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// As its sender names it.
    pub id: Option<String>,
    /// What is asked.
    pub inputs: Inputs,
    /// Which outputs, and how they go; none means all.
    pub wanted: Vec<Wanted>,
    /// Whether outputs go as raw bytes where nothing else is said.
    pub binary: bool,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Inputs {
    /// Tensors.
    Tensors(Vec<Tensor>),
    /// The bytes of the one input, without a name, datatype or shape.
    Raw(Vec<u8>),
}

/// An output that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// Whether it goes as raw bytes, where that is said.
    pub binary: Option<bool>,
}

impl Request {
    /// A request whose parts are within their limits.
    pub(super) fn new(
        id: Option<String>,
        tensors: Vec<Tensor>,
        wanted: Vec<Wanted>,
        binary: bool,
    ) -> Result<Self, Refusal> {
        check_id(id.as_deref())?;
        check_counts(tensors.len(), wanted.len())?;
        for (at, output) in wanted.iter().enumerate() {
            if wanted[..at].iter().any(|earlier| earlier.name == output.name) {
                return Err(Refusal::invalid(format!(
                    "output `{}` is asked for twice",
                    shortened(&output.name)
                )));
            }
        }
        Ok(Self { id, inputs: Inputs::Tensors(tensors), wanted, binary })
    }

    /// A raw request: its outputs go raw, too.
    pub(super) fn raw(bytes: &[u8]) -> Self {
        Self { id: None, inputs: Inputs::Raw(bytes.to_vec()), wanted: Vec::new(), binary: true }
    }
}

/// Before tensors are read: how many there may be.
pub(super) fn check_counts(inputs: usize, wanted: usize) -> Result<(), Refusal> {
    if inputs > INPUTS_MAX || wanted > WANTED_MAX {
        return Err(Refusal::new(
            Reason::TooLarge,
            format!("at most {INPUTS_MAX} inputs and {WANTED_MAX} outputs are taken"),
        ));
    }
    Ok(())
}

fn check_id(id: Option<&str>) -> Result<(), Refusal> {
    match id.map(str::len) {
        Some(bytes) if bytes > ID_BYTES_MAX => {
            Err(Refusal::invalid(format!("the id has {bytes} bytes; at most {ID_BYTES_MAX} are taken")))
        }
        _ => Ok(()),
    }
}

/// The generation that a path or a message names; empty means whichever serves.
pub(super) fn version(text: &str) -> Result<Option<Generation>, Refusal> {
    match text {
        "" => Ok(None),
        text => text.parse().map(|number| Some(Generation(number))).map_err(|_| {
            Refusal::new(
                Reason::NotFound,
                format!("no version `{}`: a version is the number of a generation", shortened(text)),
            )
        }),
    }
}
