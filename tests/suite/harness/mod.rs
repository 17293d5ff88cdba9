//! A host as a test wants it: real components, a store of its own, ports that the system chose, a clock that the test
//! may hold.

mod client;
mod components;
mod database;
mod host;
mod logs;
mod metrics;
mod sandbox;
mod told;

pub use client::{Reply, send};
pub use components::component;
pub use host::{CALLBACK_SECRET, Host, SANDBOX_WEBHOOK_SECRET, Setup, secret};
pub use logs::logged;
pub use told::{told, types};

use provost::clock::{Clock, Timestamp};

/// The body of an ordinary payment of `amount` cents.
pub fn payment(shop_transaction_id: &str, amount: u64) -> serde_json::Value {
    serde_json::json!({ "amount": amount, "currency": "EUR", "shopTransactionId": shop_transaction_id })
}

/// A clock that stands still until the test moves it on. It begins at the present, because the other sides of the host
/// have clocks of their own, and with a whole second, because signatures carry no more.
pub fn held_clock() -> Clock {
    Clock::manual(Timestamp(Clock::system().now().seconds() * 1000))
}
