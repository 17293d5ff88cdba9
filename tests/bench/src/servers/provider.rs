//! A provider that speaks the acme format and costs as little as can be. It remembers nothing: every
//! charge that it is asked about is the pending one.

use crate::case::PENDING_AMOUNT;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};

static NEXT: AtomicU64 = AtomicU64::new(1);

pub(super) fn routes() -> Router {
    Router::new().route("/charges", post(charge)).route("/charges/{id}", get(status))
}

#[derive(Deserialize)]
struct Charge {
    amount: u64,
    currency: String,
    #[serde(rename = "providerData")]
    provider_data: Option<Value>,
}

async fn charge(Json(charge): Json<Charge>) -> (StatusCode, Json<Value>) {
    let id = format!("ch_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let wanted = charge.provider_data.unwrap_or_default();
    let status = wanted["outcome"].as_str().unwrap_or("succeeded");
    let answer = json!({ "id": id, "status": status, "amount": charge.amount, "currency": charge.currency });
    (StatusCode::CREATED, Json(answer))
}

async fn status(Path(id): Path<String>) -> Json<Value> {
    Json(json!({ "id": id, "status": "pending", "amount": PENDING_AMOUNT, "currency": "EUR" }))
}
