//! Subscriptions.

use super::endpoints::{Answer, Refusal, complaint};
use super::ledger::{Ledger, Payment, Subscription};
use super::payments::{Pay, take, told};
use crate::server::Response;
use serde::Deserialize;
use serde_json::{Value, json};

/// The body of schedule and start.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Begin {
    amount: u64,
    currency: String,
    shop_transaction_id: String,
    success_redirect_url: Option<String>,
    failure_redirect_url: Option<String>,
    payment_method: Option<String>,
    provider_data: Option<Value>,
    subscription_info: Info,
}

/// Which of these must be there is for each endpoint to say.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Info {
    token: Option<String>,
    interval: Option<String>,
    interval_count: Option<u32>,
    expires_after: Option<u32>,
}

/// The body of update.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Update {
    amount: Option<u64>,
    currency: Option<String>,
    shop_transaction_id: Option<String>,
    #[serde(default)]
    subscription_info: Info,
    provider_data: Option<Value>,
}

impl Begin {
    fn into_parts(self) -> (Pay, Info) {
        let pay = Pay {
            amount: self.amount,
            currency: self.currency,
            shop_transaction_id: self.shop_transaction_id,
            success_redirect_url: self.success_redirect_url,
            failure_redirect_url: self.failure_redirect_url,
            payment_method: self.payment_method,
            provider_data: self.provider_data,
        };
        (pay, self.subscription_info)
    }
}

/// Makes a subscription, with the payment that starts it.
pub(super) fn begin(ledger: &mut Ledger, asked: Begin) -> Answer {
    let (pay, info) = asked.into_parts();
    let (Some(interval), Some(interval_count), None) = (info.interval, info.interval_count, info.token) else {
        return Err(complaint("subscriptionInfo must have interval and intervalCount, and no token"));
    };
    check_interval(&interval)?;
    if info.expires_after == Some(0) {
        return Err(complaint("expiresAfter must be positive"));
    }
    let (payment, wish) = take(ledger, pay)?;
    let mut body = told(&payment, &wish);
    if payment.status != "FAILED" {
        let token = format!("sub-{}", ledger.subscriptions.len() + 1);
        body["subscriptionToken"] = json!(token);
        let status = if payment.status == "ACCEPTED" { "ACTIVE" } else { "PENDING" };
        let Payment { amount, currency, shop_transaction_id, .. } = payment;
        ledger.subscriptions.push(Subscription {
            token,
            status,
            amount,
            currency,
            shop_transaction_id,
            interval,
            interval_count,
        });
    }
    Ok(Response::json(200, &body))
}

/// Charges a subscription once.
pub(super) fn pay(ledger: &mut Ledger, asked: Begin) -> Answer {
    let (pay, info) = asked.into_parts();
    let Info { token: Some(token), interval: None, interval_count: None, expires_after: None } = info else {
        return Err(complaint("subscriptionInfo must have a token, and nothing else"));
    };
    match ledger.subscription_mut(&token).map(|subscription| subscription.status) {
        None => return Err(Refusal::No(404, "no such subscription")),
        Some("CANCELED") => return Err(Refusal::No(409, "the subscription has ended")),
        Some(_) => {}
    }
    let (payment, wish) = take(ledger, pay)?;
    let mut body = told(&payment, &wish);
    body["subscriptionToken"] = json!(token);
    Ok(Response::json(200, &body))
}

/// A charge that nobody asked for: the schedule's own.
pub(super) fn charge(ledger: &mut Ledger, token: &str) -> String {
    let id = format!("pay-{}", ledger.payments.len() + 1);
    let charged = ledger.subscription_mut(token).unwrap_or_else(|| panic!("the service has no subscription {token}"));
    let payment = Payment {
        id: id.clone(),
        status: "ACCEPTED",
        state: None,
        amount: charged.amount,
        captured: 0,
        currency: charged.currency.clone(),
        shop_transaction_id: charged.shop_transaction_id.clone(),
        payment_method: None,
        subscription_token: Some(charged.token.clone()),
    };
    ledger.payments.push(payment);
    id
}

pub(super) fn update(ledger: &mut Ledger, token: &str, asked: Update) -> Answer {
    let info = asked.subscription_info;
    if info.token.is_some() || asked.amount.is_some() != asked.currency.is_some() {
        return Err(complaint("an update has no token in its body, and an amount with its currency"));
    }
    info.interval.as_deref().map_or(Ok(()), check_interval)?;
    super::endpoints::wish(asked.provider_data)?;
    if asked.shop_transaction_id.is_some_and(|id| id.is_empty()) {
        return Err(complaint("shopTransactionId must not be empty"));
    }
    let subscription = ledger.subscription_mut(token).ok_or(Refusal::No(404, "no such subscription"))?;
    subscription.amount = asked.amount.unwrap_or(subscription.amount);
    subscription.interval_count = info.interval_count.unwrap_or(subscription.interval_count);
    subscription.interval = info.interval.unwrap_or_else(|| subscription.interval.clone());
    let body = json!({ "result": "OK", "resultDescription": "Successful transaction", "subscriptionToken": token });
    Ok(Response::json(200, &body))
}

pub(super) fn status(ledger: &mut Ledger, token: &str) -> Answer {
    let subscription = ledger.subscription_mut(token).ok_or(Refusal::No(404, "no such subscription"))?;
    let body = json!({
        "status": subscription.status,
        "subscriptionToken": token,
        "providerName": "service",
        "metadata": { "handledBy": "service" },
    });
    Ok(Response::json(200, &body))
}

/// Ends a subscription; PGM documents no body for this.
pub(super) fn expire(ledger: &mut Ledger, token: &str) -> Answer {
    let subscription = ledger.subscription_mut(token).ok_or(Refusal::No(404, "no such subscription"))?;
    subscription.status = "CANCELED";
    Ok(Response::status(204))
}

fn check_interval(interval: &str) -> Result<(), Refusal> {
    match interval {
        "DAY" | "WEEK" | "MONTH" | "YEAR" => Ok(()),
        _ => Err(complaint("interval must be DAY, WEEK, MONTH or YEAR")),
    }
}
