//! Config of a champion that is not ours.
//!
//! Lives here: the section, checked, and what it does not go with. May not: ask it anything.

use std::time::Duration;

use adapters::oip::ask::AskConfig;
use serde::{Deserialize, Serialize};

use super::raw::Raw;
use super::{ConfigError, refuse};

/// `[champion]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChampionSection {
    external: String,
    url: String,
    model: String,
    output: String,
    timeout_seconds: f64,
}

/// Where the answers of a champion that is not ours come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExternalConfig {
    /// They stand in the events.
    Events,
    /// It is asked for them.
    Oip(AskConfig),
}

impl Raw {
    /// None where the champion is ours.
    pub(super) fn external(&self) -> Result<Option<ExternalConfig>, ConfigError> {
        match self.champion.external.as_str() {
            "" => return Ok(None),
            "events" => {}
            "oip" => return self.champion.asked().map(|asked| Some(ExternalConfig::Oip(asked))),
            other => {
                return refuse(format!("`champion.external` is `{other}`; give `events`, `oip` or nothing"));
            }
        }
        if self.serve.log_events > 0.0 {
            return refuse(
                "`champion.external` is `events`, but with `serve.log_events` the daemon writes events itself: its own \
                 answers would be taken for those of the champion",
            );
        }
        Ok(Some(ExternalConfig::Events))
    }
}

impl ChampionSection {
    fn asked(&self) -> Result<AskConfig, ConfigError> {
        let Self { url, model, output, timeout_seconds: seconds, .. } = self;
        if !(url.starts_with("http://") || url.starts_with("https://")) {
            return refuse(format!("`champion.url` is `{url}`; give an http:// or https:// address"));
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if model.is_empty() || !model.chars().all(plain) {
            return refuse(format!("`champion.model` is `{model}`; use letters, digits, `-`, `_` and `.`"));
        }
        let timeout = Duration::try_from_secs_f64(*seconds).ok().filter(|timeout| !timeout.is_zero());
        let Some(timeout) = timeout else {
            return refuse(format!("`champion.timeout_seconds` is {seconds}; give a number above 0"));
        };
        let output = (!output.is_empty()).then(|| output.clone());
        Ok(AskConfig { url: url.clone(), model: model.clone(), output, timeout })
    }
}
