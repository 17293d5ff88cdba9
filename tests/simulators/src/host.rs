//! A host as a process of its own, as an operator starts one: what can be killed like one.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};

/// Compiling the plugins included.
const START: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(20);

/// A running host; killed when this is dropped, which a host is made to bear.
pub struct Host {
    address: SocketAddr,
    log: PathBuf,
    id: u32,
    child: Child,
}

/// Why there is no host, or no more; says what its log says.
#[derive(Debug)]
pub struct Trouble(String);

impl fmt::Display for Trouble {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0)
    }
}

impl std::error::Error for Trouble {}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self(format!("the host cannot be started: {error}"))
    }
}

impl Host {
    /// Runs the program at `provost` with this configuration, which must say that it listens at
    /// `address`, and waits until it is ready. Configuration and log are written into `folder`. Of
    /// this process's environment, what would be a setting of the host is kept from it.
    pub async fn start(
        provost: &Path,
        folder: &Path,
        address: SocketAddr,
        configuration: &str,
        environment: &[(&str, &str)],
    ) -> Result<Self, Trouble> {
        let mut host = Self::spawn(provost, folder, address, configuration, environment)?;
        let started = tokio::select! {
            trouble = host.ended() => return Err(trouble),
            started = tokio::time::timeout(START, ready(address)) => started,
        };
        started.map_err(|_| host.trouble("is not ready after a minute"))?;
        Ok(host)
    }

    /// The same without waiting: it may die before it is ready.
    pub fn spawn(
        provost: &Path,
        folder: &Path,
        address: SocketAddr,
        configuration: &str,
        environment: &[(&str, &str)],
    ) -> Result<Self, Trouble> {
        fs::create_dir_all(folder)?;
        let file = folder.join("provost.toml");
        fs::write(&file, configuration)?;
        let log = folder.join("provost.log");
        let output = File::create(&log)?;

        let mut command = Command::new(provost);
        command.arg("serve").arg("--config").arg(&file);
        for (name, _) in std::env::vars_os() {
            if is_a_setting(&name.to_string_lossy()) {
                command.env_remove(name);
            }
        }
        command.envs(environment.iter().copied());
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        // A group of its own: what Ctrl-C means is for whoever started it to say.
        command.process_group(0).kill_on_drop(true);
        let child = command.spawn()?;
        let id = child.id().ok_or_else(|| io::Error::other("it has no process id"))?;

        Ok(Self { address, log, id, child })
    }

    /// Its origin, such as `http://127.0.0.1:40123`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Where its log lines go.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Waits for its end, and says how that came.
    pub async fn ended(&mut self) -> Trouble {
        match self.child.wait().await {
            Ok(status) => self.trouble(&format!("ended with {status}")),
            Err(error) => self.trouble(&format!("cannot be waited for: {error}")),
        }
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// Where the system cannot say.
    pub async fn exited(&mut self) -> io::Result<std::process::ExitStatus> {
        self.child.wait().await
    }

    /// Ends it as a power cut would, and waits until it is gone.
    pub async fn kill(&mut self) -> io::Result<()> {
        self.child.kill().await
    }

    /// What is wrong, with what the host said last.
    pub fn trouble(&self, what: &str) -> Trouble {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        let last = lines[lines.len().saturating_sub(20)..].join("\n");
        Trouble(format!("the host {what}; the end of {}:\n{last}", self.log.display()))
    }
}

/// Waits until the host at this address is ready, for as long as that takes.
pub async fn ready(address: SocketAddr) {
    let question = format!("http://{address}/-/ready");
    let client = reqwest::Client::builder().no_proxy().build().expect("a client without settings can be made");
    let mut glances = tokio::time::interval(GLANCE);
    loop {
        glances.tick().await;
        let asked = client.get(&question).send().await;
        if asked.is_ok_and(|answer| answer.status().is_success()) {
            return;
        }
    }
}

/// A port of loopback that nobody had a moment ago: the wanted one if it is free, else any.
pub fn free_address(wanted: u16) -> io::Result<SocketAddr> {
    TcpListener::bind(("127.0.0.1", wanted)).or_else(|_| TcpListener::bind(("127.0.0.1", 0)))?.local_addr()
}

/// Settings of whoever runs this are not the host's.
fn is_a_setting(name: &str) -> bool {
    let known = ["HTTP_PORT", "LOG_LEVEL", "PAYMENT_CALLBACK_URL", "EXTERNAL_PROVIDERS_CONFIG", "FLOW_MANAGER_URL"];
    name.starts_with("PROVOST_") || known.contains(&name)
}
