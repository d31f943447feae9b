//! Config of the model repository of another server, and of buckets.
//!
//! Lives here: both sections, checked. May not: open files, or reach anything.

use std::path::PathBuf;
use std::time::Duration;

use adapters::store::{BucketConfig, Location};
use serde::{Deserialize, Serialize};

use super::{ConfigError, refuse};

/// Longest name of a model in a repository, in bytes.
const NAME_BYTES_MAX: usize = 128;
/// Most versions that are kept.
const KEEP_MAX: usize = 1_000;
/// Longest time that one request to an object store may be given, in seconds.
const TIMEOUT_SECONDS_MAX: f64 = 86_400.0;

/// `[repository]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RepositorySection {
    location: String,
    name: String,
    format: String,
    keep: usize,
    refresh_seconds: f64,
    load: String,
    categories: PathBuf,
    onnxruntime: PathBuf,
    unchecked: bool,
}

/// `[s3]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BucketSection {
    endpoint: String,
    region: String,
    path_style: bool,
    allow_http: bool,
    access_key_id_file: PathBuf,
    secret_access_key_file: PathBuf,
    session_token_file: PathBuf,
    ca_file: PathBuf,
    timeout_seconds: f64,
}

/// Where the champion is kept for other servers.
#[derive(Clone, Debug, PartialEq)]
pub struct RepositoryConfig {
    /// The repository.
    pub location: Location,
    /// How it is reached, if it is a bucket.
    pub bucket: BucketConfig,
    /// The model's name there.
    pub name: String,
    /// The form of its files.
    pub format: RepositoryFormat,
    /// Versions that stay.
    pub keep: usize,
    /// Between two versions of which the later has only newer weights; none where such are not written.
    pub refresh: Option<Duration>,
    /// The server that is asked to load each version, if one is.
    pub load: Option<String>,
}

/// The form of files in a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RepositoryFormat {
    /// A graph.
    Onnx {
        /// A list of names of categories.
        categories: Option<PathBuf>,
        /// ONNX Runtime, which has to agree; none where nobody is asked.
        library: Option<PathBuf>,
    },
    /// Weights, and the manifest that describes them.
    Safetensors,
}

impl RepositorySection {
    /// None where no repository is kept.
    pub(super) fn checked(
        &self,
        model: &str,
        bucket: &BucketConfig,
    ) -> Result<Option<RepositoryConfig>, ConfigError> {
        let (name, format) = (self.name(model)?, self.format()?);
        if !(1..=KEEP_MAX).contains(&self.keep) {
            return refuse(format!("`repository.keep` is {}; give 1 to {KEEP_MAX}", self.keep));
        }
        let seconds = self.refresh_seconds;
        let Ok(refresh) = Duration::try_from_secs_f64(seconds) else {
            return refuse(format!("`repository.refresh_seconds` is {seconds}; give 0 or a number above it"));
        };
        let refresh = (!refresh.is_zero()).then_some(refresh);
        let load = (!self.load.is_empty()).then(|| self.load.clone());
        if let Some(url) = &load {
            check_url("repository.load", url)?;
        }
        if self.location.is_empty() {
            return Ok(None);
        }
        let location = location("repository.location", &self.location)?;
        let format = self.read_by(format)?;
        let (bucket, keep) = (bucket.clone(), self.keep);
        Ok(Some(RepositoryConfig { location, bucket, name, format, keep, refresh, load }))
    }

    fn name(&self, model: &str) -> Result<String, ConfigError> {
        let name = if self.name.is_empty() { model } else { &self.name };
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let good = name.len() <= NAME_BYTES_MAX && !name.starts_with('.') && name.chars().all(plain);
        if !good {
            return refuse(format!(
                "`repository.name` is `{name}`; use up to {NAME_BYTES_MAX} letters, digits, `-`, `_` and `.`, the first \
                 of which is no `.`"
            ));
        }
        Ok(name.to_owned())
    }

    fn format(&self) -> Result<RepositoryFormat, ConfigError> {
        let file = |path: &PathBuf| (!path.as_os_str().is_empty()).then(|| path.clone());
        match self.format.as_str() {
            "onnx" => Ok(RepositoryFormat::Onnx {
                categories: file(&self.categories),
                library: file(&self.onnxruntime),
            }),
            "safetensors" => Ok(RepositoryFormat::Safetensors),
            other => refuse(format!("`repository.format` is `{other}`; give `onnx` or `safetensors`")),
        }
    }

    /// That somebody says whether the files say what the champion says, or nobody is to.
    fn read_by(&self, format: RepositoryFormat) -> Result<RepositoryFormat, ConfigError> {
        match (&format, self.unchecked) {
            (RepositoryFormat::Onnx { library: None, .. }, false) => refuse(
                "nobody could say whether files in `repository.location` say what the champion says: name ONNX Runtime's \
                 library as `repository.onnxruntime`, or set `repository.unchecked`",
            ),
            (RepositoryFormat::Onnx { library: Some(_), .. }, true) => refuse(
                "`repository.onnxruntime` names a library, but `repository.unchecked` says that nobody is asked; \
                 take one of them away",
            ),
            (RepositoryFormat::Onnx { .. } | RepositoryFormat::Safetensors, _) => Ok(format),
        }
    }
}

impl BucketSection {
    pub(super) fn checked(&self) -> Result<BucketConfig, ConfigError> {
        if !self.endpoint.is_empty() {
            check_url("s3.endpoint", &self.endpoint)?;
            if self.endpoint.starts_with("http://") && !self.allow_http {
                return refuse(format!(
                    "`s3.endpoint` is `{}`, over which anybody between can read along; give https://, or set `s3.allow_http`",
                    self.endpoint
                ));
            }
        }
        let key = [&self.access_key_id_file, &self.secret_access_key_file];
        if key[0].as_os_str().is_empty() != key[1].as_os_str().is_empty() {
            return refuse(
                "give both `s3.access_key_id_file` and `s3.secret_access_key_file`, or none of them",
            );
        }
        let seconds = self.timeout_seconds;
        if !(seconds > 0.0 && seconds <= TIMEOUT_SECONDS_MAX) {
            return refuse(format!(
                "`s3.timeout_seconds` is {seconds}; give a number above 0, at most a day"
            ));
        }
        let text = |text: &String| (!text.is_empty()).then(|| text.clone());
        let file = |path: &PathBuf| (!path.as_os_str().is_empty()).then(|| path.clone());
        Ok(BucketConfig {
            endpoint: text(&self.endpoint),
            region: text(&self.region),
            path_style: self.path_style,
            allow_http: self.allow_http,
            access_key_id_file: file(&self.access_key_id_file),
            secret_access_key_file: file(&self.secret_access_key_file),
            session_token_file: file(&self.session_token_file),
            ca_file: file(&self.ca_file),
            timeout: Duration::from_secs_f64(seconds),
        })
    }
}

/// A directory or a bucket, as this key names it.
pub(super) fn location(key: &str, text: &str) -> Result<Location, ConfigError> {
    Location::parse(text).map_err(|error| ConfigError(format!("`{key}` is {error}")))
}

/// An address that can be told where something fails.
fn check_url(key: &str, url: &str) -> Result<(), ConfigError> {
    // It is not repeated: there may be a password in it.
    if url.contains('@') {
        return refuse(format!("`{key}` names a user; addresses are told where something fails"));
    }
    if !["http://", "https://"].iter().any(|scheme| url.starts_with(scheme)) {
        return refuse(format!("`{key}` is `{url}`; give http:// or https:// and a host"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
