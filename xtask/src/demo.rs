//! Builds a host, the plugins and the demonstration, and hands over to the latter.

use crate::build_plugins;
use crate::program::{self, progress};
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Serve payments through the sandbox provider and a service of one's own, with a merchant that prints
/// its callbacks.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  cargo xtask demo           serves until Ctrl-C, and prints calls to paste
  cargo xtask demo --once    makes these calls itself, and fails if one is not as promised")]
pub(crate) struct Arguments {
    /// Make the calls, print the answers, fail if one is not as promised, and end
    #[arg(long)]
    once: bool,
}

/// The chore. Ends only if the demonstration cannot be started: it takes this process over, so that
/// signals reach it.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    build_plugins::build_plugins(workspace)?;
    let mut build = program::cargo();
    build.args(["build", "--package", "provost", "--package", "demo", "--bins"]);
    build.current_dir(&workspace.root);
    progress(program::shown(&build));
    program::run(&mut build)?;

    let mut demo = if arguments.once { once(workspace) } else { command(workspace, "demo") };
    let error = demo.exec();
    Err(error).with_context(|| program::cannot_start(&demo))
}

/// The demonstration that judges itself, once everything that it starts has been built. Its folder is
/// its own: somebody may be looking at the other.
pub(crate) fn once(workspace: &Workspace) -> Command {
    let mut demo = command(workspace, "demo-once");
    demo.arg("--once");
    demo
}

fn command(workspace: &Workspace, folder: &str) -> Command {
    let programs = workspace.target.join("debug");
    let mut demo = Command::new(programs.join("demo"));
    demo.arg("--provost").arg(programs.join("provost"));
    demo.arg("--plugins").arg(build_plugins::plugins_folder(workspace));
    demo.arg("--folder").arg(workspace.target.join(folder));
    demo
}
