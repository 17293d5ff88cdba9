//! A subscription that the provider charges, and one that the caller charges, from their beginning to their end.

use super::{EXTERNAL, SUBSCRIPTION};
use serde_json::{Value, json};

/// A body that schedule and start take.
pub(in super::super) fn subscribe() -> Value {
    json!({
        "amount": 1500,
        "currency": "EUR",
        "shopTransactionId": "order-2001",
        "successRedirectUrl": "https://shop.example.com/ok",
        "failureRedirectUrl": "https://shop.example.com/ko",
        "subscriptionInfo": {"interval": "MONTH", "intervalCount": 1, "expiresAfter": 12},
        "providerData": {"cardToken": "tok_visa"},
    })
}

/// What schedule answers.
pub(in super::super) fn scheduled() -> Value {
    answer("pay_20b6", "sub_77e0")
}

/// What start answers.
pub(in super::super) fn begun() -> Value {
    answer("pay_33a9", SUBSCRIPTION)
}

/// A body that subscription pay takes.
pub(in super::super) fn charge() -> Value {
    json!({
        "amount": 1500,
        "currency": "EUR",
        "shopTransactionId": "order-2002",
        "subscriptionInfo": {"token": SUBSCRIPTION},
    })
}

/// What subscription pay answers.
pub(in super::super) fn charged() -> Value {
    answer("pay_48f1", SUBSCRIPTION)
}

/// A body that update takes: it costs more from now on, and runs for longer.
pub(in super::super) fn update() -> Value {
    json!({"amount": 1800, "currency": "EUR", "subscriptionInfo": {"expiresAfter": 24}})
}

/// What update and expire answer.
pub(in super::super) fn changed() -> Value {
    json!({"result": "OK", "resultDescription": "Completed.", "subscriptionToken": SUBSCRIPTION})
}

/// What subscription status answers.
pub(in super::super) fn standing() -> Value {
    json!({
        "status": "ACTIVE",
        "subscriptionToken": SUBSCRIPTION,
        "providerName": EXTERNAL,
        "shopTransactionId": "order-2001",
        "metadata": {"mandate": "mnd_51b0"},
    })
}

fn answer(payment_id: &str, token: &str) -> Value {
    json!({
        "result": "OK",
        "resultDescription": "Completed.",
        "paymentId": payment_id,
        "subscriptionToken": token,
        "metadata": {"mandate": "mnd_51b0"},
    })
}
