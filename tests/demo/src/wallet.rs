//! A small service as the Payment Gateway Manager knows them: three endpoints in front of a provider, here a wallet with
//! a hundred euro in it. It knows nothing of Provost, which forwards to it because PGM's own file names it.

use anyhow::Result;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;

/// What the wallet begins with, in cents.
const BALANCE: u64 = 10_000;

/// Starts the service on a free port, for as long as the program runs.
pub(crate) async fn start() -> Result<SocketAddr> {
    let books = Arc::new(Mutex::new(Books { balance: BALANCE, ..Books::default() }));
    let routes = Router::new().route("/pay", post(pay)).route("/refund", post(refund)).route("/status", get(status));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, routes.with_state(books)).await });
    Ok(address)
}

#[derive(Default)]
struct Books {
    balance: u64,
    payments: Vec<Payment>,
    /// What was answered under which key: a request that comes again moves no money.
    answers: HashMap<String, Value>,
}

struct Payment {
    shop_transaction_id: String,
    /// What was paid and not given back.
    left: u64,
    accepted: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pay {
    amount: u64,
    shop_transaction_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Refund {
    amount: u64,
    payment_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    payment_id: String,
}

type Shared = State<Arc<Mutex<Books>>>;
type Answer = Result<Json<Value>, (StatusCode, Json<Value>)>;

async fn pay(State(books): Shared, headers: HeaderMap, Json(asked): Json<Pay>) -> Answer {
    once(&books, &headers, |books| {
        let accepted = asked.amount <= books.balance;
        let left = if accepted { asked.amount } else { 0 };
        books.balance -= left;
        books.payments.push(Payment { shop_transaction_id: asked.shop_transaction_id, left, accepted });
        let id = books.payments.len().to_string();
        let metadata = json!({ "walletBalance": books.balance });
        match accepted {
            true => Ok(json!({ "result": "OK", "paymentId": id, "metadata": metadata })),
            false => Ok(json!({ "result": "KO", "paymentId": id, "declineCode": "insufficient_funds" })),
        }
    })
}

async fn refund(State(books): Shared, headers: HeaderMap, Json(asked): Json<Refund>) -> Answer {
    once(&books, &headers, |books| {
        let payment = find(books, &asked.payment_id)?;
        payment.left = payment.left.checked_sub(asked.amount).ok_or_else(|| no(409, "so much is not left"))?;
        books.balance += asked.amount;
        Ok(json!({ "result": "OK" }))
    })
}

async fn status(State(books): Shared, Query(asked): Query<Status>) -> Answer {
    let mut books = books.lock().unwrap_or_else(PoisonError::into_inner);
    let payment = find(&mut books, &asked.payment_id)?;
    Ok(Json(json!({
        "status": if payment.accepted { "ACCEPTED" } else { "FAILED" },
        "paymentId": asked.payment_id,
        "shopTransactionId": payment.shop_transaction_id,
        "action": "PAYMENT",
    })))
}

/// Does the work, unless it was done under this key already.
fn once(
    books: &Mutex<Books>,
    headers: &HeaderMap,
    work: impl FnOnce(&mut Books) -> Result<Value, (StatusCode, Json<Value>)>,
) -> Answer {
    let mut books = books.lock().unwrap_or_else(PoisonError::into_inner);
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).map(str::to_owned);
    if let Some(answer) = key.as_ref().and_then(|key| books.answers.get(key)) {
        return Ok(Json(answer.clone()));
    }
    let answer = work(&mut books)?;
    books.answers.extend(key.map(|key| (key, answer.clone())));
    Ok(Json(answer))
}

/// A payment's id is its place in the books.
fn find<'a>(books: &'a mut Books, id: &str) -> Result<&'a mut Payment, (StatusCode, Json<Value>)> {
    let place = id.parse::<usize>().ok().and_then(|id| id.checked_sub(1));
    place.and_then(|place| books.payments.get_mut(place)).ok_or_else(|| no(404, "there is no such payment"))
}

fn no(status: u16, message: &str) -> (StatusCode, Json<Value>) {
    let status = StatusCode::from_u16(status).expect("a status that HTTP has");
    (status, Json(json!({ "message": message })))
}
