//! `driftform export`: the champion as files that other servers load.
//!
//! Lives here: which model, which names of categories, and where its files go. May not: know what is in them (that is
//! [`crate::repository`]), change the state, which another process may be writing to.

use std::path::{Path, PathBuf};

use adapters::files::{listed_categories, occurring_categories};
use adapters::onnx::{Runtime, triton};
use adapters::store::{ModelRepository, ModelStore, Site, write_file};
use anyhow::{Context as _, Result, bail};
use model::onnx::Categories;
use model::{Device, Generation, Model};

use super::state::StateArguments;
use crate::repository::{OnnxFile, PROBE_ROWS};
use crate::storage::look_at_snapshot;

/// The form of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// One file, with normalisation and categories in its graph.
    Onnx,
    /// A folder of weights and the manifest that describes them, for another driftform.
    Safetensors,
}

#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    state: StateArguments,
    /// The form of the files.
    #[arg(long, value_enum, default_value_t = Format::Onnx)]
    format: Format,
    #[command(flatten)]
    target: TargetArguments,
    /// Names of categories: a JSON object with a list of names for each categorical feature.
    #[arg(long, value_name = "FILE", conflicts_with = "data")]
    categories: Option<PathBuf>,
    /// Names of categories: those that occur in this recorded stream (.csv or .jsonl, each also .zst).
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// ONNX Runtime's library, which has to say of the file what the model says; otherwise nothing is written.
    #[arg(long, value_name = "FILE", conflicts_with = "unchecked")]
    onnxruntime: Option<PathBuf>,
    /// Writes the file although nobody has read it.
    #[arg(long)]
    unchecked: bool,
}

/// Where the files go.
#[derive(Debug, clap::Args)]
struct TargetArguments {
    /// The file, or the folder of safetensors; a file is replaced, a folder is not.
    #[arg(long, value_name = "PATH", required_unless_present = "repository", conflicts_with = "repository")]
    to: Option<PathBuf>,
    /// The model repository of a server such as Triton; the generation is the version.
    #[arg(long, value_name = "DIR", requires = "name")]
    repository: Option<PathBuf>,
    /// The model's name in the repository.
    #[arg(long)]
    name: Option<String>,
    /// Removes all versions of the model but so many of the newest.
    #[arg(long, value_name = "VERSIONS", requires = "repository")]
    keep: Option<usize>,
    /// Asks the server at this URL to load the model: POST URL/v2/repository/models/NAME/load.
    #[arg(long, value_name = "URL", requires = "repository")]
    load: Option<String>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let (model, generation) = champion(&arguments.state.directory()?)?;
    match (arguments.format, &arguments.target.to, &arguments.target.repository) {
        (Format::Safetensors, Some(to), _) => safetensors(&model, generation, to),
        (Format::Safetensors, None, _) => {
            bail!("a model repository takes ONNX; give safetensors a folder with --to")
        }
        (Format::Onnx, Some(to), _) => {
            let (file, told) = onnx(&model, generation, arguments)?;
            write_file(to, &file.bytes)?;
            super::print(&format!("generation {} is in {}; {told}", generation.0, to.display()))
        }
        (Format::Onnx, None, Some(repository)) => publish(&model, generation, repository, arguments),
        (Format::Onnx, None, None) => bail!("give --to or --repository"),
    }
}

/// What serves, by the newest snapshot.
fn champion(state: &Path) -> Result<(Model, Generation)> {
    let snapshot = look_at_snapshot(state)?
        .with_context(|| format!("there is no snapshot in {}: has a daemon run there?", state.display()))?;
    let (parts, generation) = snapshot.champion();
    Ok((Model::from_parts(parts.clone(), &Device::cpu())?, generation))
}

fn safetensors(model: &Model, generation: Generation, to: &Path) -> Result<()> {
    let files = model.to_files()?;
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = to
        .file_name()
        .and_then(|name| name.to_str())
        .with_context(|| format!("{} does not name a folder", to.display()))?;
    ModelStore::open(folder)?.write(name, &files)?;
    super::print(&format!("generation {} is in {}", generation.0, to.display()))
}

/// The file, and what is said of it.
fn onnx(model: &Model, generation: Generation, arguments: &Arguments) -> Result<(OnnxFile, String)> {
    let categories = match (&arguments.categories, &arguments.data) {
        (Some(path), _) => listed_categories(path)?,
        (None, Some(path)) => occurring_categories(path, model.schema())?,
        (None, None) => Categories::default(),
    };
    if arguments.onnxruntime.is_none() && !arguments.unchecked {
        // What cannot be written at all is the first thing to know.
        OnnxFile::of(model, generation, &categories, None)?;
        bail!(
            "nobody can say whether the file says what the model says: name ONNX Runtime's library with --onnxruntime \
             (libonnxruntime.so.*, of a release or in the folder `capi` of the Python package), or give --unchecked"
        );
    }
    let runtime = arguments.onnxruntime.as_deref().map(Runtime::load).transpose()?;
    let file = OnnxFile::of(model, generation, &categories, runtime.as_ref())?;
    let told = match file.apart {
        Some(largest) => format!("ONNX Runtime says the same of {PROBE_ROWS} rows, within {largest:.1e}"),
        None => "nobody has read it".into(),
    };
    Ok((file, told))
}

fn publish(model: &Model, generation: Generation, repository: &Path, arguments: &Arguments) -> Result<()> {
    let name = arguments.target.name.as_deref().context("give the model's --name")?;
    if generation.0 == 0 {
        bail!("nothing has been learned yet, and servers know no version 0");
    }
    let (file, told) = onnx(model, generation, arguments)?;
    let version = file.version(name)?;
    let opened = ModelRepository::open(&Site::Directory(repository.to_owned()), name)?;
    let path = opened.add(generation.0, &version)?;
    if let Some(keep) = arguments.target.keep {
        opened.prune(keep)?;
    }
    if let Some(server) = &arguments.target.load {
        triton::load(server, name).with_context(|| format!("{path} is written, but not loaded"))?;
    }
    super::print(&format!("generation {} is in {path}; {told}", generation.0))
}

#[cfg(test)]
mod tests;
