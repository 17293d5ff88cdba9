//! The table of externals: immutable, published as a whole, taken once by each request.

use super::Settings;
use super::admission::lacks;
use super::load::Files;
use super::meters::Meters;
use crate::capabilities::Provider;
use crate::model::is_external_name;
use crate::runtime::{Engine, Plugin};
use crate::telemetry;
use arc_swap::ArcSwap;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// Which plugin version serves which external.
pub struct Registry {
    settings: Settings,
    pub(super) engine: Engine,
    table: ArcSwap<Table>,
    pub(super) files: Mutex<Files>,
}

type Table = BTreeMap<String, External>;

/// An external, and what serves it.
#[derive(Clone)]
pub struct External {
    /// Its configuration.
    pub provider: Arc<Provider>,
    /// The plugin that serves it; none: 503.
    pub plugin: Option<Plugin>,
    /// Where calls of that plugin are counted.
    meters: Option<Arc<Meters>>,
    /// Why its file is not in service, where it is not.
    pub refusal: Option<String>,
}

/// A plugin with the provider that it serves, as one request took it.
#[derive(Clone)]
pub struct Serving {
    /// The external's configuration.
    pub provider: Arc<Provider>,
    /// The plugin.
    pub plugin: Plugin,
    /// Where its calls are counted.
    pub meters: Arc<Meters>,
}

/// Why nothing serves an external.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// It was never configured.
    Unknown,
    /// Its plugin is away, or was refused.
    NotServing,
}

impl Registry {
    /// Loads what lies in the folder. What is refused there is logged, and serves nothing; what takes long to compile
    /// serves later.
    pub async fn open(settings: Settings, engine: Engine) -> Arc<Self> {
        let registry = Arc::new(Self { settings, engine, table: ArcSwap::default(), files: Mutex::default() });
        registry.look_first().await;
        registry
    }

    /// What serves an external now.
    pub fn serving(&self, external: &str) -> Result<Serving, Absence> {
        let table = self.table.load();
        let external = table.get(external).ok_or(Absence::Unknown)?;
        let plugin = external.plugin.clone().zip(external.meters.clone());
        let (plugin, meters) = plugin.ok_or(Absence::NotServing)?;
        Ok(Serving { provider: external.provider.clone(), plugin, meters })
    }

    /// One external, serving or not.
    pub fn external(&self, name: &str) -> Option<External> {
        self.table.load().get(name).cloned()
    }

    /// All externals, by name.
    pub fn externals(&self) -> Vec<External> {
        self.table.load().values().cloned().collect()
    }

    /// The folder that is watched.
    pub(super) fn dir(&self) -> &std::path::Path {
        &self.settings.dir
    }

    /// How long a start waits for what must be compiled.
    pub(super) fn patience(&self) -> Duration {
        self.settings.patience
    }

    /// Whether nothing was published yet, or there is nothing to publish.
    pub(super) fn is_empty(&self) -> bool {
        self.table.load().is_empty()
    }

    /// Makes the table anew of what there is, and says what changed.
    pub(super) fn publish(&self, files: &Files) {
        let before = self.table.load_full();
        let table: Table = self
            .providers(files, &before)
            .into_iter()
            .map(|provider| {
                let known = before.get(&provider.external);
                (provider.external.clone(), admit(provider, files, known))
            })
            .collect();
        let table = Arc::new(table);
        self.table.store(table.clone());
        for (name, external) in table.iter() {
            tell(name, before.get(name), external, files.waiting.contains(&external.provider.plugin));
        }
    }

    /// The configured providers, those of files that nobody configured, and those that were served once and whose
    /// file went away: they are out of service, which is not the same as never configured.
    fn providers(&self, files: &Files, before: &Table) -> Vec<Arc<Provider>> {
        let mut providers: Vec<_> = self.settings.providers.iter().cloned().map(Arc::new).collect();
        let used: BTreeSet<_> = self.settings.providers.iter().map(|provider| provider.plugin.as_str()).collect();
        let names: BTreeSet<_> = self.settings.providers.iter().map(|provider| provider.external.as_str()).collect();
        let found = files.marks.keys().chain(files.plugins.keys()).filter(|file| !used.contains(file.as_str()));
        let found = found.filter_map(|file| file.strip_suffix(".wasm"));
        let gone = before.keys().map(String::as_str);
        let unconfigured: BTreeSet<_> = found.chain(gone).filter(|name| !names.contains(name)).collect();
        for name in unconfigured.into_iter().filter(|name| is_external_name(name)) {
            providers.push(Arc::new(Provider::unconfigured(name, self.settings.limits.clone())));
        }
        providers
    }
}

/// A plugin that fails at any step changes nothing: the version before it serves on.
fn admit(provider: Arc<Provider>, files: &Files, known: Option<&External>) -> External {
    let refusal = files.refusals.get(&provider.plugin).cloned();
    let Some(plugin) = files.plugins.get(&provider.plugin) else {
        return External { provider, plugin: None, meters: None, refusal };
    };
    let lacks = lacks(&provider, plugin.description());
    if lacks.is_empty() {
        return External::served(provider, Some(plugin.clone()), refusal);
    }
    let before = known.and_then(|known| known.plugin.clone());
    External::served(provider, before, Some(lacks.join("; ")))
}

impl External {
    fn served(provider: Arc<Provider>, plugin: Option<Plugin>, refusal: Option<String>) -> Self {
        let meters = plugin.as_ref().map(|plugin| Arc::new(Meters::new(&provider.external, plugin.version().short())));
        Self { provider, plugin, meters, refusal }
    }
}

/// Says what changed for one external, once. That nothing serves one whose file is being compiled is told by its end.
fn tell(name: &str, before: Option<&External>, now: &External, waits: bool) {
    let version = |external: &External| external.plugin.as_ref().map(|plugin| plugin.version().short().to_owned());
    let (old, new) = (before.and_then(version), version(now));
    let file = &now.provider.plugin;
    match &new {
        Some(version) if old != new => tracing::info!(external = name, version, before = old, "plugin in service"),
        None if old.is_some() || (before.is_none() && !waits) => {
            tracing::warn!(external = name, file, before = old, "no plugin serves this external");
        }
        _ => {}
    }
    if old != new {
        metrics::counter!(telemetry::PLUGIN_SWAPS, "external" => name.to_owned()).increment(1);
    }
    let refusal =
        now.refusal.as_ref().filter(|refusal| before.and_then(|before| before.refusal.as_ref()) != Some(refusal));
    if let Some(reason) = refusal {
        let serves_on = new.is_some();
        tracing::error!(external = name, file, reason, serves_on, "plugin refused");
        metrics::counter!(telemetry::PLUGIN_REFUSALS, "external" => name.to_owned()).increment(1);
    }
}
