//! `driftform schema`: the JSON schema of the configuration, or the page of all its keys.

use anyhow::Result;

use crate::config::reference;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The page for people instead, in Markdown.
    #[arg(long)]
    page: bool,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let text = if arguments.page {
        reference::page()
    } else {
        serde_json::to_string_pretty(&reference::json_schema())?
    };
    super::print(text.trim_end())
}
