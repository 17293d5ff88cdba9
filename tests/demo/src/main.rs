//! A host with the sandbox provider and a small merchant, and calls to paste. `cargo xtask demo`
//! builds what this needs and starts it; with `--once` it pastes the calls itself and judges them.

mod calls;
mod host;
mod merchant;
mod once;

use anyhow::Result;
use clap::Parser;
use simulators::{Merchant, asked_to_stop};
use std::path::PathBuf;
use std::process::ExitCode;

/// A host with the sandbox provider and a small merchant, to try payments on.
#[derive(Parser)]
struct Arguments {
    /// The host's program
    #[arg(long)]
    provost: PathBuf,
    /// Where the sandbox plugin is
    #[arg(long)]
    plugins: PathBuf,
    /// Where configuration, store and log go; what an earlier demo left there is removed
    #[arg(long)]
    folder: PathBuf,
    /// Make the calls, print the answers, fail if one is not as promised, and end
    #[arg(long)]
    once: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<()> {
    tokio::select! {
        done = serve(arguments) => done,
        asked = asked_to_stop() => Ok(asked?),
    }
}

async fn serve(arguments: Arguments) -> Result<()> {
    let merchant = Merchant::start();
    let mut host = host::start(&arguments.provost, &arguments.plugins, &arguments.folder, &merchant.url()).await?;
    if arguments.once {
        return once::run(&host, &merchant).await;
    }
    println!("The host serves at {}; it logs to {}.", host.url(), host.log().display());
    println!("The merchant takes callbacks at {}, and prints them here.", merchant.url());
    println!("Paste these into another terminal:");
    for call in calls::all(&host.url()) {
        println!("\n# {}\n{}", call.title, call.script);
    }
    println!("\nCtrl-C ends it all.\n");
    tokio::select! {
        () = merchant::print(&merchant) => Ok(()),
        trouble = host.ended() => Err(trouble.into()),
    }
}
