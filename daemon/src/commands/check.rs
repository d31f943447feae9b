//! `driftform check`: is this configuration valid, and what does it say in effect?

use std::path::PathBuf;

use anyhow::Result;

use crate::config::{Config, ConfigError, PrometheusConfig, RepositoryConfig, RepositoryFormat};
use crate::import::{self, Imported};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The configuration file.
    #[arg(long)]
    config: PathBuf,
    /// Prints a key a line instead, each with where its value comes from.
    #[arg(long)]
    sources: bool,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let environment = super::environment();
    let config = Config::load(Some(&arguments.config), &environment)?;
    let imported = import::first_champion(&config)?;
    config.learn.device.open()?;
    adapters::codec::JsonCodec::new(config.learn.schema, config.codec)?;
    config.prometheus.as_ref().map(PrometheusConfig::open).transpose()?;
    config.repository.as_ref().map_or(Ok(()), check_repository)?;
    if let Some(publish) = &config.publish {
        publish.location.open(&publish.bucket)?;
    }
    if let Some(history) = config.history.filter(|path| !path.exists()) {
        return Err(ConfigError(format!("`cold_start.history`: {} does not exist", history.display())).into());
    }
    let tell = if arguments.sources { Config::sources } else { Config::effective };
    if let Some(Imported { told, .. }) = imported {
        // A comment where the settings are read by a program.
        super::print(&format!("# {told}"))?;
    }
    super::print(tell(Some(&arguments.config), &environment)?.trim_end())
}

/// That its files are there and can be read; nobody is asked, and nothing is written.
fn check_repository(config: &RepositoryConfig) -> Result<()> {
    config.location.open(&config.bucket)?;
    let RepositoryFormat::Onnx { categories, library } = &config.format else { return Ok(()) };
    if let Some(categories) = categories {
        adapters::files::listed_categories(categories)
            .map_err(|error| ConfigError(format!("`repository.categories`: {error}")))?;
    }
    match library.as_ref().filter(|path| !path.is_file()) {
        Some(path) => {
            Err(ConfigError(format!("`repository.onnxruntime`: {} is no file", path.display())).into())
        }
        None => Ok(()),
    }
}
