//! What many records and a long backlog cost: a host is killed over a million operations, and started again; a merchant
//! is fast, or dead, with a hundred thousand callbacks waiting for it.
//!
//! [`world`] is a host over a store that can be filled, [`fill`] fills it, [`merchant`] takes callbacks, [`records`] and
//! [`callbacks`] measure.

mod callbacks;
mod fill;
mod merchant;
mod records;
mod world;

pub(crate) use merchant::Merchant;

use crate::targets::Target;
use anyhow::Result;
use serde::Serialize;
use std::path::PathBuf;

/// How to measure.
#[derive(clap::Args)]
pub(crate) struct Settings {
    /// The host's program
    #[arg(long)]
    provost: PathBuf,
    /// Where the sandbox plugin is
    #[arg(long)]
    plugins: PathBuf,
    /// For stores, configurations and logs; emptied first
    #[arg(long)]
    folder: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Operations in the store of the host that is started again
    #[arg(long, default_value_t = 1_000_000)]
    operations: u64,
    /// Callbacks that wait for the merchant that is dead
    #[arg(long, default_value_t = 100_000)]
    backlog: u64,
    /// How often what is compared is repeated; medians are taken over the rounds
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

/// One figure.
#[derive(Serialize)]
pub(crate) struct Figure {
    name: &'static str,
    value: f64,
    unit: &'static str,
}

/// Everything that is reported.
#[derive(Default, Serialize)]
pub(crate) struct Report {
    figures: Vec<Figure>,
    targets: Vec<Target>,
}

impl Report {
    fn figure(&mut self, name: &'static str, value: f64, unit: &'static str) {
        self.figures.push(Figure { name, value, unit });
    }

    fn at_most(&mut self, promise: &'static str, wanted: f64, measured: f64) {
        self.targets.push(Target { promise, measured, reached: measured <= wanted });
    }

    fn at_least(&mut self, promise: &'static str, wanted: f64, measured: f64) {
        self.targets.push(Target { promise, measured, reached: measured >= wanted });
    }

    /// Prints it, as JSON or for people.
    pub(crate) fn print(&self, settings: &Settings) -> Result<()> {
        if settings.json {
            println!("{}", serde_json::to_string_pretty(self)?);
            return Ok(());
        }
        println!("{} operations, {} callbacks, {} rounds.\n", settings.operations, settings.backlog, settings.rounds);
        for figure in &self.figures {
            println!("{:<84} {:>12.1} {}", figure.name, figure.value, figure.unit);
        }
        println!();
        for target in &self.targets {
            println!("{}", target);
        }
        Ok(())
    }
}

/// Measures everything.
pub(crate) async fn measure(settings: &Settings) -> Result<Report> {
    if settings.folder.exists() {
        std::fs::remove_dir_all(&settings.folder)?;
    }
    let mut report = Report::default();
    records::measure(settings, &mut report).await?;
    callbacks::measure(settings, &mut report).await?;
    Ok(report)
}
