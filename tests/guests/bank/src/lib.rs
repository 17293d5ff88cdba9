//! Every interface of the contract and little else, so that a host which is killed again and again compiles it fast.
//! The bank is the ledger of the chaos tool, at the setting `base_url`, with a bearer key. It speaks lines: see `entry`.
//!
//! | | |
//! |---|---|
//! | `POST /entries` | makes an entry of a `kind`; 402 is a decline |
//! | `GET /entries/{id}` | the entry |
//! | `GET /entries?reference=` | every entry that carries our reference, a line each |
//!
//! What the bank shall do is the caller's wish: the word in `{"wish":"…"}`.

mod asking;
mod entry;
mod making;
mod webhooks;

use std::time::Duration;

use entry::Entry;
use provost_sdk::prelude::*;

/// The provider.
pub struct Bank;

provost_sdk::plugin!(Bank: payments, inquiry, search, refunds, captures, links, subscriptions, scheduled_billing,
    manual_billing, webhooks, utilities);

impl Plugin for Bank {
    fn describe() -> Description {
        Description::new("bank", env!("CARGO_PKG_VERSION"))
            .setting("base_url", "where the bank is; its origin needs a grant")
            .secret("api_key", "what the bank knows us by")
            .secret("webhook", "what the bank signs its webhooks with")
            .interval(Interval::Month)
            .search_is_authoritative()
            .idempotency_keys_live(Duration::from_secs(24 * 60 * 60))
    }
}

fn url(path: &[&str]) -> Result<String> {
    Ok(http::url(&settings::required("base_url")?, path))
}

/// The first entry of an answer.
fn first(entries: Vec<Entry>) -> Result<Entry> {
    entries.into_iter().next().ok_or_else(|| Error::unknown("the bank answered nothing"))
}
