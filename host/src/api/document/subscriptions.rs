//! What the bodies of the operations on subscriptions may hold, in the words of JSON Schema.

use super::super::v3::MOST_COUNTED;
use super::schemas::{amount, any_object, currency, id, payment_method, string, url};
use crate::model::Interval;
use serde_json::{Value, json};
use utoipa::openapi::schema::Type;
use utoipa::openapi::{Object, ObjectBuilder};

/// The body of schedule and start.
pub(super) fn subscribe_request() -> Object {
    paid("A subscription to begin. Fields that are not listed are ignored.", 0)
        .property("subscriptionInfo", plan("When it is billed.").required("interval").required("intervalCount").build())
        .required("subscriptionInfo")
        .examples([subscribe_example()])
        .build()
}

/// A body that schedule and start take.
pub(super) fn subscribe_example() -> Value {
    json!({
        "amount": 200,
        "currency": "EUR",
        "shopTransactionId": "1234567890",
        "subscriptionInfo": {"interval": "DAY", "intervalCount": 1, "expiresAfter": 1},
        "providerData": {},
    })
}

/// The body of subscription pay.
pub(super) fn charge_request() -> Object {
    let info = ObjectBuilder::new()
        .description(Some("Which subscription is charged."))
        .property("token", id("Any token of the subscription that the caller was told, or that the provider gave it."))
        .required("token");
    paid("A charge of a subscription. Fields that are not listed are ignored.", 1)
        .property("subscriptionInfo", info.build())
        .required("subscriptionInfo")
        .examples([charge_example()])
        .build()
}

/// A body that subscription pay takes.
pub(super) fn charge_example() -> Value {
    json!({
        "amount": 200,
        "currency": "EUR",
        "shopTransactionId": "1234567890",
        "subscriptionInfo": {"token": "0987654321"},
        "providerData": {},
    })
}

/// The body of update.
pub(super) fn update_request() -> Object {
    ObjectBuilder::new()
        .description(Some(
            "What is to change of a subscription; all else stays as it is. `amount` and `currency` stand together. \
             Fields that are not listed are ignored.",
        ))
        .property("amount", amount(1))
        .property("currency", currency())
        .property("shopTransactionId", id("The merchant's own id."))
        .property("subscriptionInfo", plan("What is to change of when it is billed.").build())
        .property("providerData", any_object("Passed on to the plugin untouched."))
        .examples([subscribe_example()])
        .build()
}

/// A body that update takes: PGM's is that of schedule.
pub(super) fn update_example() -> Value {
    subscribe_example()
}

/// What every body has that asks for a payment.
fn paid(about: &str, least: u64) -> ObjectBuilder {
    ObjectBuilder::new()
        .description(Some(about))
        .property("amount", amount(least))
        .required("amount")
        .property("currency", currency())
        .required("currency")
        .property("shopTransactionId", id("The merchant's own id. The same body again gets the same answer."))
        .required("shopTransactionId")
        .property("successRedirectUrl", url("Where the payer goes afterwards."))
        .property("failureRedirectUrl", url("Where the payer goes if it fails."))
        .property("paymentMethod", payment_method())
        .property("providerData", any_object("Passed on to the plugin untouched."))
}

fn plan(about: &str) -> ObjectBuilder {
    let interval = string("What it counts in; a provider may take only some of them.");
    ObjectBuilder::new()
        .description(Some(about))
        .property("interval", interval.enum_values(Some(Interval::ALL.map(Interval::name))).build())
        .property("intervalCount", count("How many intervals lie between two payments."))
        .property("expiresAfter", count("At most this many payments; without it, until it is ended."))
}

fn count(about: &str) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .description(Some(about))
        .minimum(Some(1))
        .maximum(Some(MOST_COUNTED))
        .build()
}
