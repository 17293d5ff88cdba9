//! Every part, built once; every long-running task, and its shutdown.

use crate::clock::Clock;
use crate::config::Config;
use crate::egress::Egress;
use crate::operations::Operations;
use crate::outbox::Outbox;
use crate::registry::Registry;
use crate::runtime::{Engine, EngineError};
use crate::store::{OpenError, Store, StoreError};
use crate::task;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// A host, ready to serve.
pub struct App {
    /// What the interface asks.
    pub operations: Operations,
    /// The time.
    pub clock: Clock,
    store: Store,
    outbox: Arc<Outbox>,
    registry: Arc<Registry>,
    egress: Arc<Egress>,
    callbacks_kept: Duration,
}

/// Why a host cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The store was opened and does not work.
    #[error(transparent)]
    StoreAway(#[from] StoreError),
    /// wasmtime refuses its settings on this machine.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl App {
    /// Opens the store, settles what a host that died left behind, and loads the plugins.
    pub async fn build(config: &Config, clock: Clock) -> Result<Self, BuildError> {
        let store = Store::open(&config.store, clock.now())?;
        store.lead(&clock).await?;
        let egress = Arc::new(Egress::new());
        let engine = Engine::new(&config.runtime)?;
        let registry = Registry::open(config.registry.clone(), engine).await;
        let outbox = Outbox::new(store.clone(), egress.clone(), clock.clone(), config.callbacks.clone());
        let key = store.host_key().await?;
        let operations = Operations::new(
            store.clone(),
            registry.clone(),
            egress.clone(),
            outbox.clone(),
            clock.clone(),
            config.operations.clone(),
            config.api.public_url.clone(),
            key,
        );
        operations.take_over().await?;
        Ok(Self { operations, clock, store, outbox, registry, egress, callbacks_kept: config.callbacks.kept })
    }

    /// This process listens there: nothing that it sends leads to it, whatever is granted. To be said of every listener
    /// before the first request is taken.
    pub fn listens_at(&self, address: SocketAddr) {
        self.egress.listens_at(address);
    }

    /// Waits until the disk under the store has failed: the host must answer what it has, and end.
    pub async fn disk_failed(&self) {
        self.store.broken().await;
    }

    /// Whether it has failed already.
    pub fn has_disk_failed(&self) -> bool {
        self.store.is_broken()
    }

    /// Once [`App::run`] has ended: waits at most for so long for deliveries, questions and follow-ups that are under way,
    /// and gives back what can be given back. Says how many did not end.
    pub async fn leave(&self, patience: Duration) -> usize {
        let (deliveries, questions, follow_ups) = tokio::join!(
            self.outbox.leave(patience),
            self.operations.end_questions(patience),
            task::all_ended_here(patience),
        );
        deliveries + questions + follow_ups
    }

    /// Runs every long-running task until `stop` says true: the outbox, the questions that wait, what expires, the
    /// plugin folder.
    pub async fn run(&self, stop: watch::Receiver<bool>) {
        tokio::join!(
            self.outbox.clone().run(stop.clone()),
            self.operations.clone().follow(stop.clone()),
            self.operations.clone().let_go(self.callbacks_kept, stop.clone()),
            self.registry.clone().watch(self.clock.clone(), stop),
        );
    }
}
