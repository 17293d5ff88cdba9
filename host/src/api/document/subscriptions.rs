//! What the bodies of the operations on subscriptions may hold, in the words of JSON Schema.

use super::super::v3::MOST_COUNTED;
use super::schemas::{amount, amount_and_currency, any_object, currency, id, optional, payment_method, string, url};
use crate::model::Interval;
use serde_json::{Value, json};
use utoipa::openapi::schema::Type;
use utoipa::openapi::{Object, ObjectBuilder};

/// The body of schedule and start.
pub(super) fn subscribe_request() -> Object {
    let mut info = plan("When it is billed.", std::convert::identity);
    info.required = ["interval", "intervalCount"].map(str::to_owned).to_vec();
    paid("A subscription to begin. Fields that are not listed are ignored.", 0)
        .property("subscriptionInfo", info)
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
        .extensions(Some(amount_and_currency()))
        .property("shopTransactionId", optional(id("The merchant's own id.")))
        .property("subscriptionInfo", optional(plan("What is to change of when it is billed.", optional)))
        .property("providerData", optional(any_object("Passed on to the plugin untouched.")))
        .examples([update_example()])
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
        .property("successRedirectUrl", optional(url("Where the payer goes afterwards.")))
        .property("failureRedirectUrl", optional(url("Where the payer goes if it fails.")))
        .property("paymentMethod", optional(payment_method()))
        .property("providerData", optional(any_object("Passed on to the plugin untouched.")))
}

/// When a subscription is billed; `member` says of interval and count whether they may be null.
fn plan(about: &str, member: fn(Object) -> Object) -> Object {
    let interval = string("What it counts in; a provider may take only some of them.");
    let interval = interval.enum_values(Some(Interval::ALL.map(Interval::name))).build();
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some(about))
        .property("interval", member(interval))
        .property("intervalCount", member(count("How many intervals lie between two payments.")))
        .property("expiresAfter", optional(count("At most this many payments; without it, until it is ended.")))
        .build()
}

fn count(about: &str) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .description(Some(about))
        .minimum(Some(1))
        .maximum(Some(MOST_COUNTED))
        .build()
}
