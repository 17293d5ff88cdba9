//! Opens a Postgres: checks that it is one that keeps its word, brings its schema up to date beside other hosts, and
//! listens to them.

use super::database::{self, Address, Connection, OptionalExtension};
use super::pool::Pool;
use super::readers::Readers;
use super::seal::Seal;
use super::writer::Writer;
use super::{OpenError, Settings, Store, StoreError};
use crate::clock::{Clock, Timestamp};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::watch;

/// In order; the table `migrations` says which it has had. The numbers, tables and columns are those of SQLite.
const MIGRATIONS: [&str; 5] = [
    include_str!("../../migrations/postgres/0001_spine.sql"),
    include_str!("../../migrations/postgres/0002_interface.sql"),
    include_str!("../../migrations/postgres/0003_recovery.sql"),
    include_str!("../../migrations/postgres/0004_operators.sql"),
    include_str!("../../migrations/postgres/0005_states.sql"),
];

/// The first that says what became of a transaction by the name that it has for it.
const OLDEST_SERVER: i64 = 130_000;

/// Held while the schema is looked at and changed: "provost" in ASCII.
const MIGRATING: i64 = 0x70_726f_766f_7374;

/// A change of the schema may have to go through all rows.
const MIGRATION: Duration = Duration::from_secs(6 * 3600);

/// Every life of a host has so many fences for itself.
const FENCES: u64 = 1 << 40;

/// What hosts that share a database call out to each other.
pub(super) struct Shared {
    heard: Arc<database::Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Store {
    pub(super) fn open_server(address: &Address, settings: &Settings) -> Result<Self, OpenError> {
        let (first, life) = aside(|| prepare(address))?;
        let fences = AtomicU64::new(life.saturating_mul(FENCES));
        let failed = |source: std::io::Error| refused(address, source);
        let pool = Arc::new(Pool::start(address, first, settings.connections).map_err(failed)?);
        let shared = Some(Shared::start(address).map_err(failed)?);
        let seal = settings.key.as_ref().and_then(Seal::new).map(Arc::new);
        let (readers, writer) = (Readers::Server(Arc::clone(&pool)), Writer::Server(pool));
        Ok(Self { parts: Arc::new(super::Parts { readers, writer, fences, shared, seal }) })
    }

    pub(super) fn look_at_server(address: &Address) -> Result<Self, OpenError> {
        let failed = |source: database::Error| refused(address, source);
        let (connection, found) = aside(|| {
            let connection = address.connect().map_err(failed)?;
            let found = version(&connection).map_err(failed)?;
            Ok::<_, OpenError>((connection, found))
        })?;
        if found != MIGRATIONS.len() {
            let known = MIGRATIONS.len();
            return Err(refused(address, format!("its schema is {found}, and the one known here {known}")));
        }
        let pool = Pool::start(address, connection, 1).map_err(|source| refused(address, source))?;
        let (readers, writer) = (Readers::Server(Arc::new(pool)), Writer::none());
        let parts = super::Parts { readers, writer, fences: AtomicU64::new(0), shared: None, seal: None };
        Ok(Self { parts: Arc::new(parts) })
    }

    /// Whether other hosts may have the same store.
    pub fn is_shared(&self) -> bool {
        self.parts.shared.is_some()
    }

    /// Has a clock show the time of a shared store from now on: hosts agree on when a lease has passed.
    ///
    /// # Errors
    ///
    /// The store does not say the time.
    pub async fn lead(&self, clock: &Clock) -> Result<(), StoreError> {
        let Some(shared) = &self.parts.shared else {
            return Ok(());
        };
        let time = |connection: &Connection| Ok(connection.query_row(database::TIME, [], |row| row.get(0))?);
        let now: Timestamp = self.parts.readers.read(time).await?;
        clock.steer(now);
        *shared.heard.clock.lock().unwrap_or_else(PoisonError::into_inner) = Some(clock.clone());
        Ok(())
    }

    /// For who wants to hear of what other hosts write.
    pub fn others(&self) -> Others {
        Others(self.parts.shared.as_ref().map(|shared| shared.heard.woken.subscribe()))
    }

    /// Tells other hosts that something was written that they may have to see to.
    pub fn announce(&self) {
        if let Some(shared) = &self.parts.shared {
            shared.heard.announce.notify_one();
        }
    }
}

/// Hears of what other hosts write.
pub struct Others(Option<watch::Receiver<()>>);

impl Others {
    /// Waits until another host has written something that this one may have to see to. Of what is lost on the way nobody
    /// is told: whoever waits looks from time to time too.
    pub async fn wrote(&mut self) {
        let heard = match &mut self.0 {
            Some(woken) => woken.changed().await.is_ok(),
            None => false,
        };
        if !heard {
            std::future::pending().await
        }
    }
}

impl Shared {
    #[expect(clippy::disallowed_methods, reason = "it outlives no store, and needs no runtime of its caller")]
    fn start(address: &Address) -> std::io::Result<Self> {
        let heard = Arc::new(database::Shared::default());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (address, told) = (address.clone(), Arc::clone(&heard));
        let thread = std::thread::Builder::new().name("store-listener".into());
        let thread = thread.spawn(move || runtime.block_on(database::listen(&address, &told)))?;
        Ok(Self { heard, thread: Some(thread) })
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.heard.stop.notify_one();
        if let Some(thread) = self.thread.take() {
            // It cannot panic; if it did, there is nothing to wait for.
            let _ = thread.join();
        }
    }
}

/// A session waits on its own thread: the caller's may drive others.
fn aside<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(work).join()).unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn refused(address: &Address, reason: impl ToString) -> OpenError {
    OpenError::Server { address: address.to_string(), reason: reason.to_string() }
}

