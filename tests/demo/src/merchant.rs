//! What the merchant says about the callbacks that it gets.

use crate::host::CALLBACK_SECRET;
use anyhow::{Context, Result};
use simulators::merchant::Delivery;
use simulators::{Merchant, Secret};

/// Prints each callback as it arrives, without an end.
pub(crate) async fn print(merchant: &Merchant) {
    let mut seen = 0;
    loop {
        let deliveries = merchant.more_than(seen).await;
        for delivery in &deliveries[seen..] {
            println!("{}", told(delivery));
        }
        seen = deliveries.len();
    }
}

/// One callback in two lines.
pub(crate) fn told(delivery: &Delivery) -> String {
    let verdict = match verified(delivery) {
        Ok(()) => "signature verified".to_owned(),
        Err(error) => format!("NOT VERIFIED: {error:#}"),
    };
    let body = String::from_utf8_lossy(&delivery.request.body);
    format!("callback {} ({verdict})\n  {body}", delivery.id())
}

/// Whether the host signed it.
pub(crate) fn verified(delivery: &Delivery) -> Result<()> {
    let secret = Secret::parse(CALLBACK_SECRET).context("the demo's own secret is malformed")?;
    Ok(delivery.verify(&secret)?)
}
