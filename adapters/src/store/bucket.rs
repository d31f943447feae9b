//! A bucket of an object store that speaks S3: whole objects by name.
//!
//! Lives here: asking for one thing at a time, with limits. May not: know what is in an object, or try anything again: who
//! asks knows for how long it is worth trying.
//!
//! Whoever asks waits for the answer, so none of it belongs on a thread that serves or learns. Signing and the dialect are
//! the crate `object_store`'s; requests go out by the same client as all others here ([`client`]).

use std::error::Error;
use std::path::Path as FilePath;
use std::sync::Arc;

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{ObjectStore as _, ObjectStoreExt as _, RetryConfig};
use tokio::runtime::{Builder, Runtime};
use tokio_stream::StreamExt as _;

use super::error::StoreError;
use super::location::{BUCKET_SCHEME, BucketConfig};
use crate::files::read_whole_text;
use crate::text::shortened;

mod client;

/// Most objects of one model that are looked through.
const OBJECTS_MAX: usize = 10_000;
/// What errors say that tell how long a request took.
const TIMED: &str = "Error performing ";
/// Longest credential.
const CREDENTIAL_BYTES_MAX: u64 = 16 * 1024;

/// Names in a bucket that begin alike.
#[derive(Clone, Debug)]
pub struct Bucket {
    store: AmazonS3,
    name: String,
    prefix: String,
    runtime: Arc<Runtime>,
}

impl Bucket {
    /// Nobody is asked yet; credentials are read.
    pub fn open(bucket: &str, prefix: &str, config: &BucketConfig) -> Result<Self, StoreError> {
        let (name, prefix) = (bucket.to_owned(), prefix.to_owned());
        let url = format!("{BUCKET_SCHEME}{name}");
        let cannot = |message: String| StoreError::Bucket { action: "open", url: url.clone(), message };
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = Arc::new(runtime.map_err(|error| cannot(error.to_string()))?);
        let store = builder(bucket, config).and_then(|builder| builder.build().map_err(|error| told(&error)));
        Ok(Self { store: store.map_err(cannot)?, name, prefix, runtime })
    }

    /// The names in it that begin with this as well.
    #[must_use]
    pub fn within(&self, folder: &str) -> Self {
        let prefix = self.path(folder).to_string();
        Self { prefix, ..self.clone() }
    }

    /// Where an object is, for people.
    pub fn url(&self, name: &str) -> String {
        format!("{BUCKET_SCHEME}{}/{}", self.name, self.path(name))
    }

    /// An object in place of what was there: all of it or nothing.
    pub fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), StoreError> {
        let put = self.runtime.block_on(self.store.put(&self.path(name), bytes.into()));
        put.map(drop).map_err(|error| self.cannot("write", name, &error))
    }

    /// An object, if there is one; longer ones than this are refused.
    pub fn get(&self, name: &str, bytes_max: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let got = self.runtime.block_on(async {
            let found = self.store.get(&self.path(name)).await?;
            if found.meta.size > bytes_max { Ok(Err(found.meta.size)) } else { found.bytes().await.map(Ok) }
        });
        match got {
            Ok(Ok(bytes)) => Ok(Some(bytes.into())),
            Ok(Err(bytes)) => {
                let (bytes, max) = (bytes as usize, bytes_max as usize);
                Err(StoreError::TooLarge { path: self.url(name).into(), bytes, max })
            }
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.cannot("read", name, &error)),
        }
    }

    /// Whether there is an object of this name.
    pub fn has(&self, name: &str) -> Result<bool, StoreError> {
        match self.runtime.block_on(self.store.head(&self.path(name))) {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(self.cannot("look for", name, &error)),
        }
    }

    /// All names, in order.
    pub fn names(&self) -> Result<Vec<String>, StoreError> {
        let prefix = Path::from(self.prefix.as_str());
        let listed = self.store.list((!self.prefix.is_empty()).then_some(&prefix));
        let listed = listed.take(OBJECTS_MAX + 1).collect::<Result<Vec<_>, _>>();
        let listed = self.runtime.block_on(listed).map_err(|error| self.cannot("list", "", &error))?;
        if listed.len() > OBJECTS_MAX {
            let message = format!("more than {OBJECTS_MAX} objects lie there");
            return Err(StoreError::Bucket { action: "list", url: self.url(""), message });
        }
        let within = |path: &Path| {
            let parts = path.prefix_match(&prefix)?.map(|part| part.as_ref().to_owned());
            Some(parts.collect::<Vec<String>>().join("/"))
        };
        let mut names: Vec<String> = listed.iter().filter_map(|found| within(&found.location)).collect();
        names.sort_unstable();
        Ok(names)
    }

    /// Removes an object; nothing there is fine.
    pub fn delete(&self, name: &str) -> Result<(), StoreError> {
        match self.runtime.block_on(self.store.delete(&self.path(name))) {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.cannot("remove", name, &error)),
        }
    }

    fn path(&self, name: &str) -> Path {
        Path::from(format!("{}/{name}", self.prefix))
    }

    fn cannot(&self, action: &'static str, name: &str, error: &object_store::Error) -> StoreError {
        StoreError::Bucket { action, url: self.url(name), message: told(error) }
    }
}

/// What the environment says, and over it what the configuration says.
fn builder(bucket: &str, config: &BucketConfig) -> Result<AmazonS3Builder, String> {
    let retries = RetryConfig { max_retries: 0, ..RetryConfig::default() };
    let mut builder = AmazonS3Builder::from_env()
        .with_bucket_name(bucket)
        .with_virtual_hosted_style_request(!config.path_style)
        .with_retry(retries)
        // What others than Amazon leave out.
        .with_disable_bulk_delete(true)
        .with_http_connector(client::Connector::new(config)?);
    if config.allow_http {
        builder = builder.with_allow_http(true);
    }
    if let Some(endpoint) = &config.endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    if let Some(region) = &config.region {
        builder = builder.with_region(region);
    }
    if let Some(file) = &config.access_key_id_file {
        builder = builder.with_access_key_id(credential(file)?);
    }
    if let Some(file) = &config.secret_access_key_file {
        builder = builder.with_secret_access_key(credential(file)?);
    }
    if let Some(file) = &config.session_token_file {
        builder = builder.with_token(credential(file)?);
    }
    Ok(builder)
}

/// A secret out of a file, without the space around it.
fn credential(file: &FilePath) -> Result<String, String> {
    let text = read_whole_text(file, CREDENTIAL_BYTES_MAX);
    let text = text.map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    let text = text.trim();
    if text.is_empty() { Err(format!("{} is empty", file.display())) } else { Ok(text.to_owned()) }
}

/// What is the matter, the same each time that it is the same: without how long it took and the number of the request, and
/// of what the object store says, its code and its message.
fn told(error: &object_store::Error) -> String {
    let mut at: &dyn Error = error;
    while at.to_string().contains(TIMED)
        && let Some(source) = at.source()
    {
        at = source;
    }
    let text = at.to_string();
    let within = |tag: &str| {
        let (_, rest) = text.split_once(&format!("<{tag}>"))?;
        Some(rest.split_once(&format!("</{tag}>"))?.0)
    };
    let said: Vec<&str> = ["Code", "Message"].into_iter().filter_map(within).collect();
    if said.is_empty() { shortened(text.trim_end_matches([' ', ':'])) } else { shortened(&said.join(": ")) }
}

#[cfg(test)]
mod tests;
