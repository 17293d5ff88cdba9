//! Builds a host, the components and the chaos tool, and hands over to the latter.

use crate::build_plugins;
use crate::program::{self, progress};
use crate::test::build_programs;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Kill hosts under load, and check that nothing is lost and nothing is paid twice
#[derive(clap::Args)]
#[command(after_help = "Examples:
  cargo xtask chaos                                       200 kills on SQLite: a few minutes
  cargo xtask chaos --kills 1000                          a long run
  cargo xtask chaos --kills 1000 --store postgres --hosts 2
  cargo xtask chaos --equal 500                           no kills: 64 equal requests at once, 500 times
  cargo xtask chaos --terms 50 --store postgres --hosts 2  no kills: 50 hosts are told to stop
  cargo xtask chaos --seed 42 --json > chaos.json         the same choices again, for a program to read

Exit code 1 says that something was violated; what, and the seed, are printed.")]
pub(crate) struct Arguments {
    /// How often a host is killed, at the least: each crash point has its turn
    #[arg(long, default_value_t = 200)]
    kills: u64,
    /// Where hosts keep what they know: sqlite or postgres
    #[arg(long, default_value = "sqlite")]
    store: String,
    /// How many hosts share the store; more than one need postgres
    #[arg(long, default_value_t = 1)]
    hosts: usize,
    /// What chooses; without it another each time
    #[arg(long)]
    seed: Option<u64>,
    /// Kill nobody: send 64 equal requests at once, so many times
    #[arg(long, value_name = "ROUNDS")]
    equal: Option<u64>,
    /// Kill nobody: tell hosts to stop, one after the other, so many times
    #[arg(long, value_name = "TIMES")]
    terms: Option<u64>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The chore. Ends only if the tool cannot be started: it takes this process over, so that signals reach it.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    build_plugins::build_all(workspace)?;
    build_programs(workspace)?;
    progress("killing hosts; what they keep and say is in target/chaos");

    let programs = workspace.target.join("debug");
    let mut chaos = Command::new(programs.join("chaos"));
    chaos.arg("--provost").arg(programs.join("provost"));
    chaos.arg("--plugin").arg(build_plugins::guests_folder(workspace).join("bank.wasm"));
    chaos.arg("--sources").arg(workspace.root.join("host/src"));
    chaos.arg("--folder").arg(workspace.target.join("chaos"));
    chaos.args(["--kills", &arguments.kills.to_string(), "--store", &arguments.store]);
    chaos.args(["--hosts", &arguments.hosts.to_string()]);
    if let Some(seed) = arguments.seed {
        chaos.args(["--seed", &seed.to_string()]);
    }
    if let Some(rounds) = arguments.equal {
        chaos.args(["--equal", &rounds.to_string()]);
    }
    if let Some(times) = arguments.terms {
        chaos.args(["--terms", &times.to_string()]);
    }
    if arguments.json {
        chaos.arg("--json");
    }
    let error = chaos.exec();
    Err(error).with_context(|| program::cannot_start(&chaos))
}
