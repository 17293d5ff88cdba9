//! The only SQL: a set of commands, values in and result out, each one transaction; never an open transaction in a
//! caller's hands. Knows no plugin and no HTTP, and reads no clock: time is handed in.
//!
//! In a SQLite file, commands go to one writer that groups their commits; reads are made in place and never wait for it.
//! In a Postgres, which hosts can share, both go to a few connections. The commands are the same: see `database`.
//!
//! | file | commands and reads |
//! |---|---|
//! | `claim` | [`Store::claim`]: new, a repeat, or forbidden |
//! | `sent` | [`Store::sent`], [`Store::learn`]: noted while an operation runs |
//! | `finish` | [`Store::finish`]: its end, on disk before the answer |
//! | `lapse` | [`Store::lapse`], [`Store::lapse_all`]: its end where its host died |
//! | `report` | [`Store::report`], [`Store::report_on`]: what an inquiry brought |
//! | `webhooks`, `parked` | [`Store::receive`], [`Store::unpark`]: what webhooks brought |
//! | `asks` | [`Store::due_ask_externals`], [`Store::take_asks`], [`Store::settle_ask`], [`Store::release_asks`], the same of subscriptions, [`Store::check`] |
//! | `repeat` | [`Store::seal`], [`Store::repeatable`], [`Store::take_repeat`], [`Store::sent_again`], [`Store::last_attempt`], [`Store::forget_requests`]: calls that may be made again |
//! | `redirects` | [`Store::end_redirect`]: redirects that nobody followed |
//! | `callbacks` | [`Store::due_externals`], [`Store::lease_callbacks`], [`Store::settle_callback`], [`Store::release_callbacks`], [`Store::next_callback_due`], [`Store::callback_counts`] |
//! | `replay`, `settle`, `audit` | [`Store::replay`], [`Store::settle`]: what people decide, and a record of it |
//! | `callback_list`, `payment_list` | [`Store::callbacks`], [`Store::callback`], [`Store::payments`], [`Store::named_by_hand`], [`Store::whole_payment`]: what people look at |
//! | `expiry` | [`Store::expire`]: what is kept for a time only |
//! | `host_key` | [`Store::host_key`]: what the host signs its own URLs with |
//! | `state` | [`Store::state_get`], [`Store::state_set`], [`Store::state_remove`] |
//! | `lookup` | [`Store::payment`], [`Store::payment_by_key`], [`Store::operation`], [`Store::operation_by_reference`], [`Store::ping`] |
//!
//! Under them: `writer` and `readers` own the connections to a file, `pool` and `attempt` those to a server, `change` writes whatever news changes, `payments`,
//! `operations` and `names` know the rows.

mod adopt;
mod asks;
mod attempt;
mod audit;
mod callback_list;
mod callbacks;
mod change;
mod charges;
mod claim;
mod columns;
mod database;
mod decide;
mod error;
mod events;
mod expiry;
mod finish;
mod follow_ups;
mod host_key;
mod kept_request;
mod lane;
mod lapse;
mod lookup;
mod names;
mod news_json;
mod open;
mod operations;
mod parked;
mod payment_list;
mod payments;
mod pool;
mod readers;
mod redirects;
mod repeat;
mod replay;
mod report;
mod seal;
mod sent;
mod server;
mod settings;
mod settle;
mod state;
mod subject;
mod subscription_change;
mod subscriptions;
#[cfg(test)]
mod tests;
mod webhooks;
mod writer;

pub use asks::{AskSettled, AskedAbout, Taking};
pub use audit::{Action as AuditAction, Entry as AuditEntry};
pub use callback_list::{AttemptRecord, CallbackFilter, CallbackRecord, WholeCallback};
pub use callbacks::{Attempt, COUNTED, CallbackCounts, CallbackKey, CallbackState, Delivery, DueBy, Settlement};
pub use change::Changed;
pub use claim::{Claim, Claimed, NewPayment, What, Whose};
pub use database::Address;
pub use error::{OpenError, StoreError};
pub use expiry::{Expiring, Passing, STEP};
pub use finish::{Finish, Finished, Told};
pub use follow_ups::{DueFollowUp, FollowUpKey};
pub use lapse::Lapsed;
pub use lookup::{Found, Name};
pub use parked::Unparked;
pub use payment_list::{NamedByHand, OperationRecord, PaymentFilter, WholePayment};
pub use redirects::{EndingRedirect, RedirectEnded};
pub use repeat::{Repeat, Repeating, SealedRequest};
pub use replay::{REPLAYED_AT_ONCE, Replayed, Replaying, Which};
pub use report::{Reported, Reporting};
pub use seal::KEY_BYTES;
pub use sent::{Learned, Sending};
pub use server::Others;
pub use settings::{Place, Settings};
pub use settle::{SettledByHand, Settling, Verdict};
pub use subject::Subject;
pub use subscription_change::SubscriptionChanged;
pub use webhooks::{Received, Receiving};

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The store. Clones share it; the file is closed when the last one is dropped.
#[derive(Clone)]
pub struct Store {
    parts: Arc<Parts>,
}

struct Parts {
    readers: readers::Readers,
    writer: writer::Writer,
    fences: AtomicU64,
    /// Where hosts share it.
    shared: Option<server::Shared>,
    /// What is kept of requests is sealed with it; without it nothing is kept.
    seal: Option<Arc<seal::Seal>>,
}

impl Store {
    /// Waits until the disk under the file has failed: who holds this must end. Until then for ever, as on a server.
    pub async fn broken(&self) {
        self.parts.writer.broken().await;
    }

    /// Whether it has failed already.
    pub fn is_broken(&self) -> bool {
        self.parts.writer.is_broken()
    }

    /// A number that no lease had before, in this life of the host or an earlier one.
    fn next_fence(&self) -> u64 {
        self.parts.fences.fetch_add(1, Ordering::Relaxed)
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store(…)")
    }
}
