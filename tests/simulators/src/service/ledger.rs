//! What the service has done: the truth that a test compares the host's story with. Its words are PGM's.

use crate::provider::fault::is_path;
use crate::server::Request;
use http::Method;

/// Everything that the service has done and heard.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    pub(super) payments: Vec<Payment>,
    pub(super) refunds: Vec<Refund>,
    pub(super) subscriptions: Vec<Subscription>,
    pub(super) requests: Vec<Request>,
    pub(super) complaints: Vec<String>,
    pub(super) credential: Option<String>,
}

/// A payment that the service took on, failed ones included.
#[derive(Clone, Debug)]
pub struct Payment {
    /// The service's id, `pay-1`.
    pub id: String,
    /// `ACCEPTED`, `FAILED` or `PENDING`.
    pub status: &'static str,
    /// What PGM has no word for: `AUTHORIZED` beside `PENDING`, `VOIDED` beside `FAILED`.
    pub state: Option<&'static str>,
    /// In minor units.
    pub amount: u64,
    /// What was taken of a reserved one, in minor units.
    pub captured: u64,
    /// ISO 4217.
    pub currency: String,
    /// The shop's name for it.
    pub shop_transaction_id: String,
    /// As the caller named it.
    pub payment_method: Option<String>,
    /// The subscription that the service charged by itself.
    pub subscription_token: Option<String>,
}

/// A refund that the service took on, failed ones included.
#[derive(Clone, Debug)]
pub struct Refund {
    /// The service's id, `ref-1`, told or not.
    pub id: String,
    /// Whether answers name it: PGM's own do not.
    pub named: bool,
    /// The payment that it gives back.
    pub payment_id: String,
    /// `ACCEPTED`, `FAILED` or `PENDING`.
    pub status: &'static str,
    /// In minor units.
    pub amount: u64,
}

/// A subscription that the service took on.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// The service's token, `sub-1`.
    pub token: String,
    /// In PGM's words.
    pub status: &'static str,
    /// In minor units.
    pub amount: u64,
    /// ISO 4217.
    pub currency: String,
    /// The shop's name for it.
    pub shop_transaction_id: String,
    /// `DAY`, `WEEK`, `MONTH` or `YEAR`.
    pub interval: String,
    /// Every so many of them.
    pub interval_count: u32,
}

impl Ledger {
    /// Every payment, oldest first.
    pub fn payments(&self) -> &[Payment] {
        &self.payments
    }

    /// The payments for one of the shop's transactions.
    pub fn payments_for_shop(&self, shop_transaction_id: &str) -> Vec<&Payment> {
        let payments = self.payments.iter();
        payments.filter(|payment| payment.shop_transaction_id == shop_transaction_id).collect()
    }

    /// Every refund, oldest first.
    pub fn refunds(&self) -> &[Refund] {
        &self.refunds
    }

    /// Every subscription, oldest first.
    pub fn subscriptions(&self) -> &[Subscription] {
        &self.subscriptions
    }

    /// Every request that was read whole, oldest first, those that then failed included.
    pub fn requests(&self) -> &[Request] {
        &self.requests
    }

    /// The requests with this method and path; a `*` stands for any one part of the path.
    pub fn requests_to(&self, method: &Method, path: &str) -> Vec<&Request> {
        let requests = self.requests.iter();
        requests.filter(|request| request.method == *method && is_path(&request.segments(), path)).collect()
    }

    /// What requests were not as PGM would have sent them, oldest first.
    pub fn complaints(&self) -> &[String] {
        &self.complaints
    }

    pub(super) fn payment(&self, id: &str) -> Option<&Payment> {
        self.payments.iter().find(|payment| payment.id == id)
    }

    pub(super) fn payment_mut(&mut self, id: &str) -> &mut Payment {
        let mut payments = self.payments.iter_mut();
        let payment = payments.find(|payment| payment.id == id);
        payment.unwrap_or_else(|| panic!("the service has no payment {id}"))
    }

    pub(super) fn refund_mut(&mut self, id: &str) -> &mut Refund {
        let mut refunds = self.refunds.iter_mut();
        let refund = refunds.find(|refund| refund.id == id);
        refund.unwrap_or_else(|| panic!("the service has no refund {id}"))
    }

    pub(super) fn subscription_mut(&mut self, token: &str) -> Option<&mut Subscription> {
        self.subscriptions.iter_mut().find(|subscription| subscription.token == token)
    }

    /// What may still be given back of a payment.
    pub(super) fn refundable(&self, payment: &Payment) -> u64 {
        let refunds = self.refunds.iter().filter(|refund| refund.payment_id == payment.id && refund.status != "FAILED");
        payment.amount - refunds.map(|refund| refund.amount).sum::<u64>()
    }
}
