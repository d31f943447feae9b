//! `driftform check`: is this configuration valid, and what does it say in effect?

use std::path::PathBuf;

use anyhow::Result;

use crate::config::{Config, ConfigError, PrometheusConfig};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The configuration file.
    #[arg(long)]
    config: PathBuf,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let environment = super::environment();
    let config = Config::load(Some(&arguments.config), &environment)?;
    config.learn.device.open()?;
    adapters::codec::JsonCodec::new(config.learn.schema, config.codec)?;
    config.prometheus.as_ref().map(PrometheusConfig::open).transpose()?;
    if let Some(history) = config.history.filter(|path| !path.exists()) {
        return Err(ConfigError(format!("`cold_start.history`: {} does not exist", history.display())).into());
    }
    super::print(&Config::effective(Some(&arguments.config), &environment)?)
}
