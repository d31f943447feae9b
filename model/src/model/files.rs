//! The files of a model: weights any tool can read, and a manifest that tells what they are.
//!
//! Lives here: both formats and every check on the way in. Does not live here: where files are kept and
//! how they are made durable (that is for the adapters).

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Model, ModelParts};
use crate::context::Context;
use crate::cost::Cost;
use crate::device::Device;
use crate::encoder::Encoder;
use crate::error::ModelError;
use crate::mixture::{Mixer, Mixture, MixtureWeights};
use crate::schema::Schema;
use crate::weights::{Array, Weights};

/// Version of both files; readers refuse any other.
pub const FORMAT: u32 = 2;
/// Name of the file with the weights.
pub const TENSORS_FILE: &str = "model.safetensors";
/// Name of the file that describes them.
pub const MANIFEST_FILE: &str = "manifest.json";
/// Largest file of weights that is read.
pub const TENSORS_BYTES_MAX: u64 = 2 << 30;
/// Largest manifest that is read.
pub const MANIFEST_BYTES_MAX: u64 = 64 << 20;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    format: u32,
    mixture: Mixture,
    mixer: Mixer,
    cost: Cost,
    /// Of the file of weights, in hexadecimal digits.
    tensors_sha256: String,
    schema: Arc<Schema>,
    encoder: Encoder,
    #[serde(default)]
    context: Context,
}

/// The one field that tells how to read the others.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

impl Model {
    /// The files by name: [`TENSORS_FILE`] and [`MANIFEST_FILE`].
    pub fn to_files(&self) -> Result<Vec<(String, Vec<u8>)>, ModelError> {
        let weights = self.network().weights()?;
        let tensors = tensors_file(&weights)?;
        let manifest = Manifest {
            format: FORMAT,
            mixture: self.mixture(),
            mixer: weights.mixer,
            cost: self.cost(),
            tensors_sha256: digest(&tensors),
            schema: Arc::clone(self.schema()),
            encoder: self.encoder().clone(),
            context: self.context,
        };
        let manifest = serde_json::to_vec_pretty(&manifest)
            .map_err(|error| refused(Path::new(MANIFEST_FILE), error.to_string()))?;
        Ok(vec![(TENSORS_FILE.into(), tensors), (MANIFEST_FILE.into(), manifest)])
    }

    /// The model of the two files in this folder; nothing altered, truncated or misshapen gets through.
    pub fn from_files(dir: &Path, device: &Device) -> Result<Self, ModelError> {
        Self::with_manifest(dir, &read(&dir.join(MANIFEST_FILE), MANIFEST_BYTES_MAX)?, device)
    }

    /// The same, if the manifest has this SHA-256, in hexadecimal digits: the one that is read, whatever is put in its place.
    pub fn from_files_as_told(dir: &Path, sha256: &str, device: &Device) -> Result<Self, ModelError> {
        let path = dir.join(MANIFEST_FILE);
        let manifest = read(&path, MANIFEST_BYTES_MAX)?;
        if digest(&manifest) != sha256 {
            return Err(refused(&path, "is not the one that was told of: its digest is another".into()));
        }
        Self::with_manifest(dir, &manifest, device)
    }

    fn with_manifest(dir: &Path, manifest: &[u8], device: &Device) -> Result<Self, ModelError> {
        let manifest_path = dir.join(MANIFEST_FILE);
        let manifest = manifest_of(&manifest_path, manifest)?;
        let path = dir.join(TENSORS_FILE);
        let tensors = read(&path, TENSORS_BYTES_MAX)?;
        if digest(&tensors) != manifest.tensors_sha256 {
            return Err(refused(
                &path,
                format!(
                    "does not match the digest in {MANIFEST_FILE}: one of the two was altered or cut short; \
                     restore both from one copy, or use an older model"
                ),
            ));
        }
        let members = weights_of(&tensors, manifest.mixture.members.len())
            .map_err(|message| refused(&path, format!("{message}; export the model again")))?;
        let Manifest { mixture, mixer, cost, schema, encoder, context, .. } = manifest;
        let weights = MixtureWeights { members, mixer };
        let model = Self::from_parts(ModelParts { schema, encoder, mixture, weights, context }, device)
            .map_err(|error| refused(&manifest_path, format!("{error}; export the model again")))?;
        if model.cost() != cost {
            return Err(refused(
                &manifest_path,
                "states a cost its networks do not have; export the model again".into(),
            ));
        }
        Ok(model)
    }
}

