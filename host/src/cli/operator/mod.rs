//! `provost payments` and `provost callbacks`: what operators look at and decide. They read the store itself; what they
//! change, the host that runs does for them, or they themselves where none runs.

pub(super) mod callbacks;
mod moment;
pub(super) mod payments;
mod reach;
mod table;

use super::said::Said;
use crate::config::{Config, Loaded, Sources};
use crate::operations::{NotByHand, Signed};
use crate::store::Store;
use reach::NotReached;
use std::path::PathBuf;

/// What every such command takes.
#[derive(Debug, clap::Args)]
struct Common {
    /// The configuration; without it ./provost.toml, if there is one
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Answer in JSON
    #[arg(long)]
    json: bool,
}

/// Who decides, and why: both are kept for ever.
#[derive(Debug, clap::Args)]
struct Signature {
    /// Why: kept with what was done
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who decides; without it the user that runs this command
    #[arg(long, value_name = "NAME")]
    who: Option<String>,
}

/// Where a list goes on.
#[derive(Debug, clap::Args)]
struct Page {
    /// How many at most
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    limit: u16,
    /// Where the list before ended: what it said as next
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<i64>,
}

impl Common {
    fn load(&self) -> Result<Loaded, Said> {
        Config::load(&Sources::of_process(self.config.clone(), Vec::new())).map_err(|faults| Said::faults(&faults))
    }

    /// The store, to be looked at.
    fn look(&self) -> Result<Store, Said> {
        Store::look(&self.load()?.config.store)
            .map_err(|error| Said::failed(&anyhow::Error::new(error).context("see store.url")))
    }
}

impl Signature {
    fn checked(&self) -> Result<Signed, Said> {
        let who = self.who.clone().or_else(crate::config::user).ok_or_else(|| Said::unusable("say --who decides"))?;
        Signed::checked(&who, &self.reason).map_err(Said::unusable)
    }
}

/// Runs a command to its end, whatever it came to.
fn ended(said: impl Future<Output = Result<Said, Said>>) -> anyhow::Result<Said> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(said).unwrap_or_else(|said| said))
}

impl From<NotByHand> for Said {
    fn from(error: NotByHand) -> Self {
        match &error {
            NotByHand::Several(_) => Self::unusable(format_args!("{error} (--external)")),
            NotByHand::Contradicts { .. } => Self::failed(&anyhow::anyhow!("{error} (--correct)")),
            _ => Self::failed(&error.into()),
        }
    }
}

impl From<NotReached> for Said {
    fn from(error: NotReached) -> Self {
        Self::failed(&error.into())
    }
}

impl From<crate::store::StoreError> for Said {
    fn from(error: crate::store::StoreError) -> Self {
        Self::failed(&anyhow::Error::new(error).context("the store cannot be read"))
    }
}
