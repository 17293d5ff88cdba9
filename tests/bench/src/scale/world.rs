//! A host with two externals, each with a merchant of its own, over a store that is filled while the host is down.

use super::Settings;
use super::merchant::Merchant;
use crate::case::Endpoint;
use crate::load;
use anyhow::{Context, Result};
use rusqlite::Connection;
use simulators::host::{Host, free_address};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The external whose records and callbacks are many.
pub(super) const BUSY: &str = "sandbox";

/// The other one.
pub(super) const OTHER: &str = "other";

/// Long enough for the page cache and the plugin to be there.
const WARM_UP: Duration = Duration::from_millis(500);

/// A store with a host that can be started over it.
pub(super) struct World {
    provost: PathBuf,
    plugins: PathBuf,
    folder: PathBuf,
    address: SocketAddr,
    /// Where callbacks of [`BUSY`] and of [`OTHER`] go.
    merchants: [SocketAddr; 2],
    /// Where payments of the two are made, none twice.
    pay: [Arc<Endpoint>; 2],
    host: Option<Host>,
}

impl World {
    /// An empty store in a folder of this name.
    pub(super) fn new(settings: &Settings, name: &str, merchants: [SocketAddr; 2]) -> Result<Self> {
        let (provost, plugins) = (settings.provost.clone(), settings.plugins.clone());
        let folder = settings.folder.join(name);
        let address = free_address(0)?;
        let pay = [BUSY, OTHER].map(|external| Arc::new(Endpoint::pay(address, external)));
        Ok(Self { provost, plugins, folder, address, merchants, pay, host: None })
    }

    /// The same with one payment whose callback is delivered: what [`super::fill`] multiplies.
    pub(super) async fn with_a_payment(settings: &Settings, name: &str, merchants: [&Merchant; 2]) -> Result<Self> {
        let mut world = Self::new(settings, name, merchants.map(Merchant::address))?;
        world.start().await?;
        for (pay, merchant) in std::iter::zip(&world.pay, merchants) {
            let before = merchant.taken();
            load::once(pay).await?;
            merchant.wait_for(before + 1).await?;
        }
        world.settled().await?;
        world.kill().await?;
        Ok(world)
    }

    /// Starts the host, and says how long it took until it was ready.
    pub(super) async fn start(&mut self) -> Result<Duration> {
        let configuration = self.configuration();
        let begun = Instant::now();
        let host = Host::start(&self.provost, &self.folder, self.address, &configuration, &[]).await?;
        self.host = Some(host);
        Ok(begun.elapsed())
    }

    /// Ends the host as a power cut would.
    pub(super) async fn kill(&mut self) -> Result<()> {
        let mut host = self.host.take().context("it runs")?;
        Ok(host.kill().await?)
    }

    /// Callbacks of [`BUSY`] go somewhere else from the next start on.
    pub(super) fn direct(&mut self, merchant: SocketAddr) {
        self.merchants[0] = merchant;
    }

    /// The store, while no host runs.
    pub(super) fn store(&self) -> Result<Connection> {
        Ok(Connection::open(self.folder.join("provost.db"))?)
    }

    /// Asks for payments over so many connections for so long.
    pub(super) async fn load(&self, endpoint: &Arc<Endpoint>, duration: Duration) -> Result<load::Answered> {
        load::run(endpoint, 16, duration).await
    }

    /// Where payments are made, and where one that is pending is asked for. Both are warm.
    pub(super) async fn endpoints(&self) -> Result<[Arc<Endpoint>; 2]> {
        let payment = crate::round::make_pending_payment(self.address, OTHER).await?;
        let endpoints = [Arc::new(Endpoint::status(self.address, OTHER, &payment)), self.pay[1].clone()];
        for endpoint in &endpoints {
            self.load(endpoint, WARM_UP).await?;
        }
        Ok(endpoints)
    }

    /// Makes a payment of [`OTHER`].
    pub(super) async fn pay(&self) -> Result<()> {
        load::once(&self.pay[1]).await
    }

    /// Waits until no callback waits any more.
    async fn settled(&self) -> Result<()> {
        let store = self.store()?;
        let mut glances = tokio::time::interval(Duration::from_millis(10));
        for _ in 0..1000 {
            glances.tick().await;
            let waiting = "SELECT count(*) FROM callbacks WHERE state = 'waiting'";
            if store.query_row(waiting, [], |row| row.get::<_, i64>(0))? == 0 {
                return Ok(());
            }
        }
        anyhow::bail!("callbacks of {} are not settled", self.folder.display())
    }

    fn configuration(&self) -> String {
        let Self { address, plugins, merchants: [busy, other], .. } = self;
        let store = format!("sqlite:{}", self.folder.join("provost.db").display());
        format!(
            r#"[api]
listen = "{address}"

[log]
level = "error"

[plugins]
dir = {plugins:?}

[store]
url = {store:?}

[providers.{BUSY}]
plugin = "sandbox.wasm"
callbacks.url = "http://{busy}/callbacks"

[providers.{OTHER}]
plugin = "sandbox.wasm"
callbacks.url = "http://{other}/callbacks"
"#
        )
    }
}
