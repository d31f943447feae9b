//! Trust: who vouches for the servers that are asked by HTTPS.
//!
//! Lives here: reading a file of certificates. May not: ask anybody.

use std::io;
use std::path::Path;

use ureq::tls::{Certificate, PemItem, RootCerts, parse_pem};

use crate::files::read_whole;

/// Longest file of certificates.
const CA_BYTES_MAX: u64 = 4 << 20;

/// The certificates in a file in PEM; without a file, Mozilla's.
pub fn roots(file: Option<&Path>) -> io::Result<RootCerts> {
    let Some(file) = file else { return Ok(RootCerts::WebPki) };
    let wrong = |what: String| io::Error::other(format!("{}: {what}", file.display()));
    let pem = read_whole(file, CA_BYTES_MAX).map_err(|error| wrong(error.to_string()))?;
    let mut found: Vec<Certificate<'static>> = Vec::new();
    for item in parse_pem(&pem) {
        if let PemItem::Certificate(one) = item.map_err(|error| wrong(error.to_string()))? {
            found.push(one);
        }
    }
    if found.is_empty() { Err(wrong("there is no certificate in it".into())) } else { Ok(found.into()) }
}
