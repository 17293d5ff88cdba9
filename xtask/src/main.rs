//! The project's chores, as `cargo xtask …`. Start at [`Chore`].
//!
//! It builds, starts and tests what is in this workspace, and knows nothing of payments.

mod bench;
mod build_plugins;
mod chaos;
mod conformance;
mod debian_toolchain;
mod demo;
mod installed;
mod program;
mod test;
mod wasm_target;
mod workspace;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::process::ExitCode;
use workspace::Workspace;

/// The project's chores.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Serve payments through the sandbox and a small service, with a merchant that prints its callbacks
    Demo(demo::Arguments),
    /// Measure what a plugin costs, against a native handler and against forwarding
    Bench(bench::Arguments),
    /// Build every plugin and every test guest into a component
    BuildPlugins(build_plugins::Arguments),
    /// Build plugins and guests, then run every test
    Test(test::Arguments),
    /// Kill hosts under load, and check that nothing is lost and nothing is paid twice
    Chaos(chaos::Arguments),
    /// Hold every answer of a host against its OpenAPI document, with schemathesis
    Conformance(conformance::Arguments),
}

fn main() -> ExitCode {
    match run(Arguments::parse().chore) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            program::progress(format_args!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(chore: Chore) -> Result<()> {
    let workspace = Workspace::read()?;
    match chore {
        Chore::Bench(arguments) => bench::run(&workspace, &arguments),
        Chore::Demo(arguments) => demo::run(&workspace, &arguments),
        Chore::BuildPlugins(arguments) => build_plugins::run(&workspace, &arguments),
        Chore::Test(arguments) => test::run(&workspace, &arguments),
        Chore::Chaos(arguments) => chaos::run(&workspace, &arguments),
        Chore::Conformance(arguments) => conformance::run(&workspace, &arguments),
    }
}
