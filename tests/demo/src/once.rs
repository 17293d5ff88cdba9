//! The calls made and judged without a person.

use crate::calls::{self, CALLBACKS, Call};
use crate::merchant;
use anyhow::{Context, Result, bail};
use simulators::host::Host;
use simulators::merchant::Delivery;
use simulators::{Merchant, PATIENCE};
use tokio::process::Command;

/// Makes every call, and waits for the callbacks. The first that is not as promised is the error.
pub(crate) async fn run(host: &Host, merchant: &Merchant) -> Result<()> {
    for program in ["curl", "openssl"] {
        let version = Command::new(program).arg("version").output().await;
        version.with_context(|| format!("the calls need {program}: install it and try again"))?;
    }
    for call in calls::all(&host.url()) {
        make(&call).await.map_err(|error| anyhow::Error::from(host.trouble("disappoints")).context(error))?;
    }
    let deliveries = all_told(merchant).await?;
    for delivery in &deliveries {
        println!("\n{}", merchant::told(delivery));
        merchant::verified(delivery).with_context(|| format!("the callback {}", delivery.id()))?;
    }
    println!("\nEvery call and every callback is as promised.");
    Ok(())
}

async fn make(call: &Call) -> Result<()> {
    println!("\n# {}\n{}", call.title, call.script);
    let output = Command::new("sh").arg("-c").arg(&call.script).output().await?;
    let printed = String::from_utf8_lossy(&output.stdout);
    println!("{printed}{}", String::from_utf8_lossy(&output.stderr));
    let answer = without_blanks(&printed);
    for promise in call.promises {
        if !answer.contains(&without_blanks(promise)) {
            bail!("\"{}\" did not answer with {promise}", call.title);
        }
    }
    Ok(())
}

fn without_blanks(text: &str) -> String {
    text.split_whitespace().collect()
}

/// Waits until the merchant has been told everything, and hands over the deliveries.
async fn all_told(merchant: &Merchant) -> Result<Vec<Delivery>> {
    let mut deliveries = merchant.deliveries();
    loop {
        let missing = missing(&deliveries);
        if missing.is_empty() {
            return Ok(deliveries);
        }
        let more = tokio::time::timeout(PATIENCE, merchant.more_than(deliveries.len())).await;
        deliveries = more.with_context(|| format!("the merchant was never told of {missing:?}"))?;
    }
}

/// What the merchant has not been told yet. The same callback may have come several times.
fn missing(deliveries: &[Delivery]) -> Vec<(&'static str, &'static str)> {
    let mut told: Vec<_> = deliveries.iter().map(|delivery| (delivery.id().to_owned(), delivery.event())).collect();
    told.sort_by(|(one, _), (other, _)| one.cmp(other));
    told.dedup_by(|(one, _), (other, _)| one == other);
    let mut missing = Vec::new();
    for (kind, order) in CALLBACKS {
        let of_it = |(_, event): &(String, _)| is(event, kind, order);
        match told.iter().position(of_it) {
            Some(found) => drop(told.swap_remove(found)),
            None => missing.push((kind, order)),
        }
    }
    missing
}

fn is(event: &serde_json::Value, kind: &str, order: &str) -> bool {
    event["type"] == kind && event["shopTransactionId"] == order
}
