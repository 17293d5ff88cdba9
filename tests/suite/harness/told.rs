//! What a merchant was told.

use super::CALLBACK_SECRET;
use simulators::merchant::Delivery;
use simulators::{Merchant, Secret};

/// The types of these callbacks, in order.
pub fn types(deliveries: &[Delivery]) -> Vec<String> {
    deliveries.iter().map(|delivery| delivery.event()["type"].as_str().unwrap_or("no type").to_owned()).collect()
}

/// Waits for this many callbacks, checks that all are signed and each is of the next sequence of its
/// payment or subscription, and says
/// their types.
pub async fn told(merchant: &Merchant, count: usize) -> Vec<String> {
    let deliveries = merchant.wait_for(count).await;
    let secret = Secret::parse(CALLBACK_SECRET).expect("a secret");
    let mut sequences = std::collections::HashMap::new();
    for delivery in &deliveries {
        delivery.verify(&secret).expect("callbacks are signed");
        let event = delivery.event();
        let last = sequences.insert(lane(&event), event["sequence"].as_u64());
        assert!(last.is_none_or(|last| last < event["sequence"].as_u64()), "out of order: {deliveries:#?}");
    }
    types(&deliveries)
}

/// What callbacks are numbered by.
fn lane(event: &serde_json::Value) -> String {
    // A subscription and the payment that it begins with may have one name.
    let name = if event.get("paymentId").is_some() { "paymentId" } else { "subscriptionToken" };
    format!("{name} {}", event[name])
}
