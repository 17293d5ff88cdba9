//! The command line: parse, then run. Data goes to stdout, everything for people to stderr.

mod config;
mod inspect;
mod said;
mod serve;

use clap::{Parser, Subcommand};
use said::Said;
use std::process::ExitCode;

const AFTER_HELP: &str = "\
Examples:
  provost serve                            with ./provost.toml, or the defaults
  provost serve --config /etc/provost/provost.toml
  provost plugin inspect plugins/acme.wasm
  provost config check && provost config show --origin

Exit codes: 0 done, 1 failed, 2 the command line or the configuration is wrong.";

/// A host for payment-provider plugins: a WebAssembly component in, /v3/NAME served.
#[derive(Debug, Parser)]
#[command(name = "provost", version, after_help = AFTER_HELP, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Arguments),
    /// Look at plugins
    #[command(subcommand, arg_required_else_help = true)]
    Plugin(Plugin),
    /// Check the configuration, or show what holds
    #[command(subcommand, arg_required_else_help = true)]
    Config(config::Command),
}

#[derive(Debug, Subcommand)]
enum Plugin {
    Inspect(inspect::Arguments),
}

/// Parses the process's arguments and runs what they say. A wrong command line ends the process with code 2.
pub fn run() -> ExitCode {
    let said = match Arguments::parse().command {
        Command::Serve(arguments) => serve::run(arguments),
        Command::Plugin(Plugin::Inspect(arguments)) => inspect::run(&arguments),
        Command::Config(command) => Ok(config::run(command)),
    };
    said.unwrap_or_else(|error| Said::failed(&error)).print()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }
}
