//! An object store of one bucket that speaks as much of S3 as the daemon needs, and a key that opens it.
//!
//! Lives here: objects by name, who may have them, and what was done in which order. May not: keep them longer than the test.
//!
//! It takes a request for signed if it names the key and the digest of its body; that signatures are right is proved beside a
//! server that computes them (`tests/peers/s3`).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use adapters::audit::sha256;
use adapters::store::{BucketConfig, Location};
use anyhow::Result;

use crate::server::{Asked, Reply, serve};

/// The bucket.
pub const BUCKET: &str = "models";
/// The id of the key.
const KEY_ID: &str = "a-key-of-tests";
/// The key.
pub const SECRET: &str = "the-secret-of-tests-that-no-log-has";
/// When everything was written.
const WHEN: [&str; 2] = ["Thu, 01 Jan 2026 00:00:00 GMT", "2026-01-01T00:00:00.000Z"];
/// How long a request may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The object store.
#[derive(Clone)]
pub struct ObjectStore {
    address: String,
    shelf: Arc<Mutex<Shelf>>,
}

#[derive(Default)]
struct Shelf {
    objects: BTreeMap<String, Vec<u8>>,
    /// Names that were written or removed, in this order; those removed with a `-` before them.
    done: Vec<String>,
    down: bool,
}

impl ObjectStore {
    /// An empty one.
    pub fn start() -> Result<Self> {
        let shelf = Arc::new(Mutex::new(Shelf::default()));
        let theirs = Arc::clone(&shelf);
        let address = serve(move |asked| {
            let mut shelf = theirs.lock().unwrap_or_else(PoisonError::into_inner);
            (!shelf.down).then(|| shelf.answer(asked))
        })?;
        Ok(Self { address, shelf })
    }

    /// From now on it answers, or hangs up.
    pub fn set_down(&self, down: bool) {
        self.shelf().down = down;
    }

    /// Names and bytes of all that is in it.
    pub fn objects(&self) -> BTreeMap<String, Vec<u8>> {
        self.shelf().objects.clone()
    }

    /// Puts something there that nobody has sent.
    pub fn place(&self, name: &str, bytes: &[u8]) {
        self.shelf().objects.insert(name.to_owned(), bytes.to_vec());
    }

    /// What was written and removed (`-NAME`) since this was asked last, in its order.
    pub fn done(&self) -> Vec<String> {
        std::mem::take(&mut self.shelf().done)
    }

    /// A location in it.
    pub fn location(&self, prefix: &str) -> Result<Location> {
        Ok(Location::parse(&format!("s3://{BUCKET}/{prefix}"))?)
    }

    /// How it is reached, with the key in files of this folder.
    pub fn config(&self, folder: &Path) -> Result<BucketConfig> {
        let (id, secret) = keys(folder)?;
        Ok(BucketConfig {
            endpoint: Some(format!("http://{}", self.address)),
            region: Some("nowhere-1".into()),
            path_style: true,
            allow_http: true,
            access_key_id_file: Some(id),
            secret_access_key_file: Some(secret),
            session_token_file: None,
            ca_file: None,
            timeout: TIMEOUT,
        })
    }

    /// The same, as it stands in a configuration.
    pub fn section(&self, folder: &Path) -> Result<String> {
        let (id, secret) = keys(folder)?;
        Ok(format!(
            "s3 = {{ endpoint = \"http://{}\", region = \"nowhere-1\", allow_http = true, access_key_id_file = '{}', \
             secret_access_key_file = '{}' }}",
            self.address,
            id.display(),
            secret.display()
        ))
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn keys(folder: &Path) -> Result<(std::path::PathBuf, std::path::PathBuf)> {
    let (id, secret) = (folder.join("key-id"), folder.join("key"));
    std::fs::write(&id, KEY_ID)?;
    std::fs::write(&secret, format!("{SECRET}\n"))?;
    Ok((id, secret))
}

impl Shelf {
    fn answer(&mut self, asked: &Asked) -> Reply {
        if !is_signed(asked) {
            return Reply::new(403, "<Error><Code>AccessDenied</Code></Error>");
        }
        let (path, query) = asked.target.split_once('?').unwrap_or((&asked.target, ""));
        let Some(name) = path.strip_prefix(&format!("/{BUCKET}")) else { return missing("NoSuchBucket") };
        let name = name.trim_start_matches('/');
        match asked.method.as_str() {
            "GET" if name.is_empty() => self.list(query),
            "GET" | "HEAD" => {
                self.objects.get(name).map_or_else(|| missing("NoSuchKey"), |bytes| found(bytes))
            }
            "PUT" => {
                self.done.push(name.to_owned());
                self.objects.insert(name.to_owned(), asked.body.clone());
                Reply { headers: vec![("ETag", etag(&asked.body))], ..Reply::new(200, "") }
            }
            "DELETE" => {
                self.done.push(format!("-{name}"));
                self.objects.remove(name);
                Reply::new(204, "")
            }
            _ => Reply::new(405, ""),
        }
    }

    fn list(&self, query: &str) -> Reply {
        let prefix = query.split('&').find_map(|part| part.strip_prefix("prefix=")).unwrap_or_default();
        let prefix = prefix.replace("%2F", "/");
        let objects = self.objects.iter().filter(|(name, _)| name.starts_with(&prefix));
        let contents: Vec<String> = objects
            .map(|(name, bytes)| {
                let (when, tag, size) = (WHEN[1], etag(bytes).replace('"', "&quot;"), bytes.len());
                format!(
                    "<Contents><Key>{name}</Key><LastModified>{when}</LastModified><ETag>{tag}</ETag>\
                     <Size>{size}</Size></Contents>"
                )
            })
            .collect();
        let contents = contents.concat();
        let list = format!("<ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>");
        Reply::new(200, list)
    }
}

fn found(bytes: &[u8]) -> Reply {
    let headers = vec![("ETag", etag(bytes)), ("Last-Modified", WHEN[0].to_owned())];
    Reply { headers, ..Reply::new(200, bytes) }
}

fn missing(code: &str) -> Reply {
    Reply::new(404, format!("<Error><Code>{code}</Code></Error>"))
}

fn etag(bytes: &[u8]) -> String {
    format!("\"{}\"", &sha256(bytes)[..16])
}

/// Whether it names the key and the digest of its body.
fn is_signed(asked: &Asked) -> bool {
    let header = |name: &str| asked.headers.get(name).map(String::as_str).unwrap_or_default();
    let names_key = header("authorization").starts_with(&format!("AWS4-HMAC-SHA256 Credential={KEY_ID}/"));
    names_key && header("x-amz-content-sha256") == sha256(&asked.body)
}
