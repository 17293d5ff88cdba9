//! `cargo xtask chaos`: a run by itself. Exit code 1 with what was violated, and the seed to see it again.

use anyhow::Result;
use chaos::{Settings, StoreKind};
use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;

/// Kills hosts under load, and checks that nothing is lost and nothing is paid twice
#[derive(Parser)]
struct Arguments {
    /// The host's program
    #[arg(long)]
    provost: PathBuf,
    /// The component that hosts serve
    #[arg(long)]
    plugin: PathBuf,
    /// The host's sources
    #[arg(long)]
    sources: PathBuf,
    /// For stores, configurations and logs; emptied first
    #[arg(long)]
    folder: PathBuf,
    /// How often a host is killed, at the least
    #[arg(long, default_value_t = 200)]
    kills: u64,
    /// Where hosts keep what they know
    #[arg(long, value_enum, default_value = "sqlite")]
    store: StoreKind,
    /// How many hosts
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

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let seed = arguments.seed.unwrap_or_else(any_seed);
    match run(&arguments, seed) {
        Ok(held) if held => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("chaos: seed {seed}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether everything held.
fn run(arguments: &Arguments, seed: u64) -> Result<bool> {
    if arguments.folder.exists() {
        std::fs::remove_dir_all(&arguments.folder)?;
    }
    let settings = Settings {
        provost: arguments.provost.clone(),
        plugin: arguments.plugin.clone(),
        sources: arguments.sources.clone(),
        folder: arguments.folder.clone(),
        kills: arguments.kills,
        store: arguments.store,
        hosts: arguments.hosts,
        seed,
    };
    eprintln!("chaos: seed {seed}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        tokio::select! {
            held = measure(arguments, &settings) => held,
            // What was started is killed as it is dropped.
            asked = simulators::asked_to_stop() => asked.map(|()| false).map_err(Into::into),
        }
    })
}

async fn measure(arguments: &Arguments, settings: &Settings) -> Result<bool> {
    let progress = |line| eprintln!("chaos: {line}");
    if let Some(rounds) = arguments.equal {
        let equals = chaos::equal(settings, rounds, &progress).await?;
        print(arguments.json, &equals)?;
        return Ok(equals.violations.is_empty());
    }
    if let Some(times) = arguments.terms {
        let stops = chaos::terms(settings, times, &progress).await?;
        print(arguments.json, &stops)?;
        return Ok(stops.violations.is_empty());
    }
    let report = chaos::run(settings, &progress).await?;
    print(arguments.json, &report)?;
    Ok(report.violations.is_empty())
}

fn print(json: bool, report: &(impl std::fmt::Display + serde::Serialize)) -> Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(report)?);
    } else {
        println!("{report}");
    }
    Ok(())
}

fn any_seed() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map(|since| u64::from(since.subsec_nanos())).unwrap_or_default()
}
