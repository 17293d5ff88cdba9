//! A host as a test wants it: real components, a store of its own, ports that the system chose, a clock that the test
//! may hold.

mod client;
mod components;
mod host;

pub use client::Reply;
pub use components::component;
pub use host::{CALLBACK_SECRET, Host, Setup};

/// The body of an ordinary payment of `amount` cents.
pub fn payment(shop_transaction_id: &str, amount: u64) -> serde_json::Value {
    serde_json::json!({ "amount": amount, "currency": "EUR", "shopTransactionId": shop_transaction_id })
}
