//! What the unit tests of several interfaces need: requests, and things as the host would hand them back.

use provost_sdk::prelude::*;
use provost_sdk::testing::Host;

use crate::{Sandbox, ledger, payments};

pub(crate) fn euro(minor: u64) -> Amount {
    Amount::new(minor, "EUR")
}

/// So much in euro, with the scenario by name.
pub(crate) fn request(minor: u64, scenario: &str) -> PayRequest {
    PayRequest::new(euro(minor), "order-1").with_data(json!({ "scenario": scenario }))
}

/// Five euro.
pub(crate) fn pay(scenario: &str) -> Result<PaymentOutcome> {
    payments::take(&request(500, scenario))
}

/// The payment of [`pay`] as the host would hand it back, in an operation of its own.
pub(crate) fn paid(host: &Host, scenario: &str) -> Payment {
    let outcome = pay(scenario);
    let payment = known(ledger::payment_id(&host.reference()), euro(500), outcome);
    host.next_operation();
    payment
}

/// A payment as the host would hand it back.
pub(crate) fn known(id: String, amount: Amount, outcome: Result<PaymentOutcome>) -> Payment {
    let mut payment = Payment::new(id);
    payment.amount = Some(amount);
    payment.carry = match outcome {
        Ok(PaymentOutcome::Succeeded(taken) | PaymentOutcome::Authorized(taken) | PaymentOutcome::Pending(taken)) => {
            taken.carry
        }
        Ok(PaymentOutcome::Redirect(redirection)) => redirection.acknowledgement.carry,
        Ok(PaymentOutcome::Declined(_)) | Err(_) => None,
    };
    payment
}

pub(crate) fn status(payment: &Payment) -> PaymentStatus {
    <Sandbox as Inquiry>::status(payment.clone()).unwrap()
}

/// What a subscription of so much says at its start: monthly, three times.
pub(crate) fn start(minor: u64, scenario: &str) -> Result<Subscribed> {
    let plan = Plan::every(1, Interval::Month).expires_after(3);
    match Sandbox::start(request(minor, scenario), plan)? {
        SubscriptionOutcome::Subscribed(said) => Ok(said),
        SubscriptionOutcome::Declined(decline) => panic!("declined: {decline:?}"),
    }
}

/// The subscription of [`start`], of five euro, as the host would hand it back, in an operation of its own.
pub(crate) fn started(host: &Host, scenario: &str) -> Subscription {
    let said = start(500, scenario).unwrap();
    host.next_operation();
    let mut subscription = Subscription::new(said.subscription_token.unwrap());
    subscription.carry = said.carry;
    subscription
}
