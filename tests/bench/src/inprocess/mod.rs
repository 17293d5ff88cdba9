//! What the parts cost by themselves, without HTTP around them.

mod call;
mod host_store;
mod native_store;

use crate::Settings;
use crate::process::own_page_faults;
use anyhow::{Context, Result};
use call::Calls;
use host_store::HostStore;
use native_store::NativeStore;
use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// One part, done over and over.
#[derive(Serialize)]
pub(crate) struct Part {
    pub(crate) name: &'static str,
    /// How many do it at once.
    pub(crate) callers: usize,
    pub(crate) per_second: f64,
    /// CPU time of one, in microseconds.
    pub(crate) cpu_us: f64,
    /// Minor page faults of one.
    pub(crate) page_faults: f64,
}

/// A fresh instance, one call in it, its end.
pub(crate) const CALL: &str = "a call of a plugin";
/// What a pay is to the host's store where nothing leaves: claim and end.
pub(crate) const STORE: &str = "host's store: a pay";

/// Measures every part.
pub(crate) async fn measure(settings: &Settings) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    let calls = Arc::new(Calls::new(&settings.plugins).await?);
    // Alone on its thread, so that nothing but the call is measured.
    parts.push(part(settings, CALL, 1, calls, |calls| async move { calls.status().await }).await?);
    for callers in [16, 1] {
        let store = Arc::new(HostStore::create(&settings.folder.join(format!("host-store-{callers}")))?);
        let pay = |store: Arc<HostStore>| async move { store.pay().await };
        parts.push(part(settings, STORE, callers, store.clone(), pay).await?);
        let leave = |store: Arc<HostStore>| async move { store.pay_that_leaves().await };
        parts.push(part(settings, "host's store: a pay that leaves", callers, store, leave).await?);
    }
    for callers in [16, 1] {
        let store = Arc::new(NativeStore::create(&settings.folder.join(format!("native-store-{callers}")))?);
        let pay = |store: Arc<NativeStore>| async move { store.pay().await };
        parts.push(part(settings, "native store: a pay", callers, store, pay).await?);
    }
    let store = Arc::new(NativeStore::create(&settings.folder.join("native-store-read"))?);
    store.pay().await?;
    let read = |store: Arc<NativeStore>| async move { store.read() };
    parts.push(part(settings, "native store: a status", 1, store, read).await?);
    Ok(parts)
}

/// Has so many callers do it for the set time, and counts what that costs this process.
async fn part<S, F>(
    settings: &Settings,
    name: &'static str,
    callers: usize,
    on: Arc<S>,
    work: fn(Arc<S>) -> F,
) -> Result<Part>
where
    S: Send + Sync + 'static,
    F: Future<Output = Result<()>> + Send + 'static,
{
    eprintln!("bench: {name}, {callers} at once");
    repeat(WARM_UP, callers, &on, work).await?;
    let (start, faults, cpu) = (Instant::now(), own_page_faults()?, own_cpu_time());
    let done = f64::from(repeat(Duration::from_secs_f64(settings.seconds), callers, &on, work).await?);
    let faults = u32::try_from(own_page_faults()? - faults).context("more page faults than can be")?;
    Ok(Part {
        name,
        callers,
        per_second: done / start.elapsed().as_secs_f64(),
        cpu_us: (own_cpu_time() - cpu).as_secs_f64() * 1e6 / done,
        page_faults: f64::from(faults) / done,
    })
}

/// Until pools and caches are filled.
const WARM_UP: Duration = Duration::from_millis(200);

async fn repeat<S, F>(duration: Duration, callers: usize, on: &Arc<S>, work: fn(Arc<S>) -> F) -> Result<u32>
where
    S: Send + Sync + 'static,
    F: Future<Output = Result<()>> + Send + 'static,
{
    let until = Instant::now() + duration;
    let mut running = JoinSet::new();
    for _ in 0..callers {
        let on = on.clone();
        running.spawn(async move {
            let mut done = 0_u32;
            while Instant::now() < until {
                work(on.clone()).await?;
                done += 1;
            }
            Ok::<_, anyhow::Error>(done)
        });
    }
    let mut done = 0;
    while let Some(caller) = running.join_next().await {
        done += caller??;
    }
    Ok(done)
}

fn own_cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}
