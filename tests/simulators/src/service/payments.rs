//! Payments, and what is done to them.

use super::endpoints::{Answer, Outcome, Refusal, Wish, check_amount, complaint, wish};
use super::ledger::{Ledger, Payment, Refund};
use crate::server::Response;
use serde::Deserialize;
use serde_json::{Value, json};

/// The body of pay and pay-by-link.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Pay {
    pub(super) amount: u64,
    pub(super) currency: String,
    pub(super) shop_transaction_id: String,
    pub(super) success_redirect_url: Option<String>,
    pub(super) failure_redirect_url: Option<String>,
    pub(super) payment_method: Option<String>,
    pub(super) provider_data: Option<Value>,
}

/// The body of refund and capture.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Part {
    amount: u64,
    currency: String,
    payment_id: String,
    #[serde(rename = "final")]
    last: Option<bool>,
    provider_data: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Void {
    payment_id: String,
}

pub(super) fn pay(ledger: &mut Ledger, asked: Pay) -> Answer {
    let (payment, wish) = take(ledger, asked)?;
    Ok(Response::json(200, &told(&payment, &wish)))
}

pub(super) fn link(ledger: &mut Ledger, asked: Pay) -> Answer {
    let (payment, wish) = take(ledger, asked)?;
    let link = (wish.result.unwrap_or_default() == Outcome::Ok).then(|| format!("https://pay.example/{}", payment.id));
    // Whoever follows the link decides.
    ledger.payment_mut(&payment.id).status = if link.is_some() { "PENDING" } else { "FAILED" };
    let mut body = json!({ "resultCode": word(&wish), "resultDescription": "Link created", "paymentId": payment.id });
    if let Some(link) = link {
        body["link"] = json!(link);
    }
    Ok(Response::json(200, &body))
}

/// Takes a payment on, as wished.
pub(super) fn take(ledger: &mut Ledger, asked: Pay) -> Result<(Payment, Wish), Refusal> {
    check_amount(asked.amount, &asked.currency)?;
    let urls = [&asked.success_redirect_url, &asked.failure_redirect_url];
    if urls.into_iter().flatten().any(|url| !url.starts_with("http")) {
        return Err(complaint("redirect URLs must be URLs"));
    }
    if asked.shop_transaction_id.is_empty() {
        return Err(complaint("shopTransactionId must not be empty"));
    }
    let wish = wish(asked.provider_data)?;
    let payment = Payment {
        id: format!("pay-{}", ledger.payments.len() + 1),
        status: if wish.reserve { "PENDING" } else { standing(&wish) },
        state: wish.reserve.then_some("AUTHORIZED"),
        amount: asked.amount,
        captured: 0,
        currency: asked.currency,
        shop_transaction_id: asked.shop_transaction_id,
        payment_method: asked.payment_method,
        subscription_token: None,
    };
    ledger.payments.push(payment.clone());
    Ok((payment, wish))
}

/// PGM's answer to a payment.
pub(super) fn told(payment: &Payment, wish: &Wish) -> Value {
    let mut body = json!({
        "result": word(wish),
        "resultDescription": format!("Transaction {}", payment.status),
        "paymentId": payment.id,
        "metadata": { "handledBy": "service" },
    });
    match wish.result.unwrap_or_default() {
        Outcome::RedirectToUrl => {
            body["redirectToUrl"] = json!(format!("https://pay.example/{}", payment.id));
            if wish.app {
                body["redirectToUrlMobile"] = json!(format!("pay-example://{}", payment.id));
            }
        }
        Outcome::Ko => body["metadata"]["declineCode"] = json!(wish.decline_code),
        Outcome::Ok | Outcome::Pending => {}
    }
    if let Some(state) = payment.state {
        body["metadata"]["state"] = json!(state);
    }
    body
}

