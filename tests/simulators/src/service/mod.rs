//! The custom provider of a PGM installation: a service that exposes the endpoints of the Payment Gateway Manager, below
//! [`BASE`]. It is strict about what it accepts: whatever PGM would not have sent is a 400, and a complaint in its
//! [`Ledger`]. Start at [`Service::start`](crate::backend::Backend::start).
//!
//! What becomes of a call is the caller's wish, in `providerData`: see [`Wish`]. What goes wrong on the way is the
//! test's.

mod endpoints;
mod ledger;
mod payments;
mod subscriptions;

pub use endpoints::Wish;
pub use ledger::{Ledger, Payment, Refund, Subscription};

use crate::backend::{Backend, Works};
use crate::server::{Request, Response};

/// Where its endpoints begin.
pub const BASE: &str = "/pgm";

/// A service on loopback; it ends when this is dropped.
pub type Service = Backend<Ledger>;

impl Service {
    /// One that wants every request to carry this, as `Authorization`.
    pub fn guarded(credential: &str) -> Self {
        Self::with(Ledger { credential: Some(credential.to_owned()), ..Ledger::default() })
    }

    /// What PGM's users write as its `baseUrl`.
    pub fn base_url(&self) -> String {
        format!("{}{BASE}", self.url())
    }

    /// The service makes up its mind about a payment: `ACCEPTED` or `FAILED`. Nobody is told by that.
    ///
    /// # Panics
    /// If it has no such payment.
    pub fn settle(&self, payment: &str, status: &'static str) {
        self.change(|ledger| ledger.payment_mut(payment).status = status);
    }

    /// The same about a refund.
    ///
    /// # Panics
    /// If it has no such refund.
    pub fn settle_refund(&self, refund: &str, status: &'static str) {
        self.change(|ledger| ledger.refund_mut(refund).status = status);
    }

    /// A subscription has come to stand so, in PGM's words. Nobody is told by that.
    ///
    /// # Panics
    /// If it has no such subscription.
    pub fn settle_subscription(&self, token: &str, status: &'static str) {
        self.change(|ledger| {
            let subscription = ledger.subscription_mut(token);
            subscription.unwrap_or_else(|| panic!("the service has no subscription {token}")).status = status;
        });
    }

    /// The service charges a subscription by itself, and says which payment that made. Nobody is told by that.
    ///
    /// # Panics
    /// If it has no such subscription.
    pub fn charge(&self, token: &str) -> String {
        let mut id = String::new();
        self.change(|ledger| id = subscriptions::charge(ledger, token));
        id
    }
}

impl Works for Ledger {
    fn carry_out(&mut self, request: &Request) -> Response {
        endpoints::answer(self, request)
    }

    fn note(&mut self, request: Request) {
        self.requests.push(request);
    }
}

#[cfg(test)]
mod tests;
