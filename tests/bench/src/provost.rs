//! The host under measurement, with one plugin, as an operator would run it.

use crate::Settings;
use anyhow::Result;
use simulators::host::{Host, free_address};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// What the variable of a store's key holds: 32 bytes in base64. Nothing that is measured is a secret.
const KEY: (&str, &str) = ("STORE_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");

/// Where a host is put, and what it keeps its records in.
pub(crate) struct Place {
    folder: PathBuf,
    store: String,
}

impl Place {
    /// A folder with a file beside the host's log.
    pub(crate) fn file(folder: &Path) -> Self {
        let url = format!("sqlite:{}", folder.join("provost.db").display());
        Self { folder: folder.to_owned(), store: format!("url = {url:?}") }
    }

    /// A database in a server. Nothing that it keeps of requests is sealed, and so nothing is kept.
    pub(crate) fn server(folder: &Path, url: &str) -> Self {
        Self { folder: folder.to_owned(), store: format!("url = {url:?}") }
    }

    /// The same with a key to seal with.
    pub(crate) fn with_key(self) -> Self {
        Self { store: format!("{}\nkey = {{ env = {:?} }}", self.store, KEY.0), ..self }
    }
}

/// A host with the plugin that needs no network.
pub(crate) async fn with_sandbox(settings: &Settings, place: &Place) -> Result<Host> {
    start(settings, place, &settings.plugins, "[providers.sandbox]").await
}

/// The same, and a merchant is told of each payment.
pub(crate) async fn with_sandbox_and_merchant(
    settings: &Settings,
    place: &Place,
    merchant: SocketAddr,
) -> Result<Host> {
    let lines = format!("[providers.sandbox]\ncallbacks.url = \"http://{merchant}/callbacks\"");
    start(settings, place, &settings.plugins, &lines).await
}

/// A host with the plugin that asks the provider.
pub(crate) async fn with_acme(settings: &Settings, place: &Place, provider: SocketAddr) -> Result<Host> {
    let lines = format!(
        r#"[providers.acme]
allow = [{{ origin = "http://{provider}", private = true }}]
settings = {{ base_url = "http://{provider}" }}
secrets.api_key = {{ env = "ACME_KEY", origins = ["http://{provider}"] }}"#
    );
    start(settings, place, &settings.guests, &lines).await
}

/// A host with the plugin that forwards to a service.
pub(crate) async fn with_microservice(settings: &Settings, place: &Place, service: SocketAddr) -> Result<Host> {
    let lines = format!(
        r#"[providers.service]
plugin = "microservice.wasm"
allow = [{{ origin = "http://{service}", private = true }}]
settings = {{ base_url = "http://{service}/v3/service" }}"#
    );
    start(settings, place, &settings.plugins, &lines).await
}

/// A host with the plugin that needs no network, and room for so many connections.
pub(crate) async fn for_many(provost: &Path, folder: &Path, plugins: &Path, connections: usize) -> Result<Host> {
    let address = free_address(0)?;
    let store = format!("sqlite:{}", folder.join("provost.db").display());
    let configuration = format!(
        "[api]\nlisten = \"{address}\"\nconnections = {connections}\n[plugins]\ndir = {plugins:?}\n\
         [store]\nurl = {store:?}\n[providers.sandbox]\n"
    );
    Ok(Host::start(provost, folder, address, &configuration, &[]).await?)
}

async fn start(settings: &Settings, place: &Place, plugins: &Path, lines: &str) -> Result<Host> {
    let address = free_address(0)?;
    let Place { folder, store } = place;
    let configuration = format!(
        r#"[api]
listen = "{address}"
public_url = "http://{address}"

[plugins]
dir = {plugins:?}

[store]
{store}

{lines}
"#
    );
    let secrets = [("ACME_KEY", "key"), KEY];
    Ok(Host::start(&settings.provost, folder, address, &configuration, &secrets).await?)
}
