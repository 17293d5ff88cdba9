//! What hosts that share a Postgres call out to each other, so that nobody has to look all the time; and the time, which
//! is the database's, so that hosts whose clocks differ agree on when a lease has passed.

use super::{Address, Result};
use crate::clock::{Clock, Timestamp};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio_postgres::Client;

/// The most that a host calls out is once in this time: whoever hears it looks at everything.
const CALLS_APART: Duration = Duration::from_millis(25);

/// How often the database is asked for the time. Between, the host's monotonic clock goes on.
const TIME_EVERY: Duration = Duration::from_secs(5);

/// How long after trouble it is tried again.
const AGAIN: Duration = Duration::from_millis(500);

/// Of a longer way nobody knows how much lies behind an answer: the time that it tells is not taken.
const LONGEST_WAY: Duration = Duration::from_millis(500);

/// What an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Says the time in milliseconds since 1970.
pub(in crate::store) const TIME: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/// What the listener and the rest of the store say to each other.
#[derive(Default)]
pub(in crate::store) struct Shared {
    /// Something was written that other hosts may have to see to.
    pub(in crate::store) announce: Notify,
    /// Another host has called out, or may have while nobody listened.
    pub(in crate::store) woken: watch::Sender<()>,
    /// No more.
    pub(in crate::store) stop: Notify,
    /// Whose clock shows the database's time.
    pub(in crate::store) clock: Mutex<Option<Clock>>,
}

impl Shared {
    fn steer(&self, now: Timestamp) {
        if let Some(clock) = &*self.clock.lock().unwrap_or_else(PoisonError::into_inner) {
            clock.steer(now);
        }
    }
}

/// Calls out and listens until told to stop, over as many connections as it takes.
pub(in crate::store) async fn listen(address: &Address, shared: &std::sync::Arc<Shared>) {
    loop {
        let listening = async {
            if let Err(error) = listen_once(address, shared).await {
                tracing::debug!(%error, %address, "other hosts are not heard for now");
            }
            tokio::time::sleep(AGAIN).await;
        };
        tokio::select! {
            () = listening => {}
            () = shared.stop.notified() => return,
        }
    }
}

async fn listen_once(address: &Address, shared: &std::sync::Arc<Shared>) -> Result<()> {
    let (calls, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let call = move |process| {
        // Nobody listens any more where this fails.
        let _ = calls.send(process);
    };
    let client = address.client(&Handle::current(), call).await?;
    let own: i32 = within(client.query_one("SELECT pg_backend_pid()", &[])).await?.get(0);
    within(client.batch_execute("LISTEN provost")).await?;
    shared.woken.send_replace(());
    let mut time = tokio::time::interval(TIME_EVERY);
    loop {
        tokio::select! {
            process = heard.recv() => match process {
                Some(process) if process == own => {}
                Some(_) => shared.woken.send_replace(()),
                None => return Ok(()),
            },
            () = shared.announce.notified() => {
                within(client.batch_execute("NOTIFY provost")).await?;
                tokio::time::sleep(CALLS_APART).await;
            }
            _ = time.tick() => {
                if let Some(now) = time_of(&client).await? {
                    shared.steer(now);
                }
            }
        }
    }
}

/// The database's time when the answer arrives: half of the way is behind it. None where that was a long one.
async fn time_of(client: &Client) -> Result<Option<Timestamp>> {
    let asked = std::time::Instant::now();
    let told: i64 = within(client.query_one(TIME, &[])).await?.get(0);
    let way = asked.elapsed();
    let told = Timestamp(u64::try_from(told).unwrap_or_default());
    Ok((way <= LONGEST_WAY).then(|| told.plus(way / 2)))
}

async fn within<T>(answer: impl Future<Output = std::result::Result<T, tokio_postgres::Error>>) -> Result<T> {
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(answered) => Ok(answered?),
        Err(_) => Err(super::Error::gone("the database does not answer")),
    }
}
