//! Replies as HTTP carries them: JSON, with raw tensors behind it where they are wanted.
//!
//! Lives here: bytes of a reply, and of what is told about the model. May not: choose what is told.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use serde_json::{Value, json};

use super::answers::{self, Described};
use super::front::{Front, Reply, Version};
use super::tensor::{Data, Tensor};

/// What names this kind of model, as the protocol wants it: project and format.
pub(super) const PLATFORM: &str = "candle_safetensors";
/// What is understood beside the protocol itself.
pub(super) const EXTENSIONS: [&str; 2] = ["binary_tensor_data", "statistics"];
/// The server's name.
pub(super) const SERVER: &str = "driftform";
/// The server's version.
pub(super) const SERVER_VERSION: &str = env!("CARGO_PKG_VERSION");

/// A reply's bytes, and how many of them are JSON where raw ones follow.
pub(super) struct Written {
    pub(super) bytes: Vec<u8>,
    pub(super) json_bytes: Option<usize>,
}

/// Writes a reply.
pub(super) fn write(reply: &Reply) -> Written {
    let raw: Vec<Option<Vec<u8>>> =
        reply.outputs.iter().map(|(tensor, binary)| binary.then(|| tensor.to_raw())).collect();
    let whole = Whole { reply, raw: &raw };
    let mut bytes =
        serde_json::to_vec(&whole).expect("finite numbers and text under text keys are always JSON");
    let json_bytes = raw.iter().any(Option::is_some).then_some(bytes.len());
    bytes.extend(raw.into_iter().flatten().flatten());
    Written { bytes, json_bytes }
}

struct Whole<'a> {
    reply: &'a Reply,
    raw: &'a [Option<Vec<u8>>],
}

impl Serialize for Whole<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { reply, raw } = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("model_name", &*reply.model)?;
        map.serialize_entry("model_version", &reply.generation.0.to_string())?;
        map.serialize_entry("id", &reply.id)?;
        map.serialize_entry("parameters", &parameters(reply))?;
        let outputs: Vec<_> = reply
            .outputs
            .iter()
            .zip(*raw)
            .map(|((tensor, _), raw)| One { tensor, raw: raw.as_deref() })
            .collect();
        map.serialize_entry("outputs", &outputs)?;
        map.end()
    }
}

/// What is said of a reply as a whole.
fn parameters(reply: &Reply) -> BTreeMap<&'static str, Value> {
    let mut parameters = BTreeMap::from([("generation", Value::from(reply.generation.0))]);
    for (name, holds) in [("prior_only", reply.prior_only), ("shadow", reply.shadow)] {
        if holds {
            parameters.insert(name, true.into());
        }
    }
    parameters
}

struct One<'a> {
    tensor: &'a Tensor,
    raw: Option<&'a [u8]>,
}

impl Serialize for One<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { tensor, raw } = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &tensor.name)?;
        map.serialize_entry("shape", &tensor.shape)?;
        map.serialize_entry("datatype", tensor.datatype.name())?;
        match raw {
            Some(raw) => map.serialize_entry("parameters", &json!({ "binary_data_size": raw.len() }))?,
            None => map.serialize_entry("data", &Elements(&tensor.data))?,
        }
        map.end()
    }
}

struct Elements<'a>(&'a Data);

impl Serialize for Elements<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Data::Bools(items) => items.serialize(serializer),
            Data::Unsigned(items) => items.serialize(serializer),
            Data::Signed(items) => items.serialize(serializer),
            Data::Floats(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    // As short as 32 bits need.
                    list.serialize_element(&(*item as f32))?;
                }
                list.end()
            }
            Data::Bytes(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(&String::from_utf8_lossy(item))?;
                }
                list.end()
            }
        }
    }
}

/// What server this is.
pub(super) fn server() -> Value {
    json!({ "name": SERVER, "version": SERVER_VERSION, "extensions": EXTENSIONS })
}

/// What a version takes and says.
pub(super) fn metadata(front: &Front, version: &Version) -> Value {
    let tensors = |tensors: Vec<Described>| -> Value {
        let tensor = |Described { name, datatype, shape }: Described| json!({ "name": name, "datatype": datatype.name(), "shape": sizes(&shape) });
        tensors.into_iter().map(tensor).collect()
    };
    json!({
        "name": &*front.model,
        "versions": versions(front),
        "platform": PLATFORM,
        "inputs": tensors(answers::inputs(version.schema())),
        "outputs": tensors(answers::outputs(version.schema(), front.holds_back)),
    })
}

/// Sizes as the protocol writes them: -1 is any.
pub(super) fn sizes(shape: &[Option<usize>]) -> Vec<i64> {
    shape.iter().map(|size| size.map_or(-1, |size| i64::try_from(size).unwrap_or(i64::MAX))).collect()
}

/// Versions that can be asked, what serves last.
pub(super) fn versions(front: &Front) -> Vec<String> {
    let (displaced, current) = ((front.displaced)(), (front.current)());
    displaced.into_iter().chain([current]).map(|version| version.generation.0.to_string()).collect()
}

/// What of the model is there.
pub(super) fn index(front: &Front, only_ready: bool) -> Value {
    let ready = front.is_ready();
    let (state, reason) = if ready { ("READY", "") } else { ("LOADING", "not ready yet; see /readyz") };
    let entry = |version: String| json!({ "name": &*front.model, "version": version, "state": state, "reason": reason });
    if only_ready && !ready { json!([]) } else { versions(front).into_iter().map(entry).collect() }
}
