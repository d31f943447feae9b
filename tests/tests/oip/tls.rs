//! TLS on both roads: who is let in, who is not, and that whoever is not does no harm.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use adapters::oip::proto::ServerLiveRequest;
use anyhow::{Result, ensure};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tempfile::TempDir;
use tests::http::send;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Identity};

use super::calls::Client;
use super::{SETTINGS, World};

const HOST: &str = "127.0.0.1";
const LIVE: &str = "/v2/health/live";
/// Longest wait for an end.
const DEADLINE: Duration = Duration::from_mins(1);

/// Who vouches for certificates.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate and its key, as files have them.
struct Pair {
    certificate: String,
    key: String,
}

impl Authority {
    fn new() -> Result<Self> {
        let mut params = CertificateParams::new(Vec::<String>::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate()?;
        let pem = params.self_signed(&key)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), pem })
    }

    fn signs(&self, name: &str) -> Result<Pair> {
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(vec![name.to_owned()])?.signed_by(&key, &self.issuer)?.pem();
        Ok(Pair { certificate, key: key.serialize_pem() })
    }
}

/// A world whose roads speak TLS, who vouches for it, and its files.
fn world(clients: Option<&Authority>, idle_seconds: f64) -> Result<(World, Authority, TempDir)> {
    let (authority, folder) = (Authority::new()?, tempfile::tempdir()?);
    let Pair { certificate, key } = authority.signs(HOST)?;
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).map(|()| path.display().to_string())
    };
    let (certificate, key) = (file("tls.crt", &certificate)?, file("tls.key", &key)?);
    let client_ca = clients.map(|clients| file("ca.crt", &clients.pem)).transpose()?.unwrap_or_default();
    let ours = format!(
        "[serve]\nidle_seconds = {idle_seconds:?}\ntls_certificate = '{certificate}'\ntls_key = '{key}'\n\
         tls_client_ca = '{client_ca}'"
    );
    let world = World::of(&SETTINGS.replace("[serve]", &ours))?;
    Ok((world, authority, folder))
}

fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>> {
    Ok(CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>()?)
}

/// What is answered to whoever trusts these and shows that.
fn ask_http(address: &str, trusts: &Authority, shows: Option<&Pair>) -> Result<String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(&trusts.pem)? {
        roots.add(certificate)?;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots);
    let mut config = match shows {
        None => builder.with_no_client_auth(),
        Some(Pair { certificate, key }) => {
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes())?;
            builder.with_client_auth_cert(certificates(certificate)?, key)?
        }
    };
    // As browsers and curl do.
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let connection = ClientConnection::new(Arc::new(config), ServerName::try_from(HOST)?)?;
    let mut stream = StreamOwned::new(connection, TcpStream::connect(address)?);
    write!(stream, "GET {LIVE} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// The same over gRPC.
async fn ask_grpc(address: &str, trusts: &Authority, shows: Option<&Pair>) -> Result<bool> {
    let mut tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&trusts.pem)).domain_name(HOST);
    if let Some(Pair { certificate, key }) = shows {
        tls = tls.identity(Identity::from_pem(certificate, key));
    }
    let channel = Channel::from_shared(format!("https://{address}"))?.tls_config(tls)?.connect().await?;
    Ok(Client::new(channel).server_live(ServerLiveRequest {}).await?.into_inner().live)
}

#[tokio::test]
async fn both_roads_speak_tls_and_plain_text_does_no_harm() -> Result<()> {
    let (world, authority, _folder) = world(None, 60.0)?;
    let stranger = Authority::new()?;
    for _ in 0..2 {
        let answer = ask_http(&world.http, &authority, None)?;
        ensure!(answer.starts_with("HTTP/1.1 200 ") && answer.contains(r#""live":true"#), "{answer}");
        ensure!(ask_grpc(&world.grpc, &authority, None).await?, "it does not live");

        for address in [&world.http, &world.grpc] {
            let plain = send(address, "GET", LIVE, &[], b"");
            ensure!(plain.as_ref().map_or(true, |answer| answer.code != 200), "{plain:?}");
        }
        ensure!(ask_http(&world.http, &stranger, None).is_err(), "nobody vouches for it");
        ensure!(ask_grpc(&world.grpc, &stranger, None).await.is_err(), "nobody vouches for it");
    }
    Ok(())
}

#[tokio::test]
async fn clients_show_who_they_are_where_that_is_asked() -> Result<()> {
    let clients = Authority::new()?;
    let (world, authority, _folder) = world(Some(&clients), 60.0)?;
    let (known, unknown) = (clients.signs("client")?, Authority::new()?.signs("client")?);
    for shows in [None, Some(&unknown)] {
        ensure!(ask_http(&world.http, &authority, shows).is_err(), "a stranger was let in");
        ensure!(ask_grpc(&world.grpc, &authority, shows).await.is_err(), "a stranger was let in");
    }
    let answer = ask_http(&world.http, &authority, Some(&known))?;
    ensure!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    ensure!(ask_grpc(&world.grpc, &authority, Some(&known)).await?, "it does not live");
    Ok(())
}

#[test]
fn whoever_says_nothing_is_not_waited_for() -> Result<()> {
    let (world, _authority, _folder) = world(None, 0.2)?;
    for address in [&world.http, &world.grpc] {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        let mut said = Vec::new();
        stream.read_to_end(&mut said)?;
        ensure!(said.is_empty(), "{said:?}");
    }
    Ok(())
}