/// A first connection to a server that can be used, and the number of this life of the host.
fn prepare(address: &Address) -> Result<(Connection, u64), OpenError> {
    let failed = |source: database::Error| refused(address, source);
    let first = address.connect().map_err(failed)?;
    if let Some(reason) = check(&first).map_err(failed)? {
        return Err(refused(address, reason));
    }
    let (found, known) = (migrate(&first).map_err(failed)?, MIGRATIONS.len());
    if found > known {
        return Err(OpenError::NewerServer { address: address.to_string(), found, known });
    }
    let life: i64 = first.query_row("SELECT nextval('fences')", [], |row| row.get(0)).map_err(failed)?;
    Ok((first, u64::try_from(life).unwrap_or_default()))
}

/// Why this is no server for a store.
fn check(connection: &Connection) -> database::Result<Option<String>> {
    let said = |setting: &str| connection.query_row("SELECT current_setting(?)", [setting], |row| row.get::<String>(0));
    let version: i64 = said("server_version_num")?.parse().unwrap_or_default();
    if version < OLDEST_SERVER {
        return Ok(Some(format!("Postgres {} is too old: 13 is needed", said("server_version")?)));
    }
    if said("server_encoding")? != "UTF8" {
        return Ok(Some("the database's encoding must be UTF8".into()));
    }
    if said("fsync")? != "on" {
        tracing::warn!("the database does not wait for its disk (fsync = off): a power cut loses payments");
    }
    Ok(None)
}

/// Which migration it has had last.
fn version(connection: &Connection) -> database::Result<usize> {
    let last = "SELECT number FROM migrations ORDER BY number DESC LIMIT 1";
    Ok(connection.query_row(last, [], |row| row.get::<u32>(0)).optional()?.unwrap_or_default() as usize)
}

/// Brings the schema up to date, one host at a time. Says which migration it has had last.
fn migrate(connection: &Connection) -> database::Result<usize> {
    connection.be_patient(MIGRATION);
    connection.step("SET statement_timeout = 0")?;
    connection.query_row("SELECT pg_advisory_lock(?)", [MIGRATING], |_| Ok(()))?;
    connection.step("CREATE TABLE IF NOT EXISTS migrations (number BIGINT PRIMARY KEY)")?;
    let done = version(connection)?;
    for (position, migration) in MIGRATIONS.iter().enumerate().skip(done) {
        let number = position + 1;
        connection.execute_batch(&format!("BEGIN; {migration}; INSERT INTO migrations VALUES ({number}); COMMIT"))?;
    }
    connection.query_row("SELECT pg_advisory_unlock(?)", [MIGRATING], |_| Ok(()))?;
    connection.step("SET statement_timeout = '30s'")?;
    connection.be_patient(database::PATIENCE);
    Ok(done.max(MIGRATIONS.len()))
}
