//! Hosts are told to stop under load, one after the other, with others beside them: no request fails that began on a
//! connection which nobody had told to close.

use crate::chance::Chance;
use crate::doors::Doors;
use crate::fleet::Member;
use crate::line::Line;
use crate::{Settings, World};
use anyhow::{Result, ensure};
use serde::Serialize;
use serde_json::json;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Connections at the same time.
const CONNECTIONS: u64 = 16;
const PAUSE: Duration = Duration::from_millis(5);
/// How long a load balancer takes to notice that a host is not ready: shorter than hosts go on listening.
const NOTICED: Duration = Duration::from_millis(500);
/// How long the load runs between one host's start and the next one's end.
const BETWEEN: Duration = Duration::from_millis(500);

/// The figures of a run of stops, and what was violated.
#[derive(Clone, Debug, Serialize)]
pub struct Stops {
    /// What chose; the same seed chooses the same again.
    pub seed: u64,
    /// `sqlite` or `postgres`.
    pub store: &'static str,
    /// How many hosts shared it.
    pub hosts: usize,
    /// How often one was told to stop.
    pub terms: u64,
    /// Requests answered meanwhile.
    pub requests: u64,
    /// Connections that were told to close.
    pub closed: u64,
    /// The longest that a host took to end.
    pub longest_ms: u64,
    /// The whole run.
    pub seconds: u64,
    /// What does not hold; empty where everything does.
    pub violations: Vec<String>,
}

impl fmt::Display for Stops {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(to, "seed {}, hosts: {}, on {}, {} s", self.seed, self.hosts, self.store, self.seconds)?;
        writeln!(to, "{} stops, the longest took {} ms", self.terms, self.longest_ms)?;
        writeln!(to, "{} requests answered, {} connections told to close", self.requests, self.closed)?;
        write!(to, "{} violations", self.violations.len())?;
        self.violations.iter().try_for_each(|violation| write!(to, "\n  {violation}"))
    }
}

/// What the clients see.
#[derive(Default)]
struct Seen {
    requests: AtomicU64,
    closed: AtomicU64,
    violations: Mutex<Vec<String>>,
}

/// Tells a host to stop so many times.
///
/// # Errors
/// Where the run could not be made.
pub async fn terms(settings: &Settings, terms: u64, progress: &(dyn Fn(String) + Sync)) -> Result<Stops> {
    ensure!(settings.hosts > 1, "one host leaves, and another stays: --hosts 2 --store postgres");
    let begun = Instant::now();
    let (world, _cluster) = World::start(settings)?;
    let mut members = world.alive(settings).await?;
    let (seen, (stop, stopped)) = (Arc::new(Seen::default()), watch::channel(false));
    let mut clients = JoinSet::new();
    for client in 0..CONNECTIONS {
        let chance = Chance::of(settings.seed, "client", client);
        clients.spawn(call(world.fleet.doors.clone(), seen.clone(), chance, client, stopped.clone()));
    }
    let mut longest = Duration::ZERO;
    for term in 1..=terms {
        tokio::time::sleep(BETWEEN).await;
        let leaving = usize::try_from(term).unwrap_or_default() % members.len();
        longest = longest.max(world.leave(&mut members[leaving], &seen).await?);
        world.fleet.start(&mut members[leaving], None).await?;
        if term.is_multiple_of(10) {
            progress(format!("{} s: {term} stops of {terms}", begun.elapsed().as_secs()));
        }
    }
    stop.send_replace(true);
    clients.join_all().await;
    drop(members);
    let violations = seen.violations.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok(Stops {
        seed: settings.seed,
        store: settings.store.name(),
        hosts: settings.hosts,
        terms,
        requests: seen.requests.load(Ordering::Relaxed),
        closed: seen.closed.load(Ordering::Relaxed),
        longest_ms: u64::try_from(longest.as_millis()).unwrap_or(u64::MAX),
        seconds: begun.elapsed().as_secs(),
        violations,
    })
}

impl World {
    async fn leave(&self, member: &mut Member, seen: &Seen) -> Result<Duration> {
        let begun = Instant::now();
        member.terminate()?;
        tokio::time::sleep(NOTICED).await;
        self.fleet.doors.set(member.number(), None);
        let status = member.ended().await?;
        if !status.success() {
            seen.note(format!("a host that was told to stop ended with {status}"));
        }
        Ok(begun.elapsed())
    }
}

impl Seen {
    fn note(&self, violation: String) {
        self.violations.lock().unwrap_or_else(PoisonError::into_inner).push(violation);
    }
}

/// Pays, one payment after the other, over connections that are kept until they are told to close.
async fn call(doors: Arc<Doors>, seen: Arc<Seen>, mut chance: Chance, client: u64, stopped: watch::Receiver<bool>) {
    let mut line: Option<Line> = None;
    let mut number = 0_u64;
    while !*stopped.borrow() {
        let Some(mut open) = (match line.take() {
            Some(open) => Some(open),
            // Whoever does not listen any more has nobody's request.
            None => match doors.address(&mut chance) {
                Some(address) => Line::open(address).await.ok(),
                None => None,
            },
        }) else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        number += 1;
        let shop = format!("client-{client}-{number}");
        let body = json!({ "amount": 500, "currency": "EUR", "shopTransactionId": shop });
        match open.post("/v3/bank/pay", &body).await {
            Ok(answer) if answer.status == 200 => {
                seen.requests.fetch_add(1, Ordering::Relaxed);
                if answer.closes {
                    seen.closed.fetch_add(1, Ordering::Relaxed);
                } else {
                    line = Some(open);
                }
            }
            Ok(answer) => seen.note(format!("{shop}: {} {}", answer.status, String::from_utf8_lossy(&answer.body))),
            Err(error) => {
                seen.note(format!("{shop}: request {} of its connection failed: {error}", open.answered + 1));
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}
