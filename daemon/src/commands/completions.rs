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
    super::print(script::<C>(arguments.shell)?.trim_end())
}

fn script<C: CommandFactory>(shell: Shell) -> anyhow::Result<String> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut C::command(), "driftform", &mut script);
    Ok(String::from_utf8(script)?)
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    #[test]
    fn every_shell_hears_of_every_command() {
        let command = super::super::Arguments::command();
        for shell in Shell::value_variants() {
            let script = script::<super::super::Arguments>(*shell).expect("it is text");
            for known in command.get_subcommands().map(clap::Command::get_name) {
                assert!(script.contains(known), "{shell}: {known}");
            }
        }
    }
}
