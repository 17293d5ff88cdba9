//! The host that the demonstration shows: its configuration, and the secrets it shares with others.

use anyhow::{Context, Result};
use serde_json::json;
use simulators::host::{Host, free_address};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// What callbacks are signed with here.
pub(crate) const CALLBACK_SECRET: &str = "whsec_cHJvdm9zdC1kZW1vbnN0cmF0aW9uLXNlY3JldA==";
/// What the sandbox's webhooks are signed with here.
pub(crate) const WEBHOOK_SECRET: &str = "sandbox-demonstration-secret";

/// Where it listens if it can.
const USUAL_PORT: u16 = 8080;

/// Starts a host with an empty store, in front of the sandbox and of the wallet.
pub(crate) async fn start(
    provost: &Path,
    plugins: &Path,
    folder: &Path,
    callbacks: &str,
    wallet: SocketAddr,
) -> Result<Host> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let pgms_file = pgms_file(folder);
    let services =
        json!({ "externalServices": [{ "externalService": "wallet", "baseUrl": format!("http://{wallet}") }] });
    fs::write(&pgms_file, format!("{services:#}"))?;
    let address = free_address(USUAL_PORT)?;
    let configuration = format!(
        r#"# Written by `cargo xtask demo`.

[api]
listen = "{address}"
public_url = "http://{address}"

[plugins]
dir = {plugins:?}

[store]
url = {store:?}

[callbacks]
url = "{callbacks}"
secret = {{ env = "CALLBACK_SECRET" }}

[providers.sandbox]
secrets.webhook = {{ env = "SANDBOX_WEBHOOK_SECRET" }}
"#,
        store = format!("sqlite:{}", folder.join("provost.db").display()),
    );
    let environment = [
        ("CALLBACK_SECRET", CALLBACK_SECRET),
        ("SANDBOX_WEBHOOK_SECRET", WEBHOOK_SECRET),
        ("EXTERNAL_PROVIDERS_CONFIG", &pgms_file.to_string_lossy()),
    ];
    Ok(Host::start(provost, folder, address, &configuration, &environment).await?)
}

/// Where the services are named as PGM names them.
pub(crate) fn pgms_file(folder: &Path) -> PathBuf {
    folder.join("external-providers.json")
}
