//! Attributes: those of a node, asked for by name.
//!
//! Lives here: which names are known at all, and what kind of value each has. Does not live here: what they mean to an
//! operator (that is [`super::operators`]).

use super::{Read, unsupported};
use crate::onnx::{OnnxError, proto};
use crate::text::shortened;

/// Attributes that are read, or that change nothing as they are checked, or that matter only to those who learn.
const KNOWN: [&str; 31] = [
    "axis",
    "axes",
    "keepdims",
    "to",
    "transA",
    "transB",
    "alpha",
    "beta",
    "keys_strings",
    "values_int64s",
    "default_int64",
    "allowzero",
    "approximate",
    "classlabels_int64s",
    "classlabels_ints",
    "classlabels_strings",
    "coefficients",
    "epsilon",
    "intercepts",
    "momentum",
    "multi_class",
    "norm",
    "offset",
    "post_transform",
    "ratio",
    "saturate",
    "scale",
    "seed",
    "stash_type",
    "targets",
    "training_mode",
];

/// The attributes of a node, asked for by name.
pub(super) struct Attributes<'a> {
    pub node: &'a proto::Node,
    pub name: &'a str,
}

impl Attributes<'_> {
    fn find(&self, name: &str) -> Option<&proto::Attribute> {
        self.node.attribute.iter().find(|attribute| attribute.name.as_deref() == Some(name))
    }

    pub fn integer(&self, name: &str, otherwise: i64) -> i64 {
        self.find(name).and_then(|attribute| attribute.i).unwrap_or(otherwise)
    }

    pub fn integers(&self, name: &str) -> Vec<i64> {
        self.find(name).map(|attribute| attribute.ints.clone()).unwrap_or_default()
    }

    pub fn float(&self, name: &str, otherwise: f32) -> f32 {
        self.find(name).and_then(|attribute| attribute.f).unwrap_or(otherwise)
    }

    pub fn floats(&self, name: &str) -> Vec<f32> {
        self.find(name).map(|attribute| attribute.floats.clone()).unwrap_or_default()
    }

    pub fn flag(&self, name: &str, otherwise: bool) -> bool {
        self.integer(name, i64::from(otherwise)) != 0
    }

    /// Refuses a factor other than one.
    pub fn unscaled(&self, name: &str) -> Read<()> {
        match self.find(name).and_then(|attribute| attribute.f) {
            Some(factor) if factor.to_bits() != 1.0_f32.to_bits() => {
                unsupported(format!("`{}` has `{name}` {factor}; only 1 is read", self.name))
            }
            Some(_) | None => Ok(()),
        }
    }

    pub fn only_axis(&self) -> Read<i64> {
        match self.find("axes").map(|attribute| attribute.ints.as_slice()) {
            Some([axis]) => Ok(*axis),
            Some(_) | None => unsupported(format!("`{}` has to have one axis", self.name)),
        }
    }

    pub fn text(&self, name: &str) -> Read<Option<String>> {
        let bytes = self.find(name).and_then(|attribute| attribute.s.as_ref());
        bytes.map(|bytes| self.decoded(name, bytes)).transpose()
    }

    pub fn texts(&self, name: &str) -> Read<Vec<String>> {
        let strings = self.find(name).map(|attribute| attribute.strings.as_slice()).unwrap_or_default();
        strings.iter().map(|bytes| self.decoded(name, bytes)).collect()
    }

    fn decoded(&self, name: &str, bytes: &[u8]) -> Read<String> {
        String::from_utf8(bytes.to_vec())
            .map_err(|_| OnnxError::Unsupported(format!("`{name}` of `{}` is no text", self.name)))
    }

    /// Refuses attributes that nobody asks for: they would change what the node does.
    pub fn all_known(&self) -> Read<()> {
        let stranger = self
            .node
            .attribute
            .iter()
            .find(|attribute| !KNOWN.contains(&attribute.name.as_deref().unwrap_or("")));
        match stranger {
            None => Ok(()),
            Some(attribute) => unsupported(format!(
                "`{}` has the attribute `{}`, which is not supported",
                self.name,
                shortened(attribute.name.as_deref().unwrap_or_default())
            )),
        }
    }
}
