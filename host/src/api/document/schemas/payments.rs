//! What the bodies of the operations on payments may hold.

use super::super::examples;
use super::{amount, amount_and_currency, currency, id, optional, payment_method, provider_data, url};
use serde_json::Value;
use utoipa::openapi::schema::Type;
use utoipa::openapi::{Object, ObjectBuilder};

/// The body of pay and pay-by-link.
pub(in super::super) fn pay_request() -> Object {
    named_in_body(pay()).examples([examples::pay()]).build()
}

/// The body of pay where the path names the payment method.
pub(in super::super) fn pay_by_method_request() -> Object {
    pay().examples([examples::pay()]).build()
}

fn pay() -> ObjectBuilder {
    paid("A payment to be made. Fields that are not listed are ignored.", 1)
}

/// The body of refund.
pub(in super::super) fn refund_request() -> Object {
    of_payment("Some of a payment to be given back. Fields that are not listed are ignored.")
        .property("amount", amount(1))
        .required("amount")
        .property("currency", currency())
        .required("currency")
        .property("providerData", provider_data())
        .examples([examples::refund()])
        .build()
}

/// The body of capture.
pub(in super::super) fn capture_request() -> Object {
    let last = ObjectBuilder::new()
        .schema_type(Type::Boolean)
        .description(Some("Whether no further capture will follow: the rest may be released."))
        .default(Some(Value::Bool(true)));
    let about = "Some or all of what was reserved to be taken: all that is left, unless `amount` and `currency`, which \
                 stand together, say how much. Fields that are not listed are ignored.";
    of_payment(about)
        .property("amount", amount(1))
        .property("currency", currency())
        .extensions(Some(amount_and_currency()))
        .property("final", optional(last.build()))
        .property("providerData", provider_data())
        .examples([examples::capture()])
        .build()
}

/// The body of void.
pub(in super::super) fn void_request() -> Object {
    let about = "A payment whose reservation is to be released. Fields that are not listed are ignored.";
    of_payment(about).examples([examples::void()]).build()
}

/// What every body has that asks for a payment.
pub(super) fn paid(about: &str, least: u64) -> ObjectBuilder {
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
        .property("providerData", provider_data())
}

/// With the payment method, where the path does not name it.
pub(super) fn named_in_body(body: ObjectBuilder) -> ObjectBuilder {
    body.property("paymentMethod", optional(payment_method()))
}

/// What every body has that is about a payment.
fn of_payment(about: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .description(Some(about))
        .property("paymentId", id("Any id of the payment that the caller was told."))
        .required("paymentId")
}