pub(super) fn refund(ledger: &mut Ledger, asked: Part) -> Answer {
    check_amount(asked.amount, &asked.currency)?;
    if asked.last.is_some() {
        return Err(complaint("a refund has no final"));
    }
    let wish = wish(asked.provider_data)?;
    let payment = ledger.payment(&asked.payment_id).ok_or(Refusal::No(404, "no such payment"))?;
    if payment.status != "ACCEPTED" {
        return Err(Refusal::No(409, "the payment was not accepted"));
    }
    if asked.currency != payment.currency || asked.amount > ledger.refundable(payment) {
        return Err(Refusal::No(422, "more than is left of the payment"));
    }
    let refund = Refund {
        id: format!("ref-{}", ledger.refunds.len() + 1),
        named: wish.named,
        payment_id: asked.payment_id,
        status: standing(&wish),
        amount: asked.amount,
    };
    let mut body = json!({ "result": word(&wish) });
    if refund.named {
        body["refundId"] = json!(refund.id);
    }
    ledger.refunds.push(refund);
    Ok(Response::json(200, &body))
}

/// Takes what is reserved, or some of it; what is declined leaves it reserved.
pub(super) fn capture(ledger: &mut Ledger, asked: Part) -> Answer {
    check_amount(asked.amount, &asked.currency)?;
    let wish = wish(asked.provider_data)?;
    let last = asked.last.ok_or_else(|| complaint("a capture says whether it is the last"))?;
    let payment = waiting(ledger, &asked.payment_id)?;
    if asked.currency != payment.currency || asked.amount > payment.amount - payment.captured {
        return Err(Refusal::No(422, "more than is left of what was reserved"));
    }
    if standing(&wish) == "ACCEPTED" {
        payment.captured += asked.amount;
        if last {
            (payment.status, payment.state) = ("ACCEPTED", None);
        }
    }
    Ok(Response::json(200, &told(payment, &wish)))
}

/// Releases what is reserved.
pub(super) fn void(ledger: &mut Ledger, asked: &Void) -> Answer {
    let payment = waiting(ledger, &asked.payment_id)?;
    (payment.status, payment.state) = ("FAILED", Some("VOIDED"));
    Ok(Response::json(200, &told(payment, &Wish::default())))
}

/// A payment that is not decided yet.
fn waiting<'a>(ledger: &'a mut Ledger, id: &str) -> Result<&'a mut Payment, Refusal> {
    match ledger.payment(id).map(|payment| payment.status) {
        None => Err(Refusal::No(404, "no such payment")),
        Some("PENDING") => Ok(ledger.payment_mut(id)),
        Some(_) => Err(Refusal::No(409, "the payment is decided")),
    }
}

/// A payment, or the refund that is asked for, or the newest: PGM has no other way to tell of it.
pub(super) fn status(ledger: &Ledger, id: &str, refund_id: Option<&str>) -> Answer {
    let payment = ledger.payment(id).ok_or(Refusal::No(404, "no such payment"))?;
    let is_it = |refund: &&Refund| refund.payment_id == id && refund_id.is_none_or(|wanted| wanted == refund.id);
    let refund = ledger.refunds.iter().rfind(is_it);
    let mut body = json!({
        "status": refund.map_or(payment.status, |refund| refund.status),
        "paymentId": payment.id,
        "shopTransactionId": payment.shop_transaction_id,
        "providerName": "service",
        "paymentMethod": payment.payment_method,
        "action": if refund.is_some() { "REFUND" } else { "PAYMENT" },
        "metadata": { "handledBy": "service" },
    });
    if let Some(refund) = refund.filter(|refund| refund.named) {
        body["refundId"] = json!(refund.id);
    }
    if let Some(state) = payment.state {
        body["metadata"]["state"] = json!(state);
    }
    if let Some(token) = &payment.subscription_token {
        body["subscriptionToken"] = json!(token);
    }
    Ok(Response::json(200, &body))
}

fn standing(wish: &Wish) -> &'static str {
    match wish.result.unwrap_or_default() {
        Outcome::Ok => "ACCEPTED",
        Outcome::Ko => "FAILED",
        Outcome::Pending | Outcome::RedirectToUrl => "PENDING",
    }
}

fn word(wish: &Wish) -> &'static str {
    match wish.result.unwrap_or_default() {
        Outcome::Ok if wish.reserve => "PENDING",
        Outcome::Ok => "OK",
        Outcome::Ko => "KO",
        Outcome::Pending => "PENDING",
        Outcome::RedirectToUrl => "REDIRECT_TO_URL",
    }
}
