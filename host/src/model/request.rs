//! What the host asks of a plugin in one call, and what a plugin hands back.

use super::{Action, Amount, Carry, DatedEvent, News, PluginError, PluginOutcome, Target, Trust};
use crate::clock::Timestamp;

/// A payment to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayRequest {
    /// How much.
    pub amount: Amount,
    /// The merchant's id.
    pub shop_transaction_id: String,
    /// The payment method, from the path or the body.
    pub payment_method: Option<String>,
    /// Where the payer goes afterwards.
    pub success_redirect_url: Option<String>,
    /// Where the payer goes if it fails.
    pub failure_redirect_url: Option<String>,
    /// A JSON object, as text, passed on untouched.
    pub provider_data: Option<String>,
}

/// A payment that the host knows, as a plugin sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPayment {
    /// Its names.
    pub target: Target,
    /// What was asked; none for a payment that was made before the host knew this provider.
    pub amount: Option<Amount>,
    /// The payment method.
    pub payment_method: Option<String>,
    /// What the plugin gave the host to keep.
    pub carry: Option<Carry>,
}

/// Some of a payment to be given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundRequest {
    /// The payment.
    pub payment: KnownPayment,
    /// How much of it.
    pub amount: Amount,
    /// A JSON object, as text, passed on untouched.
    pub provider_data: Option<String>,
}

/// A refund that the host knows, as a plugin sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownRefund {
    /// The provider's id, where it told one.
    pub refund_id: Option<String>,
    /// The host's name for it.
    pub host_reference: String,
    /// How much it gives back.
    pub amount: Amount,
    /// What the plugin gave the host to keep.
    pub carry: Option<Carry>,
}

/// What the operation was that got no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// What it did.
    pub action: Action,
    /// The host's name for it.
    pub host_reference: String,
    /// The merchant's id.
    pub shop_transaction_id: Option<String>,
    /// How much it was about.
    pub amount: Option<Amount>,
    /// When it was claimed.
    pub since: Timestamp,
    /// What it was done to, for a refund.
    pub payment: Option<KnownPayment>,
}

/// What a provider sent to `/v3/{external}/callback`: nothing parsed, nothing normalised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Its method.
    pub method: String,
    /// As the sender saw it, behind whatever proxy.
    pub url: String,
    /// Every header.
    pub headers: Vec<(String, String)>,
    /// The raw body.
    pub body: Vec<u8>,
    /// When it came.
    pub received_at: Timestamp,
    /// The operation whose webhook URL this is: its MAC was checked.
    pub host_reference: Option<String>,
}

/// What is answered to a webhook's sender, once its news is on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

/// What a plugin read in a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// How far it proves its sender.
    pub trust: Trust,
    /// What it tells.
    pub events: Vec<DatedEvent>,
    /// What its sender is answered.
    pub reply: Reply,
}

/// Why a webhook was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// Not from this provider.
    Forged(String),
    /// Cannot be judged now.
    Later(String),
}

/// One call of a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// `payments.pay`.
    Pay(PayRequest),
    /// `refunds.refund`.
    Refund(RefundRequest),
    /// `inquiry.status`.
    Status(KnownPayment),
    /// `refunds.status`.
    RefundStatus(KnownPayment, KnownRefund),
    /// `search.find`.
    Find(Query),
    /// `webhooks.receive`.
    Receive(Webhook),
}

/// What a plugin returned; each variant answers the [`Request`] of its name. `News` from `Status`, `RefundStatus` and
/// `Find` carries the source [`super::Source::Inquiry`], that in a `Receipt` [`super::Source::Verified`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// To `Pay` and `Refund`.
    Outcome(Result<PluginOutcome, PluginError>),
    /// To `Status` and `RefundStatus`.
    Status(Result<Box<News>, PluginError>),
    /// To `Find`.
    Found(Result<Vec<News>, PluginError>),
    /// To `Receive`.
    Received(Result<Receipt, Rejection>),
}
