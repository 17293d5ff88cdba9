//! What answers look like.

use serde_json::{Value, json};

/// The answer to pay: the payer must go on at the provider.
pub(super) fn pay() -> Value {
    json!({
        "result": "REDIRECT_TO_URL",
        "resultDescription": "The payer must go on at the provider.",
        "paymentId": "pay_9f2c",
        "redirectToUrl": "https://provider.example.com/checkout/9f2c",
        "redirectToUrlMobile": "provider-app://checkout?id=9f2c",
    })
}

/// The answer to capture.
pub(super) fn capture() -> Value {
    json!({"result": "OK", "resultDescription": "Transaction completed", "paymentId": "pay_9f2c"})
}

/// The answer to void.
pub(super) fn void() -> Value {
    json!({
        "result": "OK",
        "resultDescription": "Transaction completed",
        "paymentId": "pay_9f2c",
        "metadata": {"state": "VOIDED"},
    })
}

/// The answer to refund.
pub(super) fn refund() -> Value {
    json!({"result": "OK", "resultDescription": "Refund completed", "refundId": "ref_41aa"})
}

/// The answer to schedule, start and subscription pay.
pub(super) fn subscription() -> Value {
    json!({
        "result": "OK",
        "resultDescription": "Payment authorised",
        "paymentId": "1234567890",
        "subscriptionToken": "0987654321",
        "metadata": {"mandate": "mnd_51b0"},
    })
}

/// The answer to update and expire.
pub(super) fn change() -> Value {
    json!({"result": "OK", "resultDescription": "Successful transaction", "subscriptionToken": "0987654321"})
}

/// The answer to pay-by-link.
pub(super) fn link() -> Value {
    json!({
        "resultCode": "OK",
        "result": "OK",
        "resultDescription": "The link was created.",
        "paymentId": "pay_9f2c",
        "link": "https://pay.example.com/l/9f2c",
    })
}

/// The answer to status and check.
pub(super) fn payment_status() -> Value {
    json!({
        "status": "ACCEPTED",
        "paymentId": "pay_9f2c",
        "shopTransactionId": "order-1001",
        "providerName": "acme",
        "paymentMethod": "card",
        "action": "PAYMENT",
        "amount": 500,
        "currency": "EUR",
    })
}

/// The answer to subscription status.
pub(super) fn subscription_status() -> Value {
    json!({
        "status": "ACTIVE",
        "subscriptionToken": "0987654321",
        "providerName": "acme",
        "shopTransactionId": "1234567890",
        "metadata": {"mandate": "mnd_51b0"},
    })
}

/// What a utility is asked.
pub(super) fn utility_request() -> Value {
    json!({"customer": "42"})
}

/// What a utility answers.
pub(super) fn utility() -> Value {
    json!({"token": "tok_0c7a1e"})
}
