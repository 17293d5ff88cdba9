//! A host inside the test program, and how a test wants it set up.

use super::{Kept, component};
use provost::api::{self, Phase};
use provost::app::{App, BuildError};
use provost::capabilities::{Limits, Provider, Secret};
use provost::clock::Clock;
use provost::config::Config;
use provost::egress::{Grant, Origin};
use provost::model::SecretBytes;
use provost::store::OpenError;
use provost::{operations, outbox, registry, runtime, telemetry};
use simulators::{Bank, Merchant, PATIENCE, bank, provider};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::watch;
use url::Url;

/// What merchants and hosts of the tests have agreed on.
pub const CALLBACK_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What a sandbox's webhooks are signed with.
pub const SANDBOX_WEBHOOK_SECRET: &str = "sandbox-webhook-secret";

/// How a host is to be.
pub struct Setup {
    dir: TempDir,
    /// Where its store is.
    pub kept: Kept,
    /// The time; the system's unless a test holds it.
    pub clock: Clock,
    /// The providers.
    pub providers: Vec<Provider>,
    /// The outbox.
    pub callbacks: outbox::Settings,
    /// The operations.
    pub operations: operations::Settings,
    /// What webhook URLs are built from.
    pub public_url: Option<Url>,
    /// Whether callers must give a key.
    pub require_idempotency_key: bool,
    /// Whether webhooks have a listener of their own.
    pub callbacks_apart: bool,
    /// How many connections there may be.
    pub connections: usize,
    /// Who may call.
    pub keys: Vec<api::Key>,
    /// How much may be asked with each key.
    pub rate: Option<api::Rate>,
}

/// A host that serves until it is dropped.
pub struct Host {
    /// Where, such as `http://127.0.0.1:40123`.
    pub url: String,
    /// Where webhooks are taken, if that is elsewhere.
    pub callbacks_url: Option<String>,
    /// Its time.
    pub clock: Clock,
    pub(super) client: reqwest::Client,
    setup: Option<Setup>,
    phase: watch::Sender<Phase>,
    stop: watch::Sender<bool>,
    threads: Vec<std::thread::JoinHandle<std::io::Result<usize>>>,
    background: Option<tokio::task::JoinHandle<()>>,
}

impl Setup {
    /// Without plugins, without merchant, with a store of its own.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder for the test");
        std::fs::create_dir(dir.path().join("plugins")).expect("a folder for plugins");
        Self {
            dir,
            kept: Kept::choose(),
            clock: Clock::system(),
            providers: Vec::new(),
            callbacks: outbox::Settings::default(),
            operations: operations::Settings::default(),
            public_url: Some(Url::parse("https://pay.example.com").expect("a URL")),
            require_idempotency_key: false,
            callbacks_apart: false,
            connections: 1_000,
            keys: Vec::new(),
            rate: None,
        }
    }

    /// The folder that is watched.
    pub fn plugins(&self) -> PathBuf {
        self.dir.path().join("plugins")
    }

    /// The SQLite file.
    pub fn database(&self) -> PathBuf {
        self.dir.path().join("provost.db")
    }

    /// Puts a component into the folder under a name.
    pub fn plugin(self, name: &str, file: &str) -> Self {
        std::fs::copy(component(name), self.plugins().join(file)).expect("the component can be copied");
        self
    }

    /// The sandbox provider as `/v3/sandbox`.
    pub fn sandbox(mut self) -> Self {
        let mut provider = Provider::unconfigured("sandbox", Limits::default());
        provider.secrets.insert("webhook".to_owned(), secret(SANDBOX_WEBHOOK_SECRET, &[]));
        self.providers.push(provider);
        self.plugin("sandbox", "sandbox.wasm")
    }

    /// The example plugin in front of a scripted provider, as `/v3/acme`.
    pub fn acme(self, provider: &simulators::Provider) -> Self {
        self.in_front_of("acme", provider)
    }

    /// The guest of this name in front of a scripted provider, as `/v3/{guest}`.
    pub fn in_front_of(mut self, guest: &str, provider: &simulators::Provider) -> Self {
        let base = provider.url();
        let origin = Origin::parse(base.trim_end_matches('/')).expect("an origin");
        let mut configured = Provider::unconfigured(guest, Limits::default());
        configured.grants.push(Grant { private: true, ..Grant::to(origin) });
        configured.settings.insert("base_url".to_owned(), base.clone());
        configured.secrets.insert("api_key".to_owned(), secret("acme-api-key", &[&base]));
        configured.secrets.insert("webhook".to_owned(), secret(provider::WEBHOOK_SECRET, &[]));
        self.providers.push(configured);
        self.plugin(guest, &format!("{guest}.wasm"))
    }

    /// The guest that speaks every interface in front of a bank, as `/v3/bank`.
    pub fn bank(self, bank: &Bank) -> Self {
        let base = bank.url();
        let mut configured = Provider::unconfigured("bank", Limits::default());
        configured.grants.push(Grant { private: true, ..Grant::to(Origin::parse(&base).expect("an origin")) });
        configured.settings.insert("base_url".to_owned(), base.clone());
        configured.secrets.insert("api_key".to_owned(), secret(bank::API_KEY, &[&base]));
        configured.secrets.insert("webhook".to_owned(), secret(bank::SIGNED_WITH, &[]));
        let mut setup = self.plugin("bank", "bank.wasm");
        setup.providers.push(configured);
        setup
    }

    /// Changes the provider that was added last.
    pub fn with(mut self, change: impl FnOnce(&mut Provider)) -> Self {
        change(self.providers.last_mut().expect("a provider was added before"));
        self
    }

    /// Callbacks go to this merchant, signed.
    pub fn merchant(mut self, merchant: &Merchant) -> Self {
        self.callbacks.target = Some(target(merchant));
        self
    }

    /// Under a clock that the test holds.
    pub fn clock(mut self, clock: &Clock) -> Self {
        self.clock = clock.clone();
        self
    }

    fn config(&self) -> Config {
        Config {
            api: api::Settings {
                listen: ([127, 0, 0, 1], 0).into(),
                callbacks_listen: self.callbacks_apart.then(|| ([127, 0, 0, 1], 0).into()),
                public_url: self.public_url.clone(),
                body_limit: 64 << 10,
                require_idempotency_key: self.require_idempotency_key,
                connections: self.connections,
                keys: self.keys.clone(),
                rate: self.rate,
                threads: 1,
            },
            admin: api::admin::Settings { listen: ([127, 0, 0, 1], 0).into(), token: None },
            shutdown: api::Shutdown::default(),
            log: telemetry::Settings { level: "info".to_owned(), format: None },
            store: self.kept.settings(&self.database()),
            // The test program is no `provost`, which could be its compiler. All its hosts keep what they compile.
            runtime: runtime::Settings {
                concurrent_calls: 64,
                compiler: runtime::Compiler::InProcess,
                cache: Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled")),
                ..runtime::Settings::default()
            },
            registry: registry::Settings {
                dir: self.plugins(),
                providers: self.providers.clone(),
                limits: Limits::default(),
                // On a machine where much else runs: a host here is ready when all its plugins are.
                patience: 6 * PATIENCE,
            },
            callbacks: self.callbacks.clone(),
            operations: self.operations.clone(),
        }
    }

    /// Starts it; it is ready when this returns.
    pub async fn start(self) -> Host {
        super::logs::keep();
        // First: what is measured finds its recorder when it is made.
        let metrics = super::metrics::handle();
        let config = self.config();
        let app = build(&config, &self.clock).await;
        let (phase, seen) = watch::channel(Phase::Serving);
        let (stop, stopped) = watch::channel(false);
        let routers = api::routers(api::Parts {
            operations: app.operations.clone(),
            settings: config.api.clone(),
            metrics,
            clock: self.clock.clone(),
            phase: seen.clone(),
        });
        let listener = api::bind(config.api.listen).expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("a bound port"));
        let connections = config.api.connections;
        let serve = |listener: &std::net::TcpListener, router| {
            api::serve_on_threads(listener, router, &seen, 1, connections, Duration::from_secs(5))
                .expect("the host serves")
        };
        let mut threads = serve(&listener, &routers.api);
        let callbacks_url = routers.callbacks.as_ref().map(|router| {
            let listener = api::bind(([127, 0, 0, 1], 0).into()).expect("a free port");
            threads.extend(serve(&listener, router));
            format!("http://{}", listener.local_addr().expect("a bound port"))
        });
        let background = tokio::spawn(async move {
            app.run(stopped).await;
            app.leave(Duration::from_secs(5)).await;
        });
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let clock = self.clock.clone();
        Host {
            url,
            callbacks_url,
            clock,
            client,
            setup: Some(self),
            phase,
            stop,
            threads,
            background: Some(background),
        }
    }
}

