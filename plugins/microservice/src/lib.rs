//! What the Payment Gateway Manager (PGM) does for a custom provider: every call is handed on to a
//! service that has PGM's own endpoints, with the bodies that PGM's callers send, and the answer is
//! read as PGM documents it ([`answer`], [`standing`]). [`service`] says where the service is and how a
//! request to it is made; [`judge`], what its HTTP answer proves.
//!
//! It exports no webhooks: for such a plugin the host itself takes PGM's `callback?paymentId=`, as a
//! reason to ask.

mod answer;
mod body;
mod captures;
mod inquiry;
mod judge;
mod links;
mod manual_billing;
mod newest_refund;
mod payments;
mod refunds;
mod scheduled_billing;
mod service;
mod standing;
mod subscriptions;
#[cfg(test)]
mod testing;
mod text;
mod utilities;

use provost_sdk::prelude::*;

/// The provider: whatever stands behind the service.
pub struct Microservice;

provost_sdk::plugin!(Microservice: payments, inquiry, refunds, captures, links, subscriptions, scheduled_billing,
    manual_billing, utilities);

impl Plugin for Microservice {
    fn describe() -> Description {
        Description::new("microservice", env!("CARGO_PKG_VERSION"))
            .setting(service::BASE_URL, "where the service is: /pay, /refund … follow; its origin needs a grant")
            .optional_setting(service::HEADER, "the header that carries the secret; without it Authorization")
            .optional_secret(service::SECRET, "the whole value of that header, such as `Bearer …`")
            .interval(Interval::Day)
            .interval(Interval::Week)
            .interval(Interval::Month)
            .interval(Interval::Year)
    }
}
