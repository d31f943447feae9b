//! Commands: the command line, and what each word starts.
//!
//! Lives here: arguments, logging, exit codes. May not: do the work; each command has its file.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use adapters::http::admin::Steering;
use adapters::store::StoreError;
use clap::{CommandFactory as _, Parser, Subcommand};
use model::ModelError;

use crate::config::ConfigError;
use crate::learn::LearnError;

mod ask;
mod budget;
mod check;
mod completions;
mod demo;
mod erase;
mod export;
mod history;
mod init;
mod promote;
pub mod replay;
mod run;
mod schema;
mod state;
mod status;
mod steer;
mod worker;

/// Exit code: arguments or configuration are wrong.
pub const EXIT_CONFIG: u8 = 2;
/// Exit code: ended at once by a second signal.
pub const EXIT_INTERRUPTED: i32 = 130;
/// Exit code: the state directory cannot be used.
pub const EXIT_STATE: u8 = 3;
/// What this program's environment has to say, unless it says otherwise already. The first sizes candle's thread
/// pool: sums then do not depend on the number of cores, and small products are not preceded by a costly question for
/// it. The others are the allocator's: no huge pages, of which a few used bytes take 2 MiB, and what is free goes back
/// to the system at once, not a second later. That halves resident memory, and takes no more time (`docs/costs.md`). The
/// last is for where `RUST_BACKTRACE` is set, for panics: candle would look where it is at each error that it makes and
/// drops again.
pub const ENVIRONMENT: [(&str, &str); 4] = [
    ("RAYON_NUM_THREADS", "1"),
    ("MIMALLOC_ALLOW_THP", "0"),
    ("MIMALLOC_PURGE_DELAY", "0"),
    ("RUST_LIB_BACKTRACE", "0"),
];
/// Exit code: anything else went wrong.
pub const EXIT_FAILURE: u8 = 1;

/// Keeps the network behind an inference service good while its data drifts.
///
/// Exit codes: 0 done, 1 failed, 2 configuration, 3 state directory.
#[derive(Debug, Parser)]
#[command(name = "driftform", version, about, long_about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Shows the whole loop on a real drifting stream, with a broker inside this process.
    Demo(demo::Arguments),
    /// Writes a commented configuration from a sample of the data.
    Init(init::Arguments),
    /// Runs the daemon.
    Run(run::Arguments),
    /// Evaluates trials: those of a daemon on another machine, from Kafka, or from standard input where the daemon starts it.
    Worker(worker::Arguments),
    /// Runs the same planes over a recorded stream and prints one JSON object.
    Replay(replay::Arguments),
    /// Shows what a running daemon does now, and why: what its console shows.
    Status(status::Arguments),
    /// Shows what was decided and why, checks the journal, or judges a verdict again.
    History(history::Arguments),
    /// Lets a challenger serve that has passed all gates and waits for a person.
    Promote(promote::Arguments),
    /// Has a running daemon begin nothing new: no episode opens and no challenger is promoted.
    Pause(steer::Arguments),
    /// Has a paused daemon go on.
    Resume(steer::Arguments),
    /// Has a running daemon search now.
    Search(steer::Arguments),
    /// Takes back the promotion or relief that is watched.
    Rollback(steer::Arguments),
    /// Lists the budgets of a running daemon, or gives one another limit.
    Budget(budget::Arguments),
    /// Forgets the rows of an id, in the state of a running daemon.
    Erase(erase::Arguments),
    /// Writes the champion as files that other servers load.
    Export(export::Arguments),
    /// Prints the JSON schema of the configuration, for editors and other programs.
    Schema(schema::Arguments),
    /// Validates a configuration and prints what is in effect.
    Check(check::Arguments),
    /// Prints what a shell needs to complete this command line.
    Completions(completions::Arguments),
}

