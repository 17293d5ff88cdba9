//! The same work by a handler in the server itself: the body checked, the payment claimed, the provider
//! asked, the outcome durable before the answer.

use super::client;
use crate::store::{Command, Payment, Store};
use anyhow::{Context, Result, ensure};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

#[derive(Clone)]
struct Shop {
    store: Store,
    /// With none, the outcome follows from the amount, as in the sandbox.
    provider: Option<Provider>,
}

#[derive(Clone)]
struct Provider {
    client: reqwest::Client,
    url: String,
}

pub(super) fn routes(folder: &std::path::Path, provider: Option<String>) -> Result<Router> {
    let provider = provider.map(|url| Ok::<_, anyhow::Error>(Provider { client: client()?, url })).transpose()?;
    let shop = Shop { store: Store::create(folder)?, provider };
    Ok(Router::new()
        .route("/v3/{external}/status", get(status))
        .route("/v3/{external}/pay", post(pay))
        .with_state(shop))
}

type Answer = Result<Json<Value>, (StatusCode, String)>;

fn trouble(error: anyhow::Error) -> (StatusCode, String) {
    (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StatusQuery {
    payment_id: String,
}

async fn status(State(shop): State<Shop>, Path(external): Path<String>, query: Query<StatusQuery>) -> Answer {
    let payment = shop.store.payment(&query.payment_id).map_err(trouble)?;
    let payment = payment.ok_or_else(|| (StatusCode::NOT_FOUND, "no such payment".to_owned()))?;
    let status = match &shop.provider {
        Some(provider) => provider.status(&payment).await.map_err(trouble)?,
        None => payment.status,
    };
    Ok(Json(json!({
        "status": status,
        "paymentId": payment.payment_id,
        "shopTransactionId": payment.shop_transaction_id,
        "providerName": external,
        "action": "PAYMENT",
        "amount": payment.amount,
        "currency": payment.currency,
    })))
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Pay {
    amount: u64,
    currency: String,
    shop_transaction_id: String,
    provider_data: Option<Value>,
}

async fn pay(State(shop): State<Shop>, Json(request): Json<Pay>) -> Answer {
    if request.amount == 0 || request.currency.len() != 3 || request.shop_transaction_id.is_empty() {
        return Err((StatusCode::UNPROCESSABLE_ENTITY, "a field is wrong".to_owned()));
    }
    perform(&shop, request).await.map(Json).map_err(trouble)
}

async fn perform(shop: &Shop, request: Pay) -> Result<Value> {
    let reference = Uuid::new_v4().to_string();
    let claim = shop.store.send(Command::Claim {
        reference: reference.clone(),
        shop_transaction_id: request.shop_transaction_id.clone(),
        amount: request.amount,
        currency: request.currency.clone(),
        request: serde_json::to_string(&request)?,
    })?;
    let (payment_id, pending) = match &shop.provider {
        // Nothing leaves before the claim is on disk; where nothing leaves, it need not be awaited.
        Some(provider) => {
            claim.durable().await?;
            provider.charge(&reference, &request).await?
        }
        None => (format!("pay_{reference}"), request.amount % 100 == 2),
    };
    let (status, result) = if pending { ("PENDING", "PENDING") } else { ("ACCEPTED", "OK") };
    let answer = json!({ "result": result, "paymentId": payment_id });
    let finish = Command::Finish { reference, payment_id, status, answer: answer.to_string() };
    shop.store.send(finish)?.durable().await?;
    Ok(answer)
}

impl Provider {
    /// Gives the provider's id, and whether it is pending.
    async fn charge(&self, reference: &str, request: &Pay) -> Result<(String, bool)> {
        let body = json!({
            "reference": reference,
            "amount": request.amount,
            "currency": request.currency,
            "shopTransactionId": request.shop_transaction_id,
            "providerData": request.provider_data,
        });
        let sent = self.client.post(format!("{}/charges", self.url)).bearer_auth("key");
        let sent = sent.header("idempotency-key", reference).header("content-type", "application/json");
        let charge = read(sent.body(body.to_string())).await?;
        ensure!(charge.amount == request.amount && charge.currency == request.currency, "not what was asked");
        Ok((charge.id, charge.status == "pending"))
    }

    async fn status(&self, payment: &Payment) -> Result<String> {
        let asked = self.client.get(format!("{}/charges/{}", self.url, payment.payment_id)).bearer_auth("key");
        let charge = read(asked).await?;
        ensure!(charge.amount == payment.amount && charge.currency == payment.currency, "not what was asked");
        Ok(if charge.status == "pending" { "PENDING" } else { "ACCEPTED" }.to_owned())
    }
}

#[derive(Deserialize)]
struct Charge {
    id: String,
    status: String,
    amount: u64,
    currency: String,
}

async fn read(request: reqwest::RequestBuilder) -> Result<Charge> {
    let body = request.send().await?.error_for_status()?.bytes().await?;
    serde_json::from_slice(&body).context("the provider's answer is not understood")
}
