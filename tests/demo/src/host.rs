//! The host that the demonstration shows: its configuration, and the secrets it shares with others.

use anyhow::{Context, Result};
use simulators::host::{Host, free_address};
use std::fs;
use std::path::Path;

/// What callbacks are signed with here.
pub(crate) const CALLBACK_SECRET: &str = "whsec_cHJvdm9zdC1kZW1vbnN0cmF0aW9uLXNlY3JldA==";
/// What the sandbox's webhooks are signed with here.
pub(crate) const WEBHOOK_SECRET: &str = "sandbox-demonstration-secret";

/// Where it listens if it can.
const USUAL_PORT: u16 = 8080;

/// Starts a host with an empty store.
pub(crate) async fn start(provost: &Path, plugins: &Path, folder: &Path, callbacks: &str) -> Result<Host> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
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
    let secrets = [("CALLBACK_SECRET", CALLBACK_SECRET), ("SANDBOX_WEBHOOK_SECRET", WEBHOOK_SECRET)];
    Ok(Host::start(provost, folder, address, &configuration, &secrets).await?)
}
