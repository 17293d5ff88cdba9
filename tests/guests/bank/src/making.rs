//! What makes entries.

use provost_sdk::prelude::*;

use crate::entry::Entry;
use crate::{Bank, first, url};

impl Payments for Bank {
    fn pay(request: PayRequest) -> Result<PaymentOutcome> {
        let charge = make(&[("kind", "charge")], Some(&request.amount), Some(&request))?;
        Ok(outcome(&first(charge)?))
    }
}

impl Refunds for Bank {
    fn refund(request: RefundRequest) -> Result<RefundOutcome> {
        let wish = wish(request.provider_data.as_deref());
        let fields = [("kind", "refund"), ("of", request.payment.id()?), ("wish", wish)];
        let refund = first(make(&fields, Some(&request.amount), None)?)?;
        Ok(match refund.state() {
            PaymentState::Accepted => Refunded::new(refund.id()).succeeded(),
            PaymentState::Failed => declined().into(),
            _ => Refunded::new(refund.id()).pending(),
        })
    }

    fn status(payment: Payment, refund: KnownRefund) -> Result<PaymentStatus> {
        crate::asking::refund(&payment, &refund)
    }
}

impl Captures for Bank {
    fn capture(request: CaptureRequest) -> Result<PaymentOutcome> {
        let last = if request.final_ { "1" } else { "" };
        let wish = wish(request.provider_data.as_deref());
        let fields = [("kind", "capture"), ("of", request.payment.id()?), ("final", last), ("wish", wish)];
        acted(&request.payment, &fields, Some(&request.amount))
    }

    fn void(payment: Payment) -> Result<PaymentOutcome> {
        acted(&payment, &[("kind", "void"), ("of", payment.id()?)], None)
    }
}

impl Links for Bank {
    fn create(request: PayRequest) -> Result<LinkOutcome> {
        let link = first(make(&[("kind", "link")], Some(&request.amount), Some(&request))?)?;
        if link.state() == PaymentState::Failed {
            return Ok(declined().into());
        }
        Ok(Link::new(page(&link)).payment_id(link.id()).into())
    }
}

impl ScheduledBilling for Bank {
    fn schedule(request: PayRequest, _plan: Plan) -> Result<SubscriptionOutcome> {
        subscribe("schedule", &request)
    }
}

impl ManualBilling for Bank {
    fn start(request: PayRequest, _plan: Plan) -> Result<SubscriptionOutcome> {
        subscribe("start", &request)
    }

    fn pay(subscription: Subscription, request: PayRequest) -> Result<PaymentOutcome> {
        let fields = [("kind", "instalment"), ("of", subscription.token()?)];
        Ok(outcome(&first(make(&fields, Some(&request.amount), Some(&request))?)?))
    }
}

impl Subscriptions for Bank {
    fn update(subscription: Subscription, changes: Changes) -> Result<ChangeOutcome> {
        make(&[("kind", "update"), ("of", subscription.token()?)], changes.amount.as_ref(), None)?;
        Ok(ChangeOutcome::Done)
    }

    fn status(subscription: Subscription) -> Result<SubscriptionStatus> {
        crate::asking::subscription(&subscription)
    }

    fn expire(subscription: Subscription) -> Result<ChangeOutcome> {
        make(&[("kind", "expire"), ("of", subscription.token()?)], None, None)?;
        Ok(ChangeOutcome::Done)
    }
}

impl Utilities for Bank {
    fn call(request: UtilityRequest) -> Result<Value> {
        let made = first(make(&[("kind", "utility"), ("wish", &request.name)], None, None)?)?;
        Ok(Value::String(made.id().to_owned()))
    }
}

/// Posts an entry and reads what it became. A decline is an entry like any other.
fn make(fields: &[(&str, &str)], amount: Option<&Amount>, request: Option<&PayRequest>) -> Result<Vec<Entry>> {
    let (reference, notify) = (operation::reference(), operation::webhook_url().unwrap_or_default());
    let minor = amount.map(|amount| amount.minor.to_string()).unwrap_or_default();
    let mut form = vec![("reference", &*reference), ("notify", &*notify)];
    if let Some(amount) = amount {
        form.extend([("amount", &*minor), ("currency", &*amount.currency)]);
    }
    if let Some(request) = request {
        form.extend([("shop", &*request.shop_transaction_id), ("wish", wish(request.provider_data.as_deref()))]);
    }
    form.extend(fields);
    let answer = http::post(url(&["entries"])?).bearer("api_key").idempotency_key().form(form).send()?;
    let answer = if answer.status() == 402 { answer } else { answer.success()? };
    Entry::read_all(answer.body())
}

fn outcome(charge: &Entry) -> PaymentOutcome {
    let mut taken = Acknowledgement::new(charge.id());
    taken.amount = charge.amount();
    match charge.get("status") {
        Some("succeeded") => taken.succeeded(),
        Some("authorized") => taken.authorized(),
        Some("redirect") => taken.redirect(page(charge)),
        Some("declined") => declined().payment_id(charge.id()).into(),
        _ => taken.pending(),
    }
}

/// What was done to a payment, told as the payment's outcome.
fn acted(payment: &Payment, fields: &[(&str, &str)], amount: Option<&Amount>) -> Result<PaymentOutcome> {
    let action = first(make(fields, amount, None)?)?;
    let mut taken = Acknowledgement::new(payment.id()?);
    taken.amount = action.amount();
    Ok(match action.state() {
        PaymentState::Accepted | PaymentState::Voided => taken.succeeded(),
        PaymentState::Failed => declined().into(),
        _ => taken.pending(),
    })
}

fn subscribe(kind: &str, request: &PayRequest) -> Result<SubscriptionOutcome> {
    let made = make(&[("kind", kind)], Some(&request.amount), Some(request))?;
    let charge = made.iter().find(|entry| entry.is("charge"));
    let Some(subscription) = made.iter().find(|entry| entry.is("subscription")) else {
        return Ok(declined().into());
    };
    let mut subscribed = Subscribed::new(subscription.id(), subscription.subscription_state());
    if let Some(charge) = charge {
        subscribed = subscribed.first_payment(outcome(charge));
    }
    Ok(subscribed.into())
}

fn declined() -> Decline {
    Decline::new("card_declined")
}

fn page(entry: &Entry) -> String {
    format!("https://bank.example/go/{}", entry.id())
}

/// The word in `{"wish":"…"}`.
fn wish(data: Option<&str>) -> &str {
    data.and_then(|data| data.split('"').nth(3)).unwrap_or_default()
}
