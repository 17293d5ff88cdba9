//! The only reader of files and environment: `provost.toml`, `PROVOST_…`, PGM's names and the defaults, checked
//! together, every fault reported with its place.
//!
//! All sources are parsed into one [`tree`], merged in the order of who wins, and read by [`tables`], which turns them
//! into the settings types that the modules own. `config.default.toml` is the first source and the reference at once.

mod admin_file;
#[cfg(test)]
mod documented;
mod egress;
mod environment;
mod external_providers;
mod file;
mod kinds;
mod place;
mod provider;
mod read;
mod recovery;
mod secret;
mod show;
mod sources;
mod tables;
#[cfg(test)]
mod tests;
mod tree;
mod warn;

pub use admin_file::{AdminDoor, AdminFile};
pub use place::Fault;
pub use show::Setting;
pub use sources::{Flag, ReadFile, Sources, read_file, user, write_file};

use crate::crash::Point;
use crate::{api, operations, outbox, registry, runtime, store, telemetry};
use place::{Place, SourceFile};
use read::Reading;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tree::{Node, Value};

/// Every setting with its default and a sentence about it.
pub const DEFAULTS: &str = include_str!("../../config.default.toml");

/// The file that is read where `--config` names none.
pub const FILE: &str = "provost.toml";

/// Everything that an operator can say.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// `[api]`
    pub api: api::Settings,
    /// `[admin]`
    pub admin: api::admin::Settings,
    /// `[shutdown]`
    pub shutdown: api::Shutdown,
    /// `[log]`
    pub log: telemetry::Settings,
    /// `[store]`
    pub store: store::Settings,
    /// `[runtime]`
    pub runtime: runtime::Settings,
    /// `[plugins]` and `[providers]`
    pub registry: registry::Settings,
    /// `[callbacks]`
    pub callbacks: outbox::Settings,
    /// `[operations]`
    pub operations: operations::Settings,
}

/// A configuration in which nothing is wrong.
#[derive(Debug)]
pub struct Loaded {
    /// What it says.
    pub config: Config,
    /// What is allowed and probably not meant, for the log at start.
    pub warnings: Vec<String>,
    /// Where the host is to be killed on purpose.
    pub crash_point: Option<Point>,
    tree: Node,
}

impl Loaded {
    /// Every setting in force with where it comes from, by key. Secrets appear by the name of their source.
    pub fn settings(&self) -> Vec<Setting> {
        show::settings(&self.tree)
    }
}

impl Config {
    /// Reads, merges and checks everything, or says everything that is wrong.
    ///
    /// What wins: a flag, `PROVOST_…`, PGM's names, the file, the defaults.
    pub fn load(sources: &Sources) -> Result<Loaded, Vec<Fault>> {
        loaded(sources).map_err(|mut faults| {
            faults.sort_by(|one, other| one.place.order().cmp(&other.place.order()));
            faults
        })
    }
}

fn loaded(sources: &Sources) -> Result<Loaded, Vec<Fault>> {
    let mut faults = Vec::new();
    let (tree, folder, overruled) = merged(sources, &mut faults)?;
    let reading = Reading::new(sources, folder);
    let config = tables::config(&reading.root(&tree));
    let crash_point = environment::crash_point(&sources.environment, &mut faults);
    faults.extend(reading.finish(&tree));
    match config {
        Some(config) if faults.is_empty() => {
            let warnings = [overruled, warn::warnings(&config)].concat();
            Ok(Loaded { warnings, config, crash_point, tree })
        }
        _ => Err(faults),
    }
}

/// The tree of all sources, the folder that the file's relative paths begin at, and what of it probably was meant to
/// hold and does not.
fn merged(sources: &Sources, faults: &mut Vec<Fault>) -> Result<(Node, PathBuf, Vec<String>), Vec<Fault>> {
    let mut tree = defaults()?;
    let mut folder = PathBuf::new();
    if let Some(file) = source_file(sources).map_err(|fault| vec![fault])? {
        folder = file.path.parent().map(Path::to_owned).unwrap_or_default();
        tree.merge(file::parse(&file)?);
    }
    let listen = tree.at(&["api", "listen"]).and_then(|node| kinds::text(node).ok()).map(str::to_owned);
    tree.merge(environment::payment_gateway_manager(&sources.environment, listen.as_deref(), faults));
    let external_providers = external_providers::layer(sources, faults);
    let overruled = external_providers::overruled(&tree, &external_providers);
    tree.merge(external_providers);
    tree.merge(environment::own(&sources.environment, faults));
    for flag in &sources.flags {
        let node = Node::new(Value::Plain(flag.value.clone()), Place::Flag(flag.name));
        tree.merge(node.under(&flag.key.map(str::to_owned)));
    }
    Ok((tree, folder, overruled))
}

fn defaults() -> Result<Node, Vec<Fault>> {
    let file = SourceFile { path: PathBuf::from("config.default.toml"), text: DEFAULTS.to_owned() };
    let mut tree = file::parse(&Arc::new(file))?;
    tree.stand_at(&Place::Default);
    Ok(tree)
}

fn source_file(sources: &Sources) -> Result<Option<Arc<SourceFile>>, Fault> {
    let (path, place) = match &sources.file {
        Some(path) => (path.clone(), Place::Flag("--config")),
        None => (PathBuf::from(FILE), Place::Default),
    };
    let fault = |message| Fault::new(place, "", message);
    let bytes = match (sources.read)(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound && sources.file.is_none() => return Ok(None),
        Err(error) => return Err(fault(format!("{} cannot be read: {error}", path.display()))),
    };
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(Arc::new(SourceFile { path, text }))),
        Err(_) => Err(fault(format!("{} is not UTF-8 text", path.display()))),
    }
}
