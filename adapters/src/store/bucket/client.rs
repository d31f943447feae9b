//! The client of buckets: requests of `object_store` go out by `ureq`, which is here anyway, with the same TLS.
//!
//! May not: sign, or try again.

use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use object_store::ClientOptions;
use object_store::client::{
    ClientConfigKey, HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpResponseBody, HttpService,
};
use ureq::Agent;
use ureq::http::{Method, Request, Response};
use ureq::tls::{RootCerts, TlsConfig};

use crate::store::location::BucketConfig;
use crate::trust;
use model::model::TENSORS_BYTES_MAX;

/// How long it may take until somebody is there at all.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Makes clients.
#[derive(Debug)]
pub(super) struct Connector {
    roots: RootCerts,
    timeout: Duration,
}

/// Sends requests, one after the other.
#[derive(Debug)]
struct Client(Agent);

impl Connector {
    /// An error is one of the file with certificates.
    pub(super) fn new(config: &BucketConfig) -> Result<Self, String> {
        let roots = trust::roots(config.ca_file.as_deref()).map_err(|error| error.to_string())?;
        Ok(Self { roots, timeout: config.timeout })
    }
}

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        // Credentials of machines are asked for without TLS, of an address that only the machine itself has.
        let allows_http =
            options.get_config_value(&ClientConfigKey::AllowHttp).is_some_and(|it| it == "true");
        let agent = Agent::config_builder()
            .timeout_global(Some(self.timeout))
            .timeout_connect(Some(CONNECT_TIMEOUT.min(self.timeout)))
            .http_status_as_error(false)
            .max_redirects(0)
            .https_only(!allows_http)
            .tls_config(TlsConfig::builder().root_certs(self.roots.clone()).build())
            .build()
            .new_agent();
        Ok(HttpClient::new(Client(agent)))
    }
}

#[async_trait::async_trait]
impl HttpService for Client {
    /// Waits on this thread, which has nothing else to do.
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let has_body = [Method::PUT, Method::POST].contains(&parts.method);
        let answer = if has_body {
            self.0.run(Request::from_parts(parts, &body[..]))
        } else {
            self.0.run(Request::from_parts(parts, ()))
        };
        let (parts, body) = answer.map_err(failed)?.into_parts();
        let bytes = body.into_with_config().limit(TENSORS_BYTES_MAX).read_to_vec().map_err(failed)?;
        let body = Full::new(Bytes::from(bytes)).map_err(|never| match never {});
        Ok(Response::from_parts(parts, HttpResponseBody::new(body)))
    }
}

fn failed(error: ureq::Error) -> HttpError {
    let kind = match &error {
        ureq::Error::Timeout(_) => HttpErrorKind::Timeout,
        ureq::Error::BodyExceedsLimit(_) => HttpErrorKind::Decode,
        ureq::Error::ConnectionFailed | ureq::Error::HostNotFound | ureq::Error::Io(_) => {
            HttpErrorKind::Connect
        }
        _ => HttpErrorKind::Unknown,
    };
    HttpError::new(kind, error)
}
