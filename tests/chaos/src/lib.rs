//! Kills hosts under load, again and again, and checks that nothing is lost, nothing is paid twice, and nothing goes
//! backwards. `cargo xtask chaos` builds what this needs and starts it; the suite does a short run.
//!
//! A run has shops that carry [`errand`]s out, a bank that keeps books, a merchant that keeps what arrives, and a
//! [`fleet`] of hosts that die as [`deaths`] says. [`judge`] holds all of it against what is on disk.

mod book;
mod caller;
mod chance;
mod deaths;
mod desk;
mod disk;
mod doors;
mod equal;
mod errand;
mod fleet;
mod inbox;
mod judge;
mod letters;
mod line;
mod points;
mod quiet;
mod report;
mod shop;
mod terms;

pub use equal::{Equals, equal};
pub use report::Report;
pub use terms::{Stops, terms};

use anyhow::{Context, Result, ensure};
use caller::Caller;
use chance::Chance;
use deaths::Deaths;
use disk::Disk;
use doors::Doors;
use fleet::{Fleet, Member};
use inbox::{Inbox, Merchant};
use letters::Letters;
use simulators::Bank;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use test_postgres::{Cluster, Durability};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Shops at work at the same time, for each host.
const SHOPS: usize = 6;
/// After so many kills everything is checked.
const STRETCH: u64 = 250;

/// Where the hosts keep what they know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum StoreKind {
    /// A file, and one host.
    Sqlite,
    /// A database of a cluster that the run starts, and any number of hosts.
    Postgres,
}

impl StoreKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// How a run is to be.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The host's program.
    pub provost: PathBuf,
    /// The component that the hosts serve: the guest `bank`.
    pub plugin: PathBuf,
    /// The host's sources, for their crash points.
    pub sources: PathBuf,
    /// For the store, the configuration and the logs; it is empty.
    pub folder: PathBuf,
    /// How often a host is killed, at the least: each crash point has its turn.
    pub kills: u64,
    /// What the hosts keep their records in.
    pub store: StoreKind,
    /// How many hosts.
    pub hosts: usize,
    /// What chooses.
    pub seed: u64,
}

/// Runs, and says how it went. Progress is told in lines.
///
/// # Errors
/// Where the run could not be made, or a host ended that was not to: with what its log says last.
pub async fn run(settings: &Settings, progress: &(dyn Fn(String) + Sync)) -> Result<Report> {
    let begun = Instant::now();
    let (world, _cluster) = World::start(settings)?;
    let mut violations = Vec::new();
    let mut members = (0..settings.hosts).map(Member::new).collect::<Result<Vec<_>>>()?;
    let total = world.fleet.deaths().left() as u64;
    let carriers = letters::carry(&world.fleet.bank, &world.letters, &world.fleet.doors, settings.seed);
    let (bank, desks, book) = (world.fleet.bank.clone(), world.fleet.desks.clone(), world.fleet.book.clone());
    let mut operators = JoinSet::new();
    operators.spawn(desk::work(bank, desks, book, Chance::of(settings.seed, "operators", 0)));
    let mut until = 0;
    while world.fleet.deaths().left() > 0 && violations.is_empty() {
        until += STRETCH;
        members = world.stretch(members, until, settings).await?;
        progress(world.line(begun, total, "waiting until all is quiet"));
        violations =
            quiet::quiet(&world.fleet.book, &world.fleet.bank, &world.letters, &world.fleet.disk, progress).await?;
        violations.extend(world.judge()?);
        progress(world.line(begun, total, &format!("{} violations", violations.len())));
    }
    let never = std::mem::take(&mut world.fleet.deaths().never);
    violations.extend(never.iter().map(|point| format!("no load passes the crash point {point}")));
    drop((members, carriers, operators));
    world.report(settings, begun, violations)
}

/// Everything of a run.
struct World {
    fleet: Arc<Fleet>,
    merchant: Merchant,
    letters: Arc<Letters>,
}

impl World {
    /// Everything but the hosts. The cluster, where there is one, outlives what is in it.
    fn start(settings: &Settings) -> Result<(Self, Option<Cluster>)> {
        ensure!(
            settings.hosts == 1 || settings.store == StoreKind::Postgres,
            "only on Postgres do hosts share a store"
        );
        let cluster = match settings.store {
            StoreKind::Sqlite => None,
            StoreKind::Postgres => Some(Cluster::start(Durability::Process)?),
        };
        Ok((Self::prepare(settings, cluster.as_ref())?, cluster))
    }

    /// Every host, alive and meant to stay so.
    async fn alive(&self, settings: &Settings) -> Result<Vec<Member>> {
        let mut members = (0..settings.hosts).map(Member::new).collect::<Result<Vec<_>>>()?;
        for member in &mut members {
            self.fleet.start(member, None).await?;
        }
        Ok(members)
    }