fn manifest_of(path: &Path, bytes: &[u8]) -> Result<Manifest, ModelError> {
    let unreadable = |error: serde_json::Error| {
        refused(path, format!("is not a manifest: {error}; restore it together with {TENSORS_FILE}"))
    };
    let Format { format } = serde_json::from_slice(bytes).map_err(unreadable)?;
    if format != FORMAT {
        return Err(refused(
            path,
            format!("has format {format}, but this build reads {FORMAT}; export the model with this build"),
        ));
    }
    serde_json::from_slice(bytes).map_err(unreadable)
}

fn read(path: &Path, limit: u64) -> Result<Vec<u8>, ModelError> {
    let cannot = |error: std::io::Error| {
        refused(path, format!("cannot be read: {error}; a model needs {TENSORS_FILE} and {MANIFEST_FILE}"))
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(cannot)?;
    // One byte more than allowed tells a file that is too long from one that just fits.
    file.take(limit + 1).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() as u64 > limit {
        return Err(refused(
            path,
            format!("is longer than {limit} bytes, so it is not a model of this program"),
        ));
    }
    Ok(bytes)
}

/// Every table of every member, under the member's place and its own name.
fn tensors_file(weights: &MixtureWeights) -> Result<Vec<u8>, ModelError> {
    let tables = weights.members.iter().enumerate().flat_map(|(place, member)| {
        member.0.iter().map(move |(name, array)| (format!("member{place:02}.{name}"), array))
    });
    let bytes: BTreeMap<String, (Vec<u8>, &Array)> = tables
        .map(|(name, array)| {
            (name, (array.data.iter().flat_map(|value| value.to_le_bytes()).collect(), array))
        })
        .collect();
    let refused = |error: safetensors::SafeTensorError| refused(Path::new(TENSORS_FILE), error.to_string());
    let mut views = Vec::with_capacity(bytes.len());
    for (name, (bytes, array)) in &bytes {
        let view = TensorView::new(Dtype::F32, array.shape.clone(), bytes).map_err(refused)?;
        views.push((name.as_str(), view));
    }
    safetensors::serialize(views, None).map_err(refused)
}

fn weights_of(bytes: &[u8], members: usize) -> Result<Vec<Weights>, String> {
    let tensors = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
    let mut weights = vec![Weights::default(); members];
    for (name, view) in tensors.iter() {
        if view.dtype() != Dtype::F32 {
            return Err(format!("table `{name}` is of {:?}, but F32 is needed", view.dtype()));
        }
        let (place, table) =
            placed(name, members).ok_or_else(|| format!("table `{name}` is of no member"))?;
        let (numbers, _) = view.data().as_chunks::<4>();
        let data = numbers.iter().map(|number| f32::from_le_bytes(*number)).collect();
        weights[place].0.insert(table.to_owned(), Array { shape: view.shape().to_vec(), data });
    }
    Ok(weights)
}

fn placed(name: &str, members: usize) -> Option<(usize, &str)> {
    let (place, table) = name.strip_prefix("member")?.split_once('.')?;
    let place = place.parse().ok().filter(|place| *place < members)?;
    Some((place, table))
}

pub(super) fn digest(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        write!(text, "{byte:02x}").expect("a string takes any text");
    }
    text
}

fn refused(path: &Path, message: String) -> ModelError {
    ModelError::File { path: PathBuf::from(path), message }
}
