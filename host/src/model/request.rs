//! What the host asks of a plugin in one call, and what a plugin hands back.

use super::{
    Action, Amount, Carry, ChangeOutcome, Changes, DatedEvent, News, NewsState, Plan, PluginError, PluginOutcome,
    SubscriptionNews, SubscriptionOutcome, Target, Trust,
};
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

/// Some of what was reserved to be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureRequest {
    /// The payment.
    pub payment: KnownPayment,
    /// How much of it.
    pub amount: Amount,
    /// No further capture will follow.
    pub last: bool,
    /// A JSON object, as text, passed on untouched.
    pub provider_data: Option<String>,
}

/// A subscription that the host knows, as a plugin sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownSubscription {
    /// The provider's tokens for it, the one to show first.
    pub tokens: Vec<String>,
    /// The host's name for it.
    pub host_reference: Option<String>,
    /// What the plugin gave the host to keep.
    pub carry: Option<Carry>,
}

/// A request to `/v3/{external}/utility/{name…}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UtilityRequest {
    /// Its method.
    pub method: String,
    /// What follows `/utility/`.
    pub name: String,
    /// The query, decoded.
    pub query: Vec<(String, String)>,
    /// JSON, as text.
    pub body: Option<String>,
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
    /// What it was done to, for a refund or a capture.
    pub payment: Option<KnownPayment>,
    /// What it was done to, for a charge of a subscription.
    pub subscription: Option<KnownSubscription>,
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
    /// `captures.capture`.
    Capture(CaptureRequest),
    /// `captures.void`.
    Void(KnownPayment),
    /// `continuations.resume`, with JSON text.
    Resume(KnownPayment, String),
    /// `links.create`.
    Link(PayRequest),
    /// `scheduled-billing.schedule`.
    Schedule(PayRequest, Plan),
    /// `manual-billing.start`.
    Start(PayRequest, Plan),
    /// `manual-billing.pay`.
    Charge(KnownSubscription, PayRequest),
    /// `subscriptions.update`.
    Update(KnownSubscription, Changes),
    /// `subscriptions.status`.
    SubscriptionStatus(KnownSubscription),
    /// `subscriptions.expire`.
    Expire(KnownSubscription),
    /// `search.find-subscription`.
    FindSubscription(Query),
    /// `utilities.call`.
    Utility(UtilityRequest),
}

/// What a plugin returned; each variant answers the [`Request`] of its name. News from `Status`, `RefundStatus`,
/// `SubscriptionStatus`, `Find` and `FindSubscription` carries the source [`super::Source::Inquiry`], that in a `Receipt` [`super::Source::Verified`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// To `Pay`, `Link`, `Charge`, `Refund`, `Capture`, `Void` and `Resume`. A link that was made is a redirect.
    Outcome(Result<PluginOutcome, PluginError>),
    /// To `Status` and `RefundStatus`.
    Status(Result<Box<News>, PluginError>),
    /// To `Find`.
    Found(Result<Vec<News>, PluginError>),
    /// To `Receive`.
    Received(Result<Receipt, Rejection>),
    /// To `Schedule` and `Start`.
    Subscribed(Result<SubscriptionOutcome, PluginError>),
    /// To `Update` and `Expire`.
    Changed(Result<ChangeOutcome, PluginError>),
    /// To `SubscriptionStatus`.
    SubscriptionStatus(Result<SubscriptionNews, PluginError>),
    /// To `FindSubscription`.
    FoundSubscriptions(Result<Vec<SubscriptionNews>, PluginError>),
    /// To `Utility`: JSON text.
    Utility(Result<String, PluginError>),
}

impl Response {
    /// Whether it tells nothing of what was asked.
    pub fn tells_nothing(&self) -> bool {
        match self {
            Self::Status(Ok(news)) => news.state == NewsState::Unknown,
            Self::Status(Err(_))
            | Self::Found(Err(_))
            | Self::SubscriptionStatus(Err(_))
            | Self::FoundSubscriptions(Err(_)) => true,
            _ => false,
        }
    }

    /// Every text that says why something was not done.
    pub fn reasons_mut(&mut self) -> Vec<&mut String> {
        let error = match self {
            Self::Outcome(Err(error))
            | Self::Status(Err(error))
            | Self::Found(Err(error))
            | Self::Subscribed(Err(error))
            | Self::Changed(Err(error))
            | Self::SubscriptionStatus(Err(error))
            | Self::FoundSubscriptions(Err(error))
            | Self::Utility(Err(error)) => error,
            Self::Received(Err(Rejection::Forged(reason) | Rejection::Later(reason))) => return vec![reason],
            Self::Outcome(Ok(_))
            | Self::Status(Ok(_))
            | Self::Found(Ok(_))
            | Self::Received(Ok(_))
            | Self::Subscribed(Ok(_))
            | Self::Changed(Ok(_))
            | Self::SubscriptionStatus(Ok(_))
            | Self::FoundSubscriptions(Ok(_))
            | Self::Utility(Ok(_)) => return Vec::new(),
        };
        match error {
            PluginError::Invalid(faults) => faults.iter_mut().map(|fault| &mut fault.reason).collect(),
            PluginError::NotFound(reason)
            | PluginError::Conflict(reason)
            | PluginError::Unsupported(reason)
            | PluginError::Refused { reason, .. }
            | PluginError::Unknown { reason, .. } => vec![reason],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Fault;

    #[test]
    fn every_reason_of_a_response_can_be_changed() {
        let text = || "a".to_owned();
        let faults =
            vec![Fault { pointer: "/x".to_owned(), reason: text() }, Fault { pointer: text(), reason: text() }];
        let errors = [
            (PluginError::Invalid(faults), 2),
            (PluginError::NotFound(text()), 1),
            (PluginError::Conflict(text()), 1),
            (PluginError::Unsupported(text()), 1),
            (PluginError::Refused { reason: text(), retry_after: None }, 1),
            (PluginError::Unknown { reason: text(), payment_id: None }, 1),
        ];
        for (error, count) in errors {
            let responses = [
                Response::Outcome(Err(error.clone())),
                Response::Status(Err(error.clone())),
                Response::Found(Err(error.clone())),
                Response::Subscribed(Err(error.clone())),
                Response::Changed(Err(error.clone())),
                Response::SubscriptionStatus(Err(error.clone())),
                Response::FoundSubscriptions(Err(error.clone())),
                Response::Utility(Err(error)),
            ];
            for mut response in responses {
                assert_eq!(response.reasons_mut(), vec!["a"; count]);
            }
        }
        for rejection in [Rejection::Forged(text()), Rejection::Later(text())] {
            assert_eq!(Response::Received(Err(rejection)).reasons_mut(), ["a"]);
        }
        assert!(Response::Utility(Ok(text())).reasons_mut().is_empty(), "what is no reason stays as it is");
    }
}
