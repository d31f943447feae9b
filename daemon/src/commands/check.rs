//! `driftform check`: is this configuration valid, and what does it say in effect?

use std::path::PathBuf;

use anyhow::Result;

use crate::config::Config;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The configuration file.
    #[arg(long)]
    config: PathBuf,
}

#[expect(clippy::print_stdout, reason = "the effective configuration is what was asked for")]
pub fn run(arguments: &Arguments) -> Result<()> {
    let environment = super::environment();
    let config = Config::load(Some(&arguments.config), &environment)?;
    config.learn.device.open()?;
    adapters::codec::JsonCodec::new(config.learn.schema, config.codec)?;
    println!("{}", Config::effective(Some(&arguments.config), &environment)?);
    Ok(())
}
