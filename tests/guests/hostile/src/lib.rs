//! A plugin that misbehaves as it is told: what a host must survive. See [`attack`] for the ways.
//!
//! *pay* does what `providerData.attack` names; with `providerData.after` it first posts to the
//! provider, so that money may have moved. *status* does what the payment's method names after
//! `attack:`, or else what `providerData.statusAttack` named when the payment was made. Without any of
//! them it behaves.

mod attack;

use provost_sdk::prelude::*;
use serde::Deserialize;

/// The provider.
pub struct Hostile;

provost_sdk::plugin!(Hostile: payments, inquiry);

/// What it reads of `providerData`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Orders {
    attack: Option<String>,
    #[serde(default)]
    after: bool,
    /// Where `denied` sends to.
    url: Option<String>,
    status_attack: Option<String>,
}

impl Plugin for Hostile {
    fn describe() -> Description {
        Description::new("hostile", env!("CARGO_PKG_VERSION"))
            .optional_setting("base_url", "where the scripted provider listens")
    }
}

impl Payments for Hostile {
    fn pay(request: PayRequest) -> Result<PaymentOutcome> {
        let orders: Orders = request.data()?;
        if orders.after {
            // Whatever the provider answers, the request has left.
            let _answer = charge(&request)?;
        }
        match (orders.attack.as_deref(), orders.url) {
            (Some("denied"), Some(url)) => {
                let answer = http::post(url).json(&json!({})).send();
                Ok(Decline::new("denied").description(told(answer)).into())
            }
            (Some(name), _) => attack::pay(name),
            (None, _) => Ok(taken().amount(request.amount).carry(json!(orders.status_attack)).succeeded()),
        }
    }
}

impl Inquiry for Hostile {
    fn status(payment: Payment) -> Result<PaymentStatus> {
        let status = PaymentStatus::of(&payment, PaymentState::Pending);
        match orders_for_status(&payment)?.as_deref() {
            Some("write") => {
                let url = http::url(&settings::required("base_url")?, ["charges"]);
                let answer = http::post(url).json(&json!({})).send();
                Ok(status.description(told(answer)))
            }
            Some(name) => attack::status(name, status),
            None => Ok(PaymentStatus::of(&payment, PaymentState::Accepted)),
        }
    }
}

fn orders_for_status(payment: &Payment) -> Result<Option<String>> {
    let method = payment.payment_method.as_deref().unwrap_or_default();
    match method.strip_prefix("attack:") {
        Some(name) => Ok(Some(name.to_owned())),
        None => Ok(payment.carried::<Option<String>>()?.flatten()),
    }
}

fn charge(request: &PayRequest) -> Result<http::Response> {
    let url = http::url(&settings::required("base_url")?, ["charges"]);
    let body = json!({
        "reference": operation::reference(),
        "amount": request.amount.minor,
        "currency": request.amount.currency,
        "shopTransactionId": request.shop_transaction_id,
    });
    Ok(http::post(url).idempotency_key().json(&body).send()?)
}

fn taken() -> Acknowledgement {
    Acknowledgement::new(format!("pay_{}", operation::reference()))
}

/// What the host said to a request, in its own words.
fn told(answer: Result<http::Response, http::Error>) -> String {
    match answer {
        Ok(answer) => format!("answered {}", answer.status()),
        Err(error) => format!("{error:?}"),
    }
}
