//! Config of the way in for people: where orders are taken, and from whom.
//!
//! Lives here: the address and where the token is, checked. May not: listen, or read the token.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::raw::AdminSection;
use super::{ConfigError, refuse};

/// Where orders are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminConfig {
    /// The address.
    pub listen: SocketAddr,
    /// A file with the token; without one, each run makes its own.
    pub token_file: Option<PathBuf>,
}

impl AdminSection {
    pub(super) fn checked(&self) -> Result<AdminConfig, ConfigError> {
        let Ok(listen) = self.listen.parse() else {
            return refuse(format!(
                "`admin.listen` is `{}`; give an address such as 127.0.0.1:9465, or 127.0.0.1:0 for any free port",
                self.listen
            ));
        };
        let token_file = Some(self.token_file.clone()).filter(|path| !path.as_os_str().is_empty());
        Ok(AdminConfig { listen, token_file })
    }
}