    fn prepare(settings: &Settings, cluster: Option<&Cluster>) -> Result<Self> {
        let plugins = settings.folder.join("plugins");
        std::fs::create_dir_all(&plugins).with_context(|| format!("cannot make {}", plugins.display()))?;
        std::fs::copy(&settings.plugin, plugins.join("bank.wasm"))
            .with_context(|| format!("cannot copy {}", settings.plugin.display()))?;
        let disk = match cluster {
            None => Disk::Sqlite(settings.folder.join("provost.db")),
            Some(cluster) => Disk::Postgres(test_postgres::Database::create_in(cluster)?),
        };
        let merchant = Merchant::start();
        let fleet = Fleet {
            provost: settings.provost.clone(),
            folder: settings.folder.clone(),
            bank: Arc::new(Bank::start()),
            merchant: merchant.url(),
            disk: Arc::new(disk),
            doors: Arc::new(Doors::new(settings.hosts)),
            desks: Arc::new(Doors::new(settings.hosts)),
            book: Arc::default(),
            deaths: Mutex::new(Deaths::plan(settings.seed, settings.kills, &points::all(&settings.sources)?)),
            starts: Mutex::default(),
            seed: settings.seed,
        };
        Ok(Self { fleet: Arc::new(fleet), merchant, letters: Arc::default() })
    }

    /// Shops work, hosts die, until there were so many deaths; then all hosts live and no shop works.
    async fn stretch(&self, members: Vec<Member>, until: u64, settings: &Settings) -> Result<Vec<Member>> {
        let (stop, stopped) = watch::channel(false);
        self.fleet.book.set_busy(true);
        let mut shops = JoinSet::new();
        for shop in 0..SHOPS * settings.hosts {
            let chance = Chance::of(settings.seed, "shop", shop as u64 + (until << 16));
            let caller = Caller::new(self.fleet.doors.clone(), self.fleet.book.clone(), chance);
            shops.spawn(shop::work(caller, settings.seed, stopped.clone()));
        }
        let mut lives = JoinSet::new();
        for member in members {
            let fleet = self.fleet.clone();
            lives.spawn(async move { fleet.live_and_die(member, until).await });
        }
        let mut alive = Vec::new();
        while let Some(lived) = lives.join_next().await {
            alive.push(lived??);
        }
        stop.send_replace(true);
        while let Some(worked) = shops.join_next().await {
            worked?;
        }
        self.fleet.book.set_busy(false);
        Ok(alive)
    }

    fn judge(&self) -> Result<Vec<String>> {
        let (ledger, inbox) = (self.fleet.bank.ledger(), self.inbox());
        let (pages, books, mail) = (self.fleet.book.open(), ledger.open(), inbox.open());
        judge::judge(&pages, &books, &mail, &self.fleet.disk)
    }

    fn inbox(&self) -> Inbox {
        self.merchant.ledger()
    }

    fn line(&self, begun: Instant, total: u64, what: &str) -> String {
        let kills = self.fleet.deaths().count();
        let (errands, answers) = {
            let pages = self.fleet.book.open();
            (pages.errands, pages.answers.len())
        };
        let seconds = begun.elapsed().as_secs();
        format!("{seconds} s: {kills} kills of {total}, {errands} errands, {answers} answers: {what}")
    }

    fn report(&self, settings: &Settings, begun: Instant, violations: Vec<String>) -> Result<Report> {
        let ledger = self.fleet.bank.ledger();
        let unanswered = self.fleet.disk.rows("SELECT reference FROM operations WHERE outcome = 'unknown'")?;
        let callbacks = self.fleet.disk.rows("SELECT count(*) FROM callbacks")?;
        let books = ledger.open();
        let found_out = unanswered.iter().filter(|row| books.made_by(&row[0]).next().is_some()).count();
        let mut starts = self.fleet.starts.lock().map(|starts| starts.clone()).unwrap_or_default();
        starts.sort_unstable();
        let deaths = self.fleet.deaths();
        let pages = self.fleet.book.open();
        Ok(Report {
            seed: settings.seed,
            store: settings.store.name(),
            hosts: settings.hosts,
            kills: deaths.count(),
            at_points: deaths.at.clone(),
            at_random: deaths.random,
            errands: pages.errands,
            answers: pages.answers.len() as u64,
            looks: pages.looks,
            refused: pages.refused.clone(),
            entries: books.entries().len() as u64,
            callbacks: callbacks.first().and_then(|row| row[0].parse().ok()).unwrap_or_default(),
            deliveries: self.inbox().open().deliveries,
            found_out: found_out as u64,
            unknown: (unanswered.len() - found_out) as u64,
            ready_ms: starts.get(starts.len() / 2).copied().unwrap_or_default(),
            ready_ms_most: starts.last().copied().unwrap_or_default(),
            seconds: begun.elapsed().as_secs(),
            violations,
        })
    }
}
