//! Joins the author's traits to the generated ones. Nothing here decides anything.

use std::marker::PhantomData;

use crate::types::*;
use crate::{Error, Result, bindings, interfaces};

/// Exports a plugin's interfaces: what [`plugin!`](crate::plugin) hands to the generated macros.
#[derive(Debug)]
pub struct Adapter<T>(PhantomData<T>);

impl<T: interfaces::Plugin + 'static> bindings::description::Guest for Adapter<T> {
    fn describe() -> Description {
        T::describe()
    }
}

impl<T: interfaces::Payments + 'static> bindings::payments::Guest for Adapter<T> {
    fn pay(request: PayRequest) -> Result<PaymentOutcome> {
        T::pay(request)
    }
}

impl<T: interfaces::Inquiry + 'static> bindings::inquiry::Guest for Adapter<T> {
    fn status(payment: Payment) -> Result<PaymentStatus> {
        T::status(payment)
    }
}

impl<T: interfaces::Search + 'static> bindings::search::Guest for Adapter<T> {
    fn find(query: Query) -> Result<Vec<PaymentStatus>> {
        T::find(query)
    }

    fn find_subscription(query: Query) -> Result<Vec<SubscriptionStatus>> {
        T::find_subscription(query)
    }
}

impl<T: interfaces::Refunds + 'static> bindings::refunds::Guest for Adapter<T> {
    fn refund(request: RefundRequest) -> Result<RefundOutcome> {
        T::refund(request)
    }

    fn status(payment: Payment, refund: KnownRefund) -> Result<PaymentStatus> {
        T::status(payment, refund)
    }
}

impl<T: interfaces::Captures + 'static> bindings::captures::Guest for Adapter<T> {
    fn capture(request: CaptureRequest) -> Result<PaymentOutcome> {
        T::capture(request)
    }

    fn void(payment: Payment) -> Result<PaymentOutcome> {
        T::void(payment)
    }
}

impl<T: interfaces::Continuations + 'static> bindings::continuations::Guest for Adapter<T> {
    fn resume(payment: Payment, data: Json) -> Result<PaymentOutcome> {
        T::resume(payment, parsed(&data)?)
    }
}

impl<T: interfaces::Links + 'static> bindings::links::Guest for Adapter<T> {
    fn create(request: PayRequest) -> Result<LinkOutcome> {
        T::create(request)
    }
}

impl<T: interfaces::Subscriptions + 'static> bindings::subscriptions::Guest for Adapter<T> {
    fn update(subscription: Subscription, changes: Changes) -> Result<ChangeOutcome> {
        T::update(subscription, changes)
    }

    fn status(subscription: Subscription) -> Result<SubscriptionStatus> {
        T::status(subscription)
    }

    fn expire(subscription: Subscription) -> Result<ChangeOutcome> {
        T::expire(subscription)
    }
}

impl<T: interfaces::ScheduledBilling + 'static> bindings::scheduled_billing::Guest for Adapter<T> {
    fn schedule(request: PayRequest, plan: Plan) -> Result<SubscriptionOutcome> {
        T::schedule(request, plan)
    }
}

impl<T: interfaces::ManualBilling + 'static> bindings::manual_billing::Guest for Adapter<T> {
    fn start(request: PayRequest, plan: Plan) -> Result<SubscriptionOutcome> {
        T::start(request, plan)
    }

    fn pay(subscription: Subscription, request: PayRequest) -> Result<PaymentOutcome> {
        T::pay(subscription, request)
    }
}

impl<T: interfaces::Webhooks + 'static> bindings::webhooks::Guest for Adapter<T> {
    fn receive(webhook: Webhook) -> Result<Receipt, Rejection> {
        T::receive(webhook)
    }
}

impl<T: interfaces::Utilities + 'static> bindings::utilities::Guest for Adapter<T> {
    fn call(request: UtilityRequest) -> Result<Json> {
        Ok(T::call(request)?.to_string())
    }
}

/// What the host hands over parses, by the contract; a host that breaks it has called nothing.
fn parsed(text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|_| Error::refused("the host handed over broken JSON"))
}