impl Host {
    /// The folder that is watched.
    pub fn plugins(&self) -> PathBuf {
        self.setup().plugins()
    }

    /// The SQLite file.
    pub fn database(&self) -> PathBuf {
        self.setup().database()
    }

    /// Where its store is.
    pub fn kept(&self) -> &Kept {
        &self.setup().kept
    }

    /// Stops it and hands its setup back, so that it can be started again over the same store.
    pub async fn stop(mut self) -> Setup {
        self.phase.send_replace(Phase::Stopped);
        self.stop.send_replace(true);
        let threads = std::mem::take(&mut self.threads);
        let joined = tokio::task::spawn_blocking(move || {
            for thread in threads {
                thread.join().expect("no panic").expect("the host serves to its end");
            }
        });
        joined.await.expect("no panic");
        self.background.take().expect("a host is stopped once").await.expect("the host ends in good order");
        self.setup.take().expect("a host is stopped once")
    }

    fn setup(&self) -> &Setup {
        self.setup.as_ref().expect("a running host has its setup")
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // What still runs ends with the test program; nobody waits for it.
        self.phase.send_replace(Phase::Stopped);
        self.stop.send_replace(true);
    }
}

/// A host that was stopped a moment ago may still be settling its last deliveries, and holds its file until then.
async fn build(config: &Config, clock: &Clock) -> App {
    let mut glances = tokio::time::interval(Duration::from_millis(5));
    let built = async {
        loop {
            glances.tick().await;
            match App::build(config, clock.clone()).await {
                Err(BuildError::Store(OpenError::Taken(_))) => {}
                built => return built.expect("the host can be built"),
            }
        }
    };
    tokio::time::timeout(PATIENCE, built).await.expect("the host before this one lets its file go")
}

/// Where callbacks to a merchant go.
pub fn target(merchant: &Merchant) -> outbox::Target {
    let url = Url::parse(&merchant.url()).expect("a merchant has a URL");
    outbox::Target { url, secrets: vec![callback_secret()] }
}

fn callback_secret() -> SecretBytes {
    use base64::Engine as _;
    let text = CALLBACK_SECRET.trim_start_matches("whsec_");
    SecretBytes::new(base64::engine::general_purpose::STANDARD.decode(text).expect("base64"))
}

/// A secret that may be used toward these origins.
pub fn secret(value: &str, origins: &[&str]) -> Secret {
    let origins = origins.iter().map(|origin| Origin::parse(origin.trim_end_matches('/')).expect("an origin"));
    Secret { values: vec![SecretBytes::new(value.as_bytes().to_vec())], origins: origins.collect() }
}
