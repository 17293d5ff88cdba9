//! What a plugin costs: the same work done through a plugin, natively, and by forwarding to a service,
//! plainly or through the microservice plugin, measured side by side. `cargo xtask bench` builds what this needs and starts it.
//!
//! [`case`] says what is compared, [`servers`] are the others, [`round`] measures, [`summary`] sums up. [`scale`] is about
//! something else: what many records and a long backlog cost. So are [`promises`]: what each promise costs a pay; and
//! [`slow`]: what a good client notices of bad ones.

mod case;
mod inprocess;
mod load;
mod process;
mod promises;
mod provost;
mod report;
mod round;
mod scale;
mod servers;
mod slow;
mod store;
mod summary;
mod targets;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

// The host's allocator, so that what differs is not that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a plugin costs, against a native handler and against forwarding.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Measure everything, and print what came out
    Measure(Settings),
    /// Measure what each promise costs a pay, and print what came out
    Promises(Settings),
    /// Measure what many records and a long backlog cost, and print what came out
    Scale(scale::Settings),
    /// Measure a good client beside thousands of slow connections, and print what came out
    Slow(slow::Settings),
    /// Be one of the servers that are measured; prints its address and serves until it is killed
    Serve(servers::Arguments),
}

/// How to measure.
#[derive(clap::Args)]
pub(crate) struct Settings {
    /// The host's program
    #[arg(long)]
    provost: PathBuf,
    /// Where the sandbox and microservice plugins are
    #[arg(long)]
    plugins: PathBuf,
    /// Where the acme plugin is
    #[arg(long)]
    guests: PathBuf,
    /// For stores, configurations and logs; emptied first
    #[arg(long)]
    folder: PathBuf,
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

fn main() -> ExitCode {
    let done = match Arguments::parse().what {
        What::Serve(arguments) => servers::run(&arguments),
        What::Measure(settings) => measure(&settings),
        What::Promises(settings) => until_asked_to_stop(promises::measure(&settings)),
        What::Scale(settings) => measure_scale(&settings),
        What::Slow(settings) => until_asked_to_stop(slow::measure(&settings)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn measure(settings: &Settings) -> Result<()> {
    until_asked_to_stop(async {
        let summary = round::measure(settings).await?;
        if settings.json { report::json(&summary) } else { report::table(&summary) }
    })
}

fn measure_scale(settings: &scale::Settings) -> Result<()> {
    until_asked_to_stop(async { scale::measure(settings).await?.print(settings) })
}

/// One thread makes the load: the others are for the servers.
fn until_asked_to_stop(measuring: impl Future<Output = Result<()>>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        tokio::select! {
            measured = measuring => measured,
            // What was started is killed as it is dropped.
            asked = simulators::asked_to_stop() => Ok(asked?),
        }
    })
}
