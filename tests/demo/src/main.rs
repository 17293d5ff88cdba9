//! A host with the sandbox provider, a small service as PGM knows them, and a small merchant; and calls to
//! paste. `cargo xtask demo` builds what this needs and starts it; with `--once` it pastes the calls
//! itself and judges them.

mod calls;
mod host;
mod merchant;
mod once;
mod wallet;

use anyhow::Result;
use clap::Parser;
use simulators::{Merchant, asked_to_stop};
use std::path::PathBuf;
use std::process::ExitCode;

/// A host with the sandbox provider, a small service and a small merchant, to try payments on.
#[derive(Parser)]
struct Arguments {
    /// The host's program
    #[arg(long)]
    provost: PathBuf,
    /// Where the sandbox and microservice plugins are
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
    let wallet = wallet::start().await?;
    let Arguments { provost, plugins, folder, once } = &arguments;
    let mut host = host::start(provost, plugins, folder, &merchant.url(), wallet).await?;
    if *once {
        return once::run(&host, &merchant).await;
    }
    println!("The host serves at {}; it logs to {}.", host.url(), host.log().display());
    let pgms_file = host::pgms_file(folder);
    println!("The wallet is a service of its own at http://{wallet}; {} names it.", pgms_file.display());
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
