//! A host as a test wants it: real components, a store of its own, ports that the system chose, a clock that the test
//! may hold.

mod browser;
mod client;
mod components;
mod database;
mod host;
mod logs;
mod metrics;
mod place;
mod process;
mod sandbox;
mod told;

pub use browser::Browser;
pub use client::{Reply, send, try_send};
pub use components::{component, with_module, with_section};
pub use database::Database;
pub use host::{CALLBACK_SECRET, Host, SANDBOX_WEBHOOK_SECRET, Setup, secret, target};
pub use logs::{everything_logged, logged};
pub use place::Kept;
pub use process::{Process, Ran, preloaded, program};
pub use told::{told, types};

use provost::clock::{Clock, Timestamp};
use serde_json::{Value, json};

/// When the tests that hold the clock begin: a moment like any other.
pub const START: Timestamp = Timestamp(1_800_000_000_000);

/// The body of an ordinary payment of `amount` cents.
pub fn payment(shop_transaction_id: &str, amount: u64) -> Value {
    json!({ "amount": amount, "currency": "EUR", "shopTransactionId": shop_transaction_id })
}

/// A payment with data for the plugin, such as what a scripted provider is wished to do.
pub fn payment_with(shop_transaction_id: &str, amount: u64, provider_data: Value) -> Value {
    let mut body = payment(shop_transaction_id, amount);
    body["providerData"] = provider_data;
    body
}

/// The body of a refund of `amount` cents.
pub fn refund(payment_id: &str, amount: u64) -> Value {
    json!({ "paymentId": payment_id, "amount": amount, "currency": "EUR" })
}

/// The same with data for the plugin.
pub fn refund_with(payment_id: &str, amount: u64, provider_data: Value) -> Value {
    let mut body = refund(payment_id, amount);
    body["providerData"] = provider_data;
    body
}

/// A clock that stands still until the test moves it on. It begins at the present, because the other sides of the host
/// have clocks of their own, and with a whole second, because signatures carry no more.
pub fn held_clock() -> Clock {
    Clock::manual(Timestamp(Clock::system().now().seconds() * 1000))
}
