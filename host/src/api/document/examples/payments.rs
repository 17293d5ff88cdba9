//! A payment and its refund, one that is reserved and captured, one that is reserved and released; a link; a utility.

use super::{EXTERNAL, UTILITY};
use serde_json::{Value, json};

/// A body that pay and pay-by-link take.
pub(in super::super) fn pay() -> Value {
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
pub(in super::super) fn paid() -> Value {
    let metadata = json!({"authorizationCode": "A1B2"});
    json!({"result": "OK", "resultDescription": "Completed.", "paymentId": "pay_9f2c", "metadata": metadata})
}

/// A body that refund takes.
pub(in super::super) fn refund() -> Value {
    json!({"paymentId": "pay_9f2c", "amount": 200, "currency": "EUR"})
}

/// What refund answers.
pub(in super::super) fn refunded() -> Value {
    json!({"result": "OK", "resultDescription": "Completed.", "refundId": "ref_41aa"})
}

/// A body that capture takes: a part of what was reserved.
pub(in super::super) fn capture() -> Value {
    json!({"paymentId": "pay_51c0", "amount": 300, "currency": "EUR", "final": false})
}

/// What capture answers.
pub(in super::super) fn captured() -> Value {
    json!({"result": "OK", "resultDescription": "Completed.", "paymentId": "pay_51c0"})
}

/// A body that void takes.
pub(in super::super) fn void() -> Value {
    json!({"paymentId": "pay_7e31"})
}

/// What void answers.
pub(in super::super) fn released() -> Value {
    let metadata = json!({"state": "VOIDED"});
    json!({"result": "OK", "resultDescription": "Completed.", "paymentId": "pay_7e31", "metadata": metadata})
}

/// What pay-by-link answers.
pub(in super::super) fn link() -> Value {
    json!({
        "resultCode": "OK",
        "result": "OK",
        "resultDescription": "The link was created.",
        "paymentId": "pay_c4d8",
        "link": "https://pay.example.com/l/c4d8",
    })
}

/// A name that a payment is looked up by.
pub(in super::super) fn lookup() -> Value {
    json!({"paymentId": "pay_9f2c"})
}

/// What status and check answer.
pub(in super::super) fn status() -> Value {
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

/// What a utility is asked.
pub(in super::super) fn utility_request() -> Value {
    json!({"customer": "42"})
}

/// What a utility answers.
pub(in super::super) fn utility_answer() -> Value {
    json!({"method": "POST", "name": UTILITY, "query": [], "body": utility_request()})
}
