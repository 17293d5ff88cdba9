//! Builds a host, the components and the bench, all for release, and hands over to the latter.

use crate::build_plugins;
use crate::program::{self, progress};
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Measure what a plugin costs, against a native handler and against forwarding; or what many records cost, or what a
/// good client notices of slow connections.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  cargo xtask bench                              a few minutes; a table of medians and ratios
  cargo xtask bench --seconds 0.5 --rounds 1     a first look
  cargo xtask bench --scale                      a million operations, and long backlogs of callbacks
  cargo xtask bench --promises                   what each promise costs a pay, on SQLite and on Postgres
  cargo xtask bench --slow                       a good client beside 5,000 slow connections
  cargo xtask bench --json > bench.json          for a program to read")]
pub(crate) struct Arguments {
    /// Measure what many records and a long backlog of callbacks cost, instead of what a plugin costs
    #[arg(long, conflicts_with = "seconds")]
    scale: bool,
    /// Measure what each promise costs a pay, instead of what a plugin costs
    #[arg(long, conflicts_with = "scale")]
    promises: bool,
    /// Measure a good client alone and beside 5,000 slow connections, instead of what a plugin costs
    #[arg(long, conflicts_with_all = ["scale", "promises", "seconds", "rounds"])]
    slow: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// How long each case is loaded in each round
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// How often everything is repeated; medians are taken over the rounds
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

/// The chore. Ends only if the bench cannot be started: it takes this process over, so that signals
/// reach it.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    build_plugins::build_all(workspace)?;
    let mut build = program::cargo();
    build.args(["build", "--release", "--package", "provost", "--package", "bench", "--bins"]);
    build.current_dir(&workspace.root);
    progress(program::shown(&build));
    program::run(&mut build)?;

    let programs = workspace.target.join("release");
    let mut bench = Command::new(programs.join("bench"));
    let what = match arguments {
        Arguments { scale: true, .. } => "scale",
        Arguments { promises: true, .. } => "promises",
        Arguments { slow: true, .. } => "slow",
        _ => "measure",
    };
    bench.arg(what);
    bench.arg("--provost").arg(programs.join("provost"));
    bench.arg("--plugins").arg(build_plugins::plugins_folder(workspace));
    bench.arg("--folder").arg(workspace.target.join("bench"));
    if what != "slow" {
        bench.args(["--rounds", &arguments.rounds.to_string()]);
    }
    if matches!(what, "measure" | "promises") {
        bench.arg("--guests").arg(build_plugins::guests_folder(workspace));
        bench.args(["--seconds", &arguments.seconds.to_string()]);
    }
    if arguments.json {
        bench.arg("--json");
    }
    let error = bench.exec();
    Err(error).with_context(|| program::cannot_start(&bench))
}
