//! A whole plugin, as its author would write it. Acme is the provider that the tests script: a JSON
//! interface at the setting `base_url`, with a bearer key.
//!
//! | | |
//! |---|---|
//! | `POST /charges`, `POST /charges/{id}/refunds` | makes one; 402 with a `code` is a decline |
//! | `GET /charges/{id}`, `GET /refunds/{id}` | tells how it stands |
//! | `GET /charges?reference=`, `GET /refunds?reference=` | an array of all that carry our reference |
//!
//! All of them answer an [`answer::Answer`].

mod answer;
mod search;
mod webhooks;

use std::time::Duration;

use answer::{Answer, PaymentRequired};
use provost_sdk::prelude::*;

/// The provider.
pub struct Acme;

provost_sdk::plugin!(Acme: payments, inquiry, search, refunds, webhooks);

impl Plugin for Acme {
    fn describe() -> Description {
        Description::new("acme", env!("CARGO_PKG_VERSION"))
            .setting("base_url", "where Acme's interface is; its origin needs a grant")
            .secret("api_key", "the key from Acme's console")
            .optional_secret("webhook", "what Acme signs its webhooks with")
            .search_is_authoritative()
            .idempotency_keys_live(Duration::from_secs(24 * 60 * 60))
    }
}

impl Payments for Acme {
    fn pay(request: PayRequest) -> Result<PaymentOutcome> {
        let charge = json!({
            "reference": operation::reference(),
            "amount": request.amount.minor,
            "currency": request.amount.currency,
            "shopTransactionId": request.shop_transaction_id,
            "notifyUrl": operation::webhook_url(),
            "providerData": request.data::<Value>()?,
        });
        post(&["charges"], &charge)?.into_payment()
    }
}

impl Inquiry for Acme {
    fn status(payment: Payment) -> Result<PaymentStatus> {
        let charge = get(&["charges", payment.id()?])?;
        let status = PaymentStatus::of(&payment, charge.state());
        Ok(charge.describe(status))
    }
}

impl Refunds for Acme {
    fn refund(request: RefundRequest) -> Result<RefundOutcome> {
        let refund = json!({
            "reference": operation::reference(),
            "amount": request.amount.minor,
            "currency": request.amount.currency,
            "providerData": request.data::<Value>()?,
        });
        post(&["charges", request.payment.id()?, "refunds"], &refund)?.into_refund()
    }

    fn status(payment: Payment, refund: KnownRefund) -> Result<PaymentStatus> {
        let answer = match &refund.refund_id {
            Some(id) => get(&["refunds", id])?,
            None => search::refund(&refund.host_reference)?,
        };
        let status = PaymentStatus::of(&payment, answer.state()).refund(answer.id()?);
        Ok(answer.describe(status))
    }
}

fn url(path: &[&str]) -> Result<String> {
    let base = settings::required("base_url")?;
    Ok(http::url(&base, path))
}

fn get(path: &[&str]) -> Result<Answer> {
    let answer = http::get(url(path)?).bearer("api_key").send()?;
    Ok(answer.success()?.json()?)
}

fn post(path: &[&str], body: &Value) -> Result<Answer> {
    let answer = http::post(url(path)?).bearer("api_key").idempotency_key().json(body).send()?;
    if answer.status() == 402 {
        let declined: PaymentRequired = answer.json()?;
        return Ok(declined.into());
    }
    Ok(answer.success()?.json()?)
}

#[cfg(test)]
mod tests;
