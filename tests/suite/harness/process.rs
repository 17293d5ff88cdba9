//! A host as a process of its own, which can be killed at any moment and started again over what it left.

use super::client::{Reply, send};
use super::{CALLBACK_SECRET, Database, Kept, component};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use simulators::host::{self, free_address};
use simulators::{Merchant, Provider, provider};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use tempfile::TempDir;

/// What the environment holds for every such host.
const SECRETS: [(&str, &str); 3] = [
    ("ACME_KEY", "acme-api-key"),
    ("ACME_WEBHOOK_KEY", provider::WEBHOOK_SECRET),
    ("CALLBACK_SECRET", CALLBACK_SECRET),
];

/// A host that can be started, killed and started again.
pub struct Process {
    folder: TempDir,
    kept: Kept,
    program: PathBuf,
    provider_url: String,
    merchant_url: Option<String>,
    externals: Vec<String>,
    address: SocketAddr,
    running: Option<host::Host>,
    caller: Caller,
}

/// What a run of the program came to.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code.
    pub code: i32,
    /// Data.
    pub out: String,
    /// Talk.
    pub err: String,
}

impl Ran {
    /// The data as JSON, of a run that ended well.
    pub fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{self:?}");
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }
}

/// Sends requests to a host for as long as it lives.
struct Caller {
    origin: String,
    client: reqwest::Client,
}

impl Caller {
    fn of(address: SocketAddr) -> Self {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { origin: format!("http://{address}"), client }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.origin))
    }
}

impl Process {
    /// A host with these guests in front of a scripted provider, each as `/v3/{guest}`. It does not run yet.
    pub fn prepare(provider: &Provider, merchant: Option<&Merchant>, guests: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let plugins = folder.path().join("plugins");
        std::fs::create_dir(&plugins).expect("a folder for plugins");
        for guest in guests {
            std::fs::copy(component(guest), plugins.join(format!("{guest}.wasm"))).expect("a component can be copied");
        }
        let address = free_address(0).expect("loopback has a free port");
        Self {
            folder,
            kept: Kept::choose(),
            program: program(),
            provider_url: provider.url(),
            merchant_url: merchant.map(Merchant::url),
            externals: guests.iter().map(|guest| (*guest).to_owned()).collect(),
            address,
            running: None,
            caller: Caller::of(address),
        }
    }

    /// The same over this store.
    pub fn over(mut self, kept: &Kept) -> Self {
        self.kept = kept.clone();
        self
    }

    /// Stops it where it is, as a machine does that is moved to another: it knows nothing of the time that passes.
    pub fn pause(&self) {
        self.signal(rustix::process::Signal::STOP);
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.signal(rustix::process::Signal::CONT);
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let id = self.running.as_ref().expect("it runs").id();
        let process = rustix::process::Pid::from_raw(id.cast_signed()).expect("a process has a number");
        rustix::process::kill_process(process, signal).expect("a child can be signalled");
    }

    /// The same with a file of its own, whatever the environment wants.
    pub fn on_a_file(self) -> Self {
        Self { kept: Kept::File, ..self }
    }

    /// Starts it over what is there, with these variables too, and waits until it is ready.
    pub async fn start(&mut self, environment: &[(&str, &str)]) {
        self.running = None;
        // Where somebody took the port since, another will do: nobody has kept it.
        self.address = free_address(self.address.port()).expect("loopback has a free port");
        self.caller = Caller::of(self.address);
        let configuration = self.configuration();
        let environment: Vec<_> = SECRETS.iter().chain(environment).copied().collect();
        let folder = self.folder.path();
        let started = host::Host::start(&self.program, folder, self.address, &configuration, &environment).await;
        self.running = Some(started.unwrap_or_else(|trouble| panic!("{trouble}")));
    }

    /// Ends it as a power cut would.
    pub async fn kill(&mut self) {
        let mut running = self.running.take().expect("it runs");
        running.kill().await.expect("a process can be killed");
    }

    /// Waits until it has died by itself.
    pub async fn died(&mut self) {
        let mut running = self.running.take().expect("it was started");
        let waited = tokio::time::timeout(simulators::PATIENCE, running.ended()).await;
        waited.unwrap_or_else(|_| panic!("{}", running.trouble("did not die")));
    }

    /// Tells it to stop, as an orchestrator does.
    pub fn terminate(&self) {
        self.signal(rustix::process::Signal::TERM);
    }