/// How an answer is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// The command line: what may be said to this program.
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Parses, runs, and turns an error into an exit code.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(error) = in_its_environment() {
        complain(&error.into());
        return ExitCode::from(EXIT_FAILURE);
    }
    let quiet = matches!(
        arguments.command,
        Command::Demo(_)
            | Command::Budget(_)
            | Command::Erase(_)
            | Command::Export(_)
            | Command::History(_)
            | Command::Pause(_)
            | Command::Promote(_)
            | Command::Replay(_)
            | Command::Resume(_)
            | Command::Rollback(_)
            | Command::Search(_)
            | Command::Status(_)
    ) || matches!(&arguments.command, Command::Worker(worker) if worker.is_child());
    start_logging(if quiet { "warn" } else { "info" });
    let done = match arguments.command {
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Init(arguments) => init::run(&arguments),
        Command::Run(arguments) => run::run(&arguments),
        Command::Worker(arguments) => worker::run(&arguments),
        Command::Replay(arguments) => replay::run(&arguments),
        Command::Status(arguments) => status::run(&arguments),
        Command::History(arguments) => history::run(&arguments),
        Command::Promote(arguments) => promote::run(&arguments),
        Command::Pause(arguments) => steer::run(Steering::Pause, &arguments),
        Command::Resume(arguments) => steer::run(Steering::Resume, &arguments),
        Command::Search(arguments) => steer::run(Steering::Search, &arguments),
        Command::Rollback(arguments) => steer::run(Steering::Rollback, &arguments),
        Command::Budget(arguments) => budget::run(&arguments),
        Command::Erase(arguments) => erase::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Schema(arguments) => schema::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Completions(arguments) => completions::run::<Arguments>(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::from(exit_code(&error))
        }
    }
}

/// Starts this program again with what is not set of [`ENVIRONMENT`]: a running process cannot set its own
/// environment safely, and the allocator has read it already. Returns only if all of it is set, or with an error.
fn in_its_environment() -> Option<std::io::Error> {
    use std::os::unix::process::CommandExt as _;
    let unset = ENVIRONMENT.into_iter().filter(|(name, _)| std::env::var_os(name).is_none());
    let unset: Vec<(&str, &str)> = unset.collect();
    if unset.is_empty() {
        return None;
    }
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => return Some(error),
    };
    Some(std::process::Command::new(program).args(std::env::args_os().skip(1)).envs(unset).exec())
}

#[expect(clippy::print_stderr, reason = "the last word to the person who started it")]
fn complain(error: &anyhow::Error) {
    let mut told = String::new();
    for cause in error.chain().map(ToString::to_string) {
        // Some errors repeat their cause in their own words.
        if !told.contains(&cause) {
            told += if told.is_empty() { "" } else { ": " };
            told += &cause;
        }
    }
    eprintln!("driftform: {told}");
}

fn exit_code(error: &anyhow::Error) -> u8 {
    for cause in error.chain() {
        let learn = cause.downcast_ref::<LearnError>();
        let model = match learn {
            Some(LearnError::Model(error)) => Some(error),
            _ => cause.downcast_ref::<ModelError>(),
        };
        if cause.is::<ConfigError>() || matches!(model, Some(ModelError::Device { .. })) {
            return EXIT_CONFIG;
        }
        if cause.is::<StoreError>() || matches!(learn, Some(LearnError::Snapshot(_) | LearnError::Store(_))) {
            return EXIT_STATE;
        }
    }
    EXIT_FAILURE
}

/// Readable on a terminal, JSON otherwise; `RUST_LOG` overrides the level.
fn start_logging(level: &str) {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(
        |_| // The daemon says itself when brokers go and come; the library repeats it many times a second.
            tracing_subscriber::EnvFilter::new(format!("{level},rdkafka=off,librdkafka=off")),
    );
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        builder.with_target(false).compact().init();
    } else {
        builder.json().flatten_event(true).init();
    }
}

/// Long work, for somebody who watches: done, rate and time left.
#[expect(clippy::print_stderr, reason = "only on a terminal, where a person waits")]
fn progress(done: u64, total: u64, elapsed: std::time::Duration) {
    if std::io::stderr().is_terminal() {
        let rate = done as f64 / elapsed.as_secs_f64().max(1e-9);
        let left = total.saturating_sub(done) as f64 / rate.max(1e-9);
        eprintln!("{done} of {total} rows, {rate:.0} a second, about {left:.0} s left");
    }
}

/// Prints what was asked for; a reader that has seen enough is no error.
fn print(text: &str) -> anyhow::Result<()> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// The environment, for the configuration's last layer.
fn environment() -> BTreeMap<String, String> {
    std::env::vars().collect()
}

/// How this program starts its worker.
fn worker_command(config: &crate::config::LearnConfig) -> anyhow::Result<crate::trials::WorkerCommand> {
    let limits = &config.trials;
    let program: PathBuf = std::env::current_exe()?;
    let arguments = vec![
        "worker".into(),
        format!("--device={}", config.device),
        format!("--memory-max-bytes={}", limits.memory_max_bytes),
        format!("--niceness={}", limits.niceness),
    ];
    Ok(crate::trials::WorkerCommand { program, arguments, seconds_max: limits.seconds_max })
}
