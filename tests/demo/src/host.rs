//! The host as a process of its own: its configuration, its start, its end.

use anyhow::{Context, Result, bail};
use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::sync::Mutex;

/// What callbacks are signed with here.
pub(crate) const CALLBACK_SECRET: &str = "whsec_cHJvdm9zdC1kZW1vbnN0cmF0aW9uLXNlY3JldA==";
/// What the sandbox's webhooks are signed with here.
pub(crate) const WEBHOOK_SECRET: &str = "sandbox-demonstration-secret";

/// Where it listens if it can.
const USUAL_PORT: u16 = 8080;
/// Compiling the plugins included.
const START: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(50);

/// A running host; killed when this is dropped, which a host is made to bear.
pub(crate) struct Host {
    address: SocketAddr,
    log: PathBuf,
    child: Mutex<Child>,
}

impl Host {
    /// Starts a host with an empty store, and waits until it is ready.
    pub(crate) async fn start(provost: &Path, plugins: &Path, folder: &Path, callbacks: &str) -> Result<Self> {
        let address = free_address()?;
        if folder.exists() {
            fs::remove_dir_all(folder).with_context(|| format!("cannot empty {}", folder.display()))?;
        }
        fs::create_dir_all(folder)?;
        let configuration = folder.join("provost.toml");
        fs::write(&configuration, configured(address, plugins, &folder.join("provost.db"), callbacks))?;

        let log = folder.join("provost.log");
        let output = File::create(&log)?;
        let mut command = Command::new(provost);
        command.arg("serve").arg("--config").arg(&configuration);
        for (name, _) in std::env::vars_os() {
            if is_a_setting(&name.to_string_lossy()) {
                command.env_remove(name);
            }
        }
        command.env("CALLBACK_SECRET", CALLBACK_SECRET).env("SANDBOX_WEBHOOK_SECRET", WEBHOOK_SECRET);
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        // A group of its own: Ctrl-C is ours to handle.
        command.process_group(0).kill_on_drop(true);
        let child = command.spawn().with_context(|| format!("cannot start {}", provost.display()))?;

        let host = Self { address, log, child: Mutex::new(child) };
        tokio::select! {
            ended = host.ended() => ended?,
            ready = tokio::time::timeout(START, host.ready()) => {
                ready.map_err(|_| host.trouble("is not ready after a minute"))?;
            }
        }
        Ok(host)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where its log lines go.
    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// Waits for its end, which is always an error: nobody here asks for it.
    pub(crate) async fn ended(&self) -> Result<()> {
        let status = self.child.lock().await.wait().await?;
        Err(self.trouble(&format!("ended with {status}")))
    }

    /// An error that shows what the host said last.
    pub(crate) fn trouble(&self, what: &str) -> anyhow::Error {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        let last = lines[lines.len().saturating_sub(20)..].join("\n");
        anyhow::anyhow!("the host {what}; the end of {}:\n{last}", self.log.display())
    }

    async fn ready(&self) {
        let question = format!("{}/-/ready", self.url());
        let mut glances = tokio::time::interval(GLANCE);
        loop {
            glances.tick().await;
            let asked = reqwest::get(&question).await;
            if asked.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
        }
    }
}

fn configured(address: SocketAddr, plugins: &Path, store: &Path, callbacks: &str) -> String {
    format!(
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
        store = format!("sqlite:{}", store.display()),
    )
}

/// Settings of whoever runs the demo are not the demo's.
fn is_a_setting(name: &str) -> bool {
    let known = ["HTTP_PORT", "PAYMENT_CALLBACK_URL", "EXTERNAL_PROVIDERS_CONFIG", "FLOW_MANAGER_URL"];
    name.starts_with("PROVOST_") || known.contains(&name)
}

/// The usual port if nobody has it, else any.
fn free_address() -> Result<SocketAddr> {
    for port in [USUAL_PORT, 0] {
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)) {
            return Ok(listener.local_addr()?);
        }
    }
    bail!("no port of 127.0.0.1 is free")
}
