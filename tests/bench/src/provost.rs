//! The host under measurement, with one plugin, as an operator would run it.

use crate::Settings;
use anyhow::Result;
use simulators::host::{Host, free_address};
use std::net::SocketAddr;
use std::path::Path;

/// A host with the plugin that needs no network.
pub(crate) async fn with_sandbox(settings: &Settings, folder: &Path) -> Result<Host> {
    start(settings, folder, &settings.plugins, "[providers.sandbox]").await
}

/// A host with the plugin that asks the provider.
pub(crate) async fn with_acme(settings: &Settings, folder: &Path, provider: SocketAddr) -> Result<Host> {
    let lines = format!(
        r#"[providers.acme]
allow = [{{ origin = "http://{provider}", private = true }}]
settings = {{ base_url = "http://{provider}" }}
secrets.api_key = {{ env = "ACME_KEY", origins = ["http://{provider}"] }}"#
    );
    start(settings, folder, &settings.guests, &lines).await
}

/// A host with the plugin that forwards to a service.
pub(crate) async fn with_microservice(settings: &Settings, folder: &Path, service: SocketAddr) -> Result<Host> {
    let lines = format!(
        r#"[providers.service]
plugin = "microservice.wasm"
allow = [{{ origin = "http://{service}", private = true }}]
settings = {{ base_url = "http://{service}/v3/service" }}"#
    );
    start(settings, folder, &settings.plugins, &lines).await
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

async fn start(settings: &Settings, folder: &Path, plugins: &Path, lines: &str) -> Result<Host> {
    let address = free_address(0)?;
    let configuration = format!(
        r#"[api]
listen = "{address}"
public_url = "http://{address}"

[plugins]
dir = {plugins:?}

[store]
url = {store:?}

{lines}
"#,
        store = format!("sqlite:{}", folder.join("provost.db").display()),
    );
    Ok(Host::start(&settings.provost, folder, address, &configuration, &[("ACME_KEY", "key")]).await?)
}
