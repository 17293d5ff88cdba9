//! Equal requests at once: one charge, equal answers (rules 15, 17 and 20).

use crate::caller::{Ask, Caller};
use crate::chance::Chance;
use crate::{Settings, World};
use anyhow::Result;
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeSet;
use std::fmt;
use std::time::Instant;
use tokio::task::JoinSet;

/// How many at once.
const AT_ONCE: u64 = 64;

/// The figures of a run of equal requests, and what was violated.
#[derive(Clone, Debug, Serialize)]
pub struct Equals {
    /// What chose; the same seed chooses the same again.
    pub seed: u64,
    /// `sqlite` or `postgres`.
    pub store: &'static str,
    /// How many hosts shared it.
    pub hosts: usize,
    /// How often that many equal requests were sent at once, every second time with a key.
    pub rounds: u64,
    /// All of them.
    pub requests: u64,
    /// What the bank has in its books.
    pub entries: u64,
    /// The whole run.
    pub seconds: u64,
    /// What does not hold; empty where everything does.
    pub violations: Vec<String>,
}

impl fmt::Display for Equals {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(to, "seed {}, hosts: {}, on {}, {} s", self.seed, self.hosts, self.store, self.seconds)?;
        let (rounds, requests, entries) = (self.rounds, self.requests, self.entries);
        writeln!(to, "{rounds} times {AT_ONCE} equal requests at once, {requests} in all: {entries} charges")?;
        write!(to, "{} violations", self.violations.len())?;
        self.violations.iter().try_for_each(|violation| write!(to, "\n  {violation}"))
    }
}

/// Sends so many rounds of equal requests.
///
/// # Errors
/// Where the run could not be made.
pub async fn equal(settings: &Settings, rounds: u64, progress: &(dyn Fn(String) + Sync)) -> Result<Equals> {
    let begun = Instant::now();
    let (world, _cluster) = World::start(settings)?;
    let members = world.alive(settings).await?;
    let (doors, book) = (&world.fleet.doors, &world.fleet.book);
    let caller = |number| Caller::new(doors.clone(), book.clone(), Chance::of(settings.seed, "caller", number));
    let mut callers: Vec<_> = (0..AT_ONCE).map(caller).collect();
    let mut violations = Vec::new();
    for round in 1..=rounds {
        violations.extend(world.round(&mut callers, settings.seed, round).await);
        if round.is_multiple_of(50) {
            progress(format!(
                "{} s: {round} rounds of {rounds}, {} violations",
                begun.elapsed().as_secs(),
                violations.len()
            ));
        }
    }
    violations.append(&mut world.fleet.book.open().wrongs);
    drop(members);
    let ledger = world.fleet.bank.ledger();
    let entries = ledger.open().entries().len() as u64;
    if entries != rounds {
        violations.push(format!("{entries} charges were made in {rounds} rounds"));
    }
    let (seed, store, hosts, seconds) =
        (settings.seed, settings.store.name(), settings.hosts, begun.elapsed().as_secs());
    Ok(Equals { seed, store, hosts, rounds, requests: rounds * AT_ONCE, entries, seconds, violations })
}

impl World {
    async fn round(&self, callers: &mut Vec<Caller>, seed: u64, round: u64) -> Option<String> {
        let shop = format!("equal-{round}");
        let key = round.is_multiple_of(2).then(|| shop.clone());
        // Who has no key may try again what was declined: that would be another charge.
        let wishes: &[_] = if key.is_some() { &["", "pending", "authorized", "declined"] } else { &["", "pending"] };
        let wish = Chance::of(seed, "equal", round).pick(wishes);
        let body = json!({
            "amount": 500, "currency": "EUR", "shopTransactionId": shop, "providerData": { "wish": wish },
        });
        let ask = Ask::post("pay", body, key);
        let mut asking = JoinSet::new();
        for mut caller in callers.drain(..) {
            let ask = ask.clone();
            asking.spawn(async move { (caller.ask(&ask).await, caller) });
        }
        let (replies, all): (Vec<_>, Vec<_>) = asking.join_all().await.into_iter().unzip();
        callers.extend(all);
        let answers: BTreeSet<_> = replies.iter().flatten().map(|reply| (reply.status, &reply.bytes)).collect();
        let charges = self.fleet.bank.ledger().open().entries().iter().filter(|entry| entry.shop == shop).count();
        let is_one = answers.len() == 1 && answers.iter().all(|(status, _)| *status == 200);
        (!is_one || charges != 1).then(|| {
            let shown: Vec<_> = answers.iter().map(|(status, body)| (status, String::from_utf8_lossy(body))).collect();
            format!("{ask:?}: {charges} charges, {shown:?}")
        })
    }
}
