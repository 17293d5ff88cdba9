//! The scripted provider: it speaks the `acme` format, keeps a [`Ledger`] by idempotency key, and
//! fails wherever a test's [`Rule`]s say. Start at [`Provider::start`](crate::backend::Backend::start).
//!
//! What becomes of a charge is the caller's wish, in `providerData`, as with a real provider's test
//! cards: see [`Wish`]. What goes wrong on the way is the test's.

mod acme;
pub(crate) mod fault;
mod ledger;
pub(crate) mod misbehave;
mod webhook;

pub use acme::Wish;
pub use fault::{Fault, Misbehaviour, Rule};
pub use ledger::{Charge, Ledger, Refund, Status};
pub use webhook::{Answered, WEBHOOK_SECRET};

use crate::backend::{Backend, Works};
use crate::server::{Request, Response};

/// A provider on loopback; it ends when this is dropped.
pub type Provider = Backend<Ledger>;

impl Provider {
    /// The provider makes up its mind about a charge. No webhook is sent by that.
    ///
    /// # Panics
    /// If it has no such charge.
    pub fn settle(&self, charge: &str, status: Status) {
        self.change(|ledger| ledger.charge_mut(charge).status = status);
    }

    /// The provider makes up its mind about a refund. No webhook is sent by that.
    ///
    /// # Panics
    /// If it has no such refund.
    pub fn settle_refund(&self, refund: &str, status: Status) {
        self.change(|ledger| ledger.refund_mut(refund).status = status);
    }
}

impl Works for Ledger {
    fn carry_out(&mut self, request: &Request) -> Response {
        acme::answer(self, request)
    }

    fn note(&mut self, request: Request) {
        self.requests.push(request);
    }
}

#[cfg(test)]
mod tests;
