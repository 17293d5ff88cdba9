//! What the bodies of the operations on subscriptions may hold.

use super::super::super::v3::MOST_COUNTED;
use super::super::examples;
use super::payments::{named_in_body, paid};
use super::{amount, amount_and_currency, currency, id, optional, provider_data, string, token};
use crate::model::Interval;
use utoipa::openapi::schema::Type;
use utoipa::openapi::{Object, ObjectBuilder};

/// The body of schedule and start.
pub(in super::super) fn subscribe_request() -> Object {
    named_in_body(subscribe()).examples([examples::subscribe()]).build()
}

/// The same where the path names the payment method.
pub(in super::super) fn subscribe_by_method_request() -> Object {
    subscribe().examples([examples::subscribe()]).build()
}

fn subscribe() -> ObjectBuilder {
    let mut info = plan("When it is billed.", std::convert::identity);
    info.required = ["interval", "intervalCount"].map(str::to_owned).to_vec();
    paid("A subscription to begin. Fields that are not listed are ignored.", 0)
        .property("subscriptionInfo", info)
        .required("subscriptionInfo")
}

/// The body of subscription pay.
pub(in super::super) fn charge_request() -> Object {
    named_in_body(charge()).examples([examples::charge()]).build()
}

/// The same where the path names the payment method.
pub(in super::super) fn charge_by_method_request() -> Object {
    charge().examples([examples::charge()]).build()
}

fn charge() -> ObjectBuilder {
    let info = ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some("Which subscription is charged."))
        .property("token", token())
        .required("token");
    paid("A charge of a subscription. Fields that are not listed are ignored.", 1)
        .property("subscriptionInfo", info)
        .required("subscriptionInfo")
}

/// The body of update.
pub(in super::super) fn update_request() -> Object {
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
        .property("providerData", provider_data())
        .examples([examples::update()])
        .build()
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
