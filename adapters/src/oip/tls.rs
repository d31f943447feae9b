//! TLS of the roads in: who we say we are and, where clients have to show who they are, who vouches for them.
//!
//! Lives here: what the files say, read anew once they say something else. May not: accept a connection.
//!
//! Whoever renews certificates puts others in the place of the files, with or without us. New connections then get the new
//! ones; files that are wrong, or halfway there, change nothing. They are read on a thread for that: a slow disk holds up the
//! one connection that looks, and nobody's answers.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use crate::files::read_whole;

/// Longest file that is read.
const PEM_BYTES_MAX: u64 = 1 << 20;
/// A new connection has the files looked at if the last look was so long ago.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// The keys of the files.
const CERTIFICATE: &str = "serve.tls_certificate";
const KEY: &str = "serve.tls_key";
const CLIENT_CA: &str = "serve.tls_client_ca";

/// Where the files are, all of them PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// Our certificate, and those between it and who vouches for it.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// Who vouches for clients, which then have to show a certificate.
    pub client_ca: Option<PathBuf>,
}

/// Why there is no TLS: the key of the configuration, the file, and what is wrong.
#[derive(Debug, thiserror::Error)]
#[error("`{key}`: {path}: {message}")]
pub struct TlsError {
    key: &'static str,
    path: String,
    message: String,
}

/// What is shown and asked on one road.
#[derive(Debug)]
pub struct Tls {
    files: TlsFiles,
    /// What is spoken behind it, as TLS calls it.
    protocol: &'static [u8],
    look_every: Duration,
    held: Mutex<Held>,
}

#[derive(Debug)]
struct Held {
    said: Said,
    server: Arc<ServerConfig>,
    looked: Instant,
    /// Somebody looks now.
    is_looking: bool,
    /// What was wrong the last time; told once.
    complaint: Option<String>,
}

/// What the files say.
#[derive(PartialEq, Eq)]
struct Said {
    certificate: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
}

impl std::fmt::Debug for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Said(..)")
    }
}

impl Tls {
    /// As the files say now, for a road behind which this is spoken.
    pub fn open(files: TlsFiles, protocol: &'static [u8]) -> Result<Self, TlsError> {
        let said = files.read()?;
        let server = files.server(&said, protocol)?;
        let held =
            Mutex::new(Held { said, server, looked: Instant::now(), is_looking: false, complaint: None });
        Ok(Self { files, protocol, look_every: LOOK_EVERY, held })
    }

    /// The same, that looks with each connection.
    #[cfg(test)]
    pub(super) fn always_looking(self) -> Self {
        Self { look_every: Duration::ZERO, ..self }
    }

    /// For the next connection, inside a runtime.
    pub(super) async fn server(self: &Arc<Self>) -> Arc<ServerConfig> {
        if self.begins_to_look() {
            let tls = Arc::clone(self);
            // Where the runtime ends meanwhile, what was shown before is shown.
            tokio::task::spawn_blocking(move || tls.look()).await.ok();
        }
        self.shown()
    }

    /// Whether it is time to look, and nobody does.
    fn begins_to_look(&self) -> bool {
        let mut held = self.held();
        let is_time = !held.is_looking && held.looked.elapsed() >= self.look_every;
        if is_time {
            held.looked = Instant::now();
            held.is_looking = true;
        }
        is_time
    }

    /// Reads the files; what they say is shown from now on, if it is another thing and right.
    fn look(&self) {
        let renewed = self.renewed();
        let mut held = self.held();
        held.is_looking = false;
        let complaint = match renewed {
            Ok(None) => None,
            Ok(Some((said, server))) => {
                (held.said, held.server) = (said, server);
                tracing::info!("{} has changed and is shown from now on", self.files.certificate.display());
                None
            }
            Err(error) => Some(error.to_string()),
        };
        if let Some(complaint) = complaint.as_ref().filter(|_| complaint != held.complaint) {
            tracing::warn!("{complaint}; the certificates from before are still shown");
        }
        held.complaint = complaint;
    }

    /// What the files say, if that is another thing than before.
    fn renewed(&self) -> Result<Option<(Said, Arc<ServerConfig>)>, TlsError> {
        let said = self.files.read()?;
        if said == self.held().said {
            return Ok(None);
        }
        let server = self.files.server(&said, self.protocol)?;
        Ok(Some((said, server)))
    }

    fn shown(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.held().server)
    }

    /// For a moment: nothing is read or waited for meanwhile.
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TlsFiles {
    fn read(&self) -> Result<Said, TlsError> {
        let read = |key, path: &Path| {
            read_whole(path, PEM_BYTES_MAX).map_err(|error| wrong(key, path, error.to_string()))
        };
        Ok(Said {
            certificate: read(CERTIFICATE, &self.certificate)?,
            key: read(KEY, &self.key)?,
            client_ca: self.client_ca.as_ref().map(|path| read(CLIENT_CA, path)).transpose()?,
        })
    }

    fn server(&self, said: &Said, protocol: &[u8]) -> Result<Arc<ServerConfig>, TlsError> {
        let certificate = certificates(CERTIFICATE, &self.certificate, &said.certificate)?;
        let key = PrivateKeyDer::from_pem_slice(&said.key)
            .map_err(|error| wrong(KEY, &self.key, format!("there is no key in it: {error}")))?;
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("the provider has what TLS 1.2 and 1.3 need");
        let builder = match (&self.client_ca, &said.client_ca) {
            (Some(path), Some(pem)) => {
                let refused = |message: String| wrong(CLIENT_CA, path, message);
                let mut roots = RootCertStore::empty();
                for certificate in certificates(CLIENT_CA, path, pem)? {
                    roots.add(certificate).map_err(|error| refused(error.to_string()))?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
                builder.with_client_cert_verifier(verifier.map_err(|error| refused(error.to_string()))?)
            }
            (None, _) | (_, None) => builder.with_no_client_auth(),
        };
        let mut server = builder.with_single_cert(certificate, key).map_err(|error| {
            wrong(KEY, &self.key, format!("it does not go with {}: {error}", self.certificate.display()))
        })?;
        server.alpn_protocols = vec![protocol.to_vec()];
        Ok(Arc::new(server))
    }
}

fn certificates(
    key: &'static str,
    path: &Path,
    pem: &[u8],
) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if found.is_empty() => Err(wrong(key, path, "there is no certificate in it".into())),
        found => found.map_err(|error| wrong(key, path, error.to_string())),
    }
}

fn wrong(key: &'static str, path: &Path, message: String) -> TlsError {
    TlsError { key, path: path.display().to_string(), message }
}

#[cfg(test)]
mod tests;
