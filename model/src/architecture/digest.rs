//! Digest: a name for each architecture.
//!
//! Lives here: what of an architecture is named. Does not live here: which forms mean the same (that is the canonical
//! form's).

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::hyper::usual_depth;
use super::{Architecture, alone};

impl Architecture {
    /// A name that is the same on every machine and in every release, equal for equal canonical forms.
    #[expect(clippy::missing_panics_doc, reason = "serialising plain structs cannot fail")]
    pub fn digest(&self) -> u64 {
        let mut value =
            serde_json::to_value(self.canonical()).expect("plain structs with string keys always serialise");
        leave_out_what_is_off(&mut value);
        let hash = Sha256::digest(value.to_string());
        hash.iter().take(8).fold(0, |digest, byte| (digest << 8) | u64::from(*byte))
    }
}

/// A gene that a later release adds is off in every network that was named before.
fn leave_out_what_is_off(value: &mut Value) {
    match value {
        Value::Object(genes) => {
            let off = |name: &str, gene: &Value| {
                gene == false
                    || gene == "none"
                    || gene.as_f64() == Some(0.0)
                    || (name == "committee" && gene == alone())
                    || (name == "replay_depth" && gene == usual_depth())
            };
            genes.retain(|name, gene| !off(name, gene));
            genes.values_mut().for_each(leave_out_what_is_off);
        }
        Value::Array(values) => values.iter_mut().for_each(leave_out_what_is_off),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
