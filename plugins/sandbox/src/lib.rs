//! The provider for trying things out, and for other people's tests: whatever can happen to a
//! payment happens on demand, without a network. `providerData.scenario` names what shall happen, else
//! the amount's last two digits do; see [`scenario`].
//!
//! What a later call must know travels in `carry`. The plugin's own store is this provider's ledger,
//! and holds only what no answer could carry: payments whose answer was lost, and what webhooks have
//! said since.

mod inquiry;
mod ledger;
mod misbehaviour;
mod notice;
mod payments;
mod refunds;
mod scenario;
mod webhooks;

use std::time::Duration;

use provost_sdk::prelude::*;

/// The provider.
pub struct Sandbox;

provost_sdk::plugin!(Sandbox: payments, inquiry, search, refunds, webhooks);

impl Plugin for Sandbox {
    fn describe() -> Description {
        Description::new("sandbox", env!("CARGO_PKG_VERSION"))
            .optional_secret(webhooks::SECRET, "the key of `Sandbox-Signature`; without it signed webhooks are put off")
            .search_is_authoritative()
            .idempotency_keys_live(Duration::from_secs(24 * 60 * 60))
    }
}
