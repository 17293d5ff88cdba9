//! The command line: parse, then run. Data goes to stdout, everything for people to stderr.

mod api_key;
mod call;
mod compile;
mod config;
mod end;
mod inspect;
mod operator;
mod pages;
mod plain;
mod said;
mod serve;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use end::End;
use said::Said;
use std::process::ExitCode;

const AFTER_HELP: &str = "\
Examples:
  provost serve                            with ./provost.toml, or the defaults
  provost serve --config /etc/provost/provost.toml
  provost plugin inspect plugins/acme.wasm
  provost plugin call plugins/acme.wasm pay < pay.json
  provost config check && provost config show --origin
  provost payments list --review
  provost callbacks replay --all --reason 'the shop is back'

Environment:
  PROVOST_TABLE__KEY   a setting, such as PROVOST_API__LISTEN
  NO_COLOR             no colours; CLICOLOR_FORCE: colours even into a pipe";

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
    /// Look at plugins, and try them
    #[command(
        subcommand,
        arg_required_else_help = true,
        after_help = "Examples:
  provost plugin inspect acme.wasm
  provost plugin call acme.wasm status '{\"paymentId\": \"pay_1\"}'"
    )]
    Plugin(Plugin),
    /// Check the configuration, or show what holds
    #[command(
        subcommand,
        arg_required_else_help = true,
        after_help = "Examples:
  provost config check
  provost config show --origin"
    )]
    Config(config::Command),
    /// Look at payments, and decide by hand what nobody can find out
    #[command(
        subcommand,
        arg_required_else_help = true,
        after_help = "Examples:
  provost payments list --review
  provost payments show order-4711
  provost payments settle order-4711 --outcome accepted --reason 'seen in the portal'"
    )]
    Payments(operator::payments::Command),
    /// Look at what merchants were told, and tell them again
    #[command(
        subcommand,
        arg_required_else_help = true,
        after_help = "Examples:
  provost callbacks list --state dead
  provost callbacks replay --all --external acme --reason 'the shop is back'"
    )]
    Callbacks(operator::callbacks::Command),
    /// Make keys for callers of the interface
    #[command(
        subcommand,
        arg_required_else_help = true,
        after_help = "Examples:
  provost api-key new web-shop --external acme"
    )]
    ApiKey(api_key::Command),
    Completions(pages::Completions),
    Man(pages::Manual),
    /// What a host runs itself as
    #[command(hide = true)]
    Compile(compile::Arguments),
}

#[derive(Debug, Subcommand)]
enum Plugin {
    Inspect(inspect::Arguments),
    Call(call::Arguments),
}

/// Parses the process's arguments and runs what they say. A wrong command line ends the process with code 2.
pub fn run() -> ExitCode {
    let arguments = Arguments::from_arg_matches(&tree().get_matches()).unwrap_or_else(|error| error.exit());
    let said = match arguments.command {
        Command::Serve(arguments) => serve::run(arguments),
        Command::Plugin(Plugin::Inspect(arguments)) => inspect::run(&arguments),
        Command::Plugin(Plugin::Call(arguments)) => call::run(arguments),
        Command::Payments(command) => operator::payments::run(command),
        Command::Callbacks(command) => operator::callbacks::run(command),
        Command::ApiKey(command) => api_key::run(command),
        Command::Config(command) => Ok(config::run(command)),
        Command::Completions(arguments) => Ok(pages::completions(&arguments)),
        Command::Man(arguments) => pages::manual(&arguments),
        Command::Compile(arguments) => Ok(compile::run(&arguments)),
    };
    said.unwrap_or_else(|error| Said::failed(&error)).print()
}

/// Every command, with the exit codes below its help.
fn tree() -> clap::Command {
    with_exit_codes(Arguments::command())
}

fn with_exit_codes(command: clap::Command) -> clap::Command {
    let after = command.get_after_help().map(|help| format!("{help}\n\n")).unwrap_or_default();
    command.after_help(after + &End::table()).mut_subcommands(with_exit_codes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        tree().debug_assert();
    }

    #[test]
    fn what_a_host_runs_itself_as_is_not_offered_to_people() {
        let help = tree().render_long_help().to_string();
        assert!(!help.contains("compile"), "{help}");
        assert!(tree().try_get_matches_from(["provost", "compile", "--memory", "1", "--cpu", "1"]).is_ok());
    }

    #[test]
    fn every_command_shows_examples_and_the_exit_codes_below_its_help() {
        let mut commands = vec![tree()];
        while let Some(command) = commands.pop() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let name = command.get_name();
            assert!(help.starts_with("Examples:\n  provost ") && help.ends_with(&End::table()), "{name}: {help}");
            commands.extend(command.get_subcommands().cloned());
        }
    }
}
