//! `driftform completions`: what a shell needs to complete the command line, made from the command line itself.

use clap::CommandFactory;
use clap_complete::Shell;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// For which shell.
    shell: Shell,
}

/// Of the command line `C`.
pub fn run<C: CommandFactory>(arguments: &Arguments) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut C::command(), "driftform", &mut script);
    super::print(std::str::from_utf8(&script)?.trim_end())
}
