//! One trait for each interface of the contract: a plugin implements what its provider can do, and
//! names it in [`plugin!`](crate::plugin). None takes `self`: an instance serves one call and
//! remembers nothing, so what must be kept goes into `carry` or [`state`](crate::state).

use crate::types::*;
use crate::{Error, Result};

/// What every plugin says about itself.
pub trait Plugin {
    /// Called once when the plugin is loaded, with nothing granted: no request, no secret, no setting.
    fn describe() -> Description;
}

/// Takes payments. With [`Plugin`] it is the least that a plugin is.
pub trait Payments {
    /// Makes a payment. A decline is an outcome, not an error.
    fn pay(request: PayRequest) -> Result<PaymentOutcome>;
}

/// Asks the provider how a payment stands. Its calls may only read.
pub trait Inquiry {
    /// How the payment stands at the provider, now.
    fn status(payment: Payment) -> Result<PaymentStatus>;
}

/// Finds what was never acknowledged. Its calls may only read.
pub trait Search {
    /// Everything that may be what the query describes; the host knows what belongs to other operations.
    fn find(query: Query) -> Result<Vec<PaymentStatus>>;

    /// The same for a subscription.
    fn find_subscription(_query: Query) -> Result<Vec<SubscriptionStatus>> {
        Err(Error::unsupported("this provider's subscriptions cannot be searched"))
    }
}

/// Gives money back.
pub trait Refunds {
    /// Refunds all or a part of a payment; the host has checked that so much is left.
    fn refund(request: RefundRequest) -> Result<RefundOutcome>;

    /// How a refund stands. May only read.
    fn status(_payment: Payment, _refund: KnownRefund) -> Result<PaymentStatus> {
        Err(Error::unsupported("this provider does not tell about refunds"))
    }
}

/// For providers that reserve first and collect later.
pub trait Captures {
    /// Collects all or a part of what was reserved.
    fn capture(request: CaptureRequest) -> Result<PaymentOutcome>;
    /// Releases what was reserved.
    fn void(payment: Payment) -> Result<PaymentOutcome>;
}

/// For flows that go on after the payer comes back, or after an event.
pub trait Continuations {
    /// The next step of a payment, with the data of the follow-up that asked for it.
    fn resume(payment: Payment, data: Value) -> Result<PaymentOutcome>;
}

/// Makes links that a payer can follow.
pub trait Links {
    /// Makes a link for a payment.
    fn create(request: PayRequest) -> Result<LinkOutcome>;
}

/// Looks after subscriptions that exist at the provider, however they are billed.
pub trait Subscriptions {
    /// Changes what `changes` names, and nothing else.
    fn update(subscription: Subscription, changes: Changes) -> Result<ChangeOutcome>;
    /// How the subscription stands. May only read.
    fn status(subscription: Subscription) -> Result<SubscriptionStatus>;
    /// Ends the subscription.
    fn expire(subscription: Subscription) -> Result<ChangeOutcome>;
}

/// The provider charges by itself, and tells by webhook.
pub trait ScheduledBilling {
    /// Starts a subscription that the provider bills.
    fn schedule(request: PayRequest, plan: Plan) -> Result<SubscriptionOutcome>;
}

/// Somebody on our side decides when to charge.
pub trait ManualBilling {
    /// Starts a subscription that is charged with [`pay`](Self::pay).
    fn start(request: PayRequest, plan: Plan) -> Result<SubscriptionOutcome>;
    /// Charges the subscription once.
    fn pay(subscription: Subscription, request: PayRequest) -> Result<PaymentOutcome>;
}

/// Reads what the provider sends to us. Its calls may only read.
pub trait Webhooks {
    /// Judges a request that claims to come from the provider, and says what it tells.
    fn receive(webhook: Webhook) -> Result<Receipt, Rejection>;
}

/// Whatever else the provider offers: tokens for a checkout page, customers, sessions.
pub trait Utilities {
    /// Answers `/utility/{name}`.
    fn call(request: UtilityRequest) -> Result<Value>;
}