    /// Runs the program with these arguments in the host's folder, as an operator beside it does.
    pub async fn command(&self, arguments: &[&str]) -> Ran {
        let mut command = tokio::process::Command::new(&self.program);
        command.args(arguments).current_dir(self.folder.path()).env_clear().envs(SECRETS).env("USER", "ann");
        let output = command.output().await.expect("the program can be run");
        let text = |bytes| String::from_utf8(bytes).expect("the program writes UTF-8");
        let code = output.status.code().expect("no signal ended it");
        Ran { code, out: text(output.stdout), err: text(output.stderr) }
    }

    /// A file in its folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until it has ended by itself, and gives its exit code; none where a signal ended it.
    pub async fn ended(&mut self) -> Option<i32> {
        let mut running = self.running.take().expect("it was started");
        let waited = tokio::time::timeout(simulators::PATIENCE, running.exited()).await;
        let status = waited.unwrap_or_else(|_| panic!("{}", running.trouble("did not end")));
        status.expect("a process can be waited for").code()
    }

    /// Its configuration, as written when it was started last.
    pub fn configuration_file(&self) -> PathBuf {
        self.folder.path().join("provost.toml")
    }

    /// Its database.
    pub fn database_file(&self) -> PathBuf {
        self.folder.path().join("provost.db")
    }

    /// What the environment holds for it.
    pub fn secrets(&self) -> [(&'static str, &'static str); 3] {
        SECRETS
    }

    /// A request to a path of this host.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.caller.request(method, path)
    }

    /// Posts JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        send(self.request(Method::POST, path).json(body)).await
    }

    /// Gets a path.
    pub async fn get(&self, path: &str) -> Reply {
        send(self.request(Method::GET, path)).await
    }

    /// Where it takes the webhooks of an external.
    pub fn webhook_url(&self, external: &str) -> String {
        format!("http://{}/v3/{external}/callback", self.address)
    }

    /// What it has on disk.
    pub fn on_disk(&self) -> Database {
        Database::open(&self.kept, &self.database_file())
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.running.as_ref().expect("it runs").id()
    }

    /// What it has logged since it was started last.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("provost.log")).expect("the host writes its log")
    }

    fn configuration(&self) -> String {
        let Self { address, provider_url, .. } = self;
        let mut toml = format!(
            "[api]\nlisten = \"{address}\"\npublic_url = \"https://pay.example.com\"\n\
             [store]\nurl = \"{}\"\n[plugins]\ndir = \"plugins\"\n",
            self.kept.url()
        );
        if let Some(url) = &self.merchant_url {
            let _ = write!(toml, "[callbacks]\nurl = \"{url}\"\nsecret = {{ env = \"CALLBACK_SECRET\" }}\n");
        }
        for external in &self.externals {
            let _ = write!(
                toml,
                "[providers.{external}]\n\
                 allow = [{{ origin = \"{provider_url}\", private = true }}]\n\
                 settings = {{ base_url = \"{provider_url}\" }}\n\
                 secrets.api_key = {{ env = \"ACME_KEY\", origins = [\"{provider_url}\"] }}\n\
                 secrets.webhook = {{ env = \"ACME_WEBHOOK_KEY\" }}\n"
            );
        }
        toml
    }
}

/// The program beside the test programs. One that is older than its sources would be judged for what it no longer is.
pub fn program() -> PathBuf {
    let test = std::env::current_exe().expect("a test program knows where it is");
    // target/debug/deps/suite-…
    let folder = test.ancestors().nth(2).expect("a test program lies in target/PROFILE/deps");
    let program = folder.join("provost");
    let built = std::fs::metadata(&program).and_then(|metadata| metadata.modified());
    let built = built.unwrap_or_else(|_| panic!("{} is not there: `cargo build -p provost`", program.display()));
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/src");
    assert!(newest(&sources) <= built, "{} is older than its sources: `cargo build -p provost`", program.display());
    program
}

/// What is preloaded into a host to make its disk fail.
pub fn preloaded() -> PathBuf {
    let library = program().with_file_name("libfaulty_disk.so");
    assert!(library.exists(), "{} is not there: `cargo build -p faulty-disk`", library.display());
    library
}

fn newest(folder: &Path) -> SystemTime {
    let entries = std::fs::read_dir(folder).expect("the sources of the host are there");
    let times = entries.map(|entry| {
        let entry = entry.expect("the folder can be read");
        let metadata = entry.metadata().expect("a file has its metadata");
        if metadata.is_dir() { newest(&entry.path()) } else { metadata.modified().expect("a file has its time") }
    });
    times.max().unwrap_or(SystemTime::UNIX_EPOCH)
}
