//! What requests and answers look like: one story of a payment and its refund. Tests hold each against its schema, and
//! each request against the code that reads it.

use super::super::problem::{Code, Document, Problem};
use crate::model::Fault;
use serde_json::{Value, json};

/// The external in all of them: the plugin that comes with the host, so that what is shown can be tried.
pub(super) const EXTERNAL: &str = "sandbox";

/// A body that pay takes.
pub(super) fn pay() -> Value {
    json!({
        "amount": 500,
        "currency": "EUR",
        "shopTransactionId": "order-1001",
        "successRedirectUrl": "https://shop.example.com/ok",
        "failureRedirectUrl": "https://shop.example.com/ko",
        "providerData": {"cardToken": "tok_visa"},
    })
}

/// What pay answers.
pub(super) fn paid() -> Value {
    json!({"result": "OK", "resultDescription": "Completed.", "paymentId": "pay_9f2c", "metadata": {"authorizationCode": "A1B2"}})
}

/// A body that refund takes.
pub(super) fn refund() -> Value {
    json!({"paymentId": "pay_9f2c", "amount": 200, "currency": "EUR"})
}

/// What refund answers.
pub(super) fn refunded() -> Value {
    json!({"result": "OK", "resultDescription": "Completed.", "refundId": "ref_41aa"})
}

/// A name that a payment is looked up by.
pub(super) fn lookup() -> Value {
    json!({"paymentId": "pay_9f2c"})
}

/// What status and check answer.
pub(super) fn status() -> Value {
    json!({
        "status": "ACCEPTED",
        "paymentId": "pay_9f2c",
        "shopTransactionId": "order-1001",
        "providerName": EXTERNAL,
        "paymentMethod": "card",
        "action": "PAYMENT",
        "amount": 500,
        "currency": "EUR",
        "metadata": {"authorizationCode": "A1B2"},
    })
}

/// An external.
pub(super) fn external() -> Value {
    json!({
        "name": EXTERNAL,
        "available": true,
        "plugin": {"name": "sandbox", "version": "0.1.0", "digest": DIGEST},
        "contract": "provost:provider@0.1.0",
        "operations": ["pay", "status", "check", "refund", "callback"],
        "capabilities": ["payments", "inquiry", "search", "refunds", "webhooks"],
    })
}

/// Every external: this one, and one whose plugin is not there.
pub(super) fn externals() -> Value {
    json!({"externals": [{"name": "acme", "available": false}, external()]})
}

/// The host is well.
pub(super) fn health() -> Value {
    json!({"status": "OK", "name": "provost", "version": "0.1.0"})
}

/// The host is about to leave.
pub(super) fn draining() -> Value {
    json!({"status": "KO", "name": "provost", "version": "0.1.0", "reason": "draining"})
}

/// The host and its externals.
pub(super) fn check_up() -> Value {
    let host = json!({"name": "host", "status": "OK"});
    let external = json!({"name": "external:sandbox", "status": "OK", "version": DIGEST});
    json!({"status": "OK", "name": "provost", "version": "0.1.0", "dependencies": [host, external]})
}

/// The document, cut short.
pub(super) fn openapi() -> Value {
    json!({"openapi": "3.1.0", "info": {"title": "Provost", "version": "0.1.0"}, "paths": {}})
}

/// A counter, as Prometheus reads it.
pub(super) fn metrics() -> Value {
    "# TYPE http_payment_created_total counter\nhttp_payment_created_total{external=\"sandbox\",result=\"OK\"} 1\n"
        .into()
}

/// The problem document of a code.
pub(super) fn problem(code: Code) -> Value {
    let problem = match code {
        Code::Invalid => Problem::invalid(&[Fault::new("/currency", "must be an ISO 4217 code in upper case")]),
        _ => Problem::new(code, "What happened this time, in a sentence or two."),
    };
    let document: &Document = &problem.of_request(Some("/v3/sandbox/pay"), "8e03978e40d543e8bc936894a57f9324");
    serde_json::to_value(document).expect("strings, numbers and lists serialise")
}

const DIGEST: &str = "a5add03f8404304814dfa75c2fac6cee21f57958e4567b4e51e3ce1b42de4972";
