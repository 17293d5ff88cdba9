//! What the parts cost by themselves, without HTTP around them.

use crate::Settings;
use crate::process::own_page_faults;
use crate::store::{Command, Store};
use anyhow::{Context, Result};
use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use uuid::Uuid;

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

/// Measures every part.
pub(crate) async fn measure(settings: &Settings) -> Result<Vec<Part>> {
    let store = Arc::new(Store::create(&settings.folder.join("parts"))?);
    let mut parts = Vec::new();
    for callers in [16, 1] {
        let store = store.clone();
        parts.push(part(settings, "native store: a pay", callers, move || pay(store.clone())).await?);
    }
    let payment = pay(store.clone()).await?;
    let read = move || read(store.clone(), payment.clone());
    parts.push(part(settings, "native store: a status", 1, read).await?);
    Ok(parts)
}

/// Has so many callers do it for the set time, and counts what that costs this process.
async fn part<T, F>(
    settings: &Settings,
    name: &'static str,
    callers: usize,
    work: impl Fn() -> F + Clone + Send + 'static,
) -> Result<Part>
where
    F: Future<Output = Result<T>> + Send,
{
    eprintln!("bench: {name}, {callers} at once");
    let (start, faults, cpu) = (Instant::now(), own_page_faults()?, own_cpu_time());
    let until = start + Duration::from_secs_f64(settings.seconds);
    let mut running = JoinSet::new();
    for _ in 0..callers {
        let work = work.clone();
        running.spawn(async move {
            let mut done = 0_u32;
            while Instant::now() < until {
                work().await?;
                done += 1;
            }
            Ok::<_, anyhow::Error>(done)
        });
    }
    let mut done = 0;
    while let Some(caller) = running.join_next().await {
        done += caller??;
    }
    let done = f64::from(done);
    let faults = u32::try_from(own_page_faults()? - faults).context("more page faults than can be")?;
    Ok(Part {
        name,
        callers,
        per_second: done / start.elapsed().as_secs_f64(),
        cpu_us: (own_cpu_time() - cpu).as_secs_f64() * 1e6 / done,
        page_faults: f64::from(faults) / done,
    })
}

fn own_cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// Claim and outcome of a payment, both awaited, as where a request leaves in between.
async fn pay(store: Arc<Store>) -> Result<String> {
    let reference = Uuid::new_v4().to_string();
    let payment_id = format!("pay_{reference}");
    let claim = Command::Claim {
        reference: reference.clone(),
        shop_transaction_id: reference.clone(),
        amount: 1200,
        currency: "EUR".to_owned(),
        request: r#"{"amount":1200,"currency":"EUR"}"#.to_owned(),
    };
    store.send(claim)?.durable().await?;
    let answer = r#"{"result":"OK"}"#.to_owned();
    let finish = Command::Finish { reference, payment_id: payment_id.clone(), status: "ACCEPTED", answer };
    store.send(finish)?.durable().await?;
    Ok(payment_id)
}

async fn read(store: Arc<Store>, payment: String) -> Result<()> {
    store.payment(&payment)?.context("the payment was made a moment ago")?;
    Ok(())
}
