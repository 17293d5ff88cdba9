//! The provider's wire format, `acme`, and its strictness.
//!
//! | request | answer |
//! |---|---|
//! | `POST /charges` `{reference, amount, currency, shopTransactionId, notifyUrl?, providerData?}` | the charge: 201, or 402 if declined |
//! | `GET /charges/{id}` | the charge |
//! | `GET /charges?reference=` | an array of charges |
//! | `POST /charges/{id}/refunds` `{amount, currency, reference?, providerData?}` | the refund: 201, or 402 if declined |
//! | `GET /refunds/{id}` | the refund |
//! | `GET /refunds?reference=` | an array of refunds |
//!
//! Every request needs `Authorization: Bearer …`, every POST an `Idempotency-Key` and
//! `Content-Type: application/json`. Same key and body: same answer. Same key, other body: 409.

use super::ledger::{Charge, KeyUse, Ledger, Refund, Status};
use crate::server::{Request, Response};
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

/// What the caller wants to happen, inside `providerData`; other keys there are ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Wish {
    /// The status to answer; without it, `succeeded`.
    pub outcome: Option<Status>,
    /// Why it is declined; without it, `card_declined`.
    pub code: Option<String>,
    /// The amount to answer, where it shall differ from what was asked.
    pub amount: Option<u64>,
    /// The currency to answer, where it shall differ from what was asked.
    pub currency: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ChargeRequest {
    reference: String,
    amount: u64,
    currency: String,
    shop_transaction_id: String,
    notify_url: Option<String>,
    provider_data: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RefundRequest {
    amount: u64,
    currency: String,
    reference: Option<String>,
    provider_data: Option<Value>,
}

/// Carries a request out and says what came of it.
pub(super) fn answer(ledger: &mut Ledger, request: &Request) -> Response {
    carry_out(ledger, request).unwrap_or_else(|refusal| {
        let Refusal(status, code, description) = refusal;
        Response::json(status, &json!({ "code": code, "description": description }))
    })
}

/// Status, code and description of a request that is not carried out.
struct Refusal(u16, &'static str, String);

type Answer = Result<Response, Refusal>;

fn carry_out(ledger: &mut Ledger, request: &Request) -> Answer {
    let bearer = request.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    if bearer.is_none_or(|token| token.trim().is_empty()) {
        return Err(refusal(401, "unauthorized", "Authorization: Bearer … is required"));
    }
    match (&request.method, request.segments().as_slice()) {
        (&Method::POST, ["charges"]) => once(ledger, request, charge),
        (&Method::POST, ["charges", id, "refunds"]) => {
            once(ledger, request, |ledger, body, key| refund(ledger, id, body, key))
        }
        (&Method::GET, ["charges"]) => {
            let reference = searched(request)?;
            Ok(Response::json(200, &json!(ledger.charges_for(reference))))
        }
        (&Method::GET, ["refunds"]) => {
            let reference = searched(request)?;
            Ok(Response::json(200, &json!(ledger.refunds_for(reference))))
        }
        (&Method::GET, ["charges", id]) => Ok(Response::json(200, &json!(find(ledger, id)?))),
        (&Method::GET, ["refunds", id]) => {
            let refund = ledger.refunds.iter().find(|refund| refund.id == *id);
            let refund = refund.ok_or_else(|| not_found("refund"))?;
            Ok(Response::json(200, &json!(refund)))
        }
        _ => Err(not_found("path")),
    }
}

/// Does the work at most once under its key.
fn once(ledger: &mut Ledger, request: &Request, work: impl FnOnce(&mut Ledger, Value, &str) -> Answer) -> Answer {
    let key = request
        .header("idempotency-key")
        .filter(|key| !key.is_empty())
        .ok_or_else(|| invalid("Idempotency-Key is required"))?;
    let content_type = request.header("content-type").unwrap_or_default();
    if !content_type.starts_with("application/json") {
        return Err(invalid("Content-Type must be application/json"));
    }
    let body = request.json().ok_or_else(|| invalid("the body is no JSON"))?;
    if let Some(known) = ledger.keys.get(key) {
        let same = known.path == request.path && known.body == body;
        let conflict = || refusal(409, "idempotency_conflict", "this key came with another request");
        return same.then(|| known.answer.clone()).ok_or_else(conflict);
    }
    let answer = work(ledger, body.clone(), key)?;
    let path = request.path.clone();
    let kept = answer.clone();
    ledger.keys.insert(key.to_owned(), KeyUse { path, body, answer: kept });
    Ok(answer)
}

fn charge(ledger: &mut Ledger, body: Value, key: &str) -> Answer {
    let asked: ChargeRequest = read(body)?;
    check_amount(asked.amount, &asked.currency)?;
    if asked.reference.is_empty() || asked.shop_transaction_id.is_empty() {
        return Err(invalid("reference and shopTransactionId must not be empty"));
    }
    let wish = wish(asked.provider_data)?;
    let status = wish.outcome.unwrap_or(Status::Succeeded);
    let id = format!("ch_{}", ledger.charges.len() + 1);
    let redirect = (status == Status::Redirect).then(|| format!("https://acme.example/go/{id}"));
    let charge = Charge {
        status,
        amount: wish.amount.unwrap_or(asked.amount),
        currency: wish.currency.unwrap_or(asked.currency),
        code: decline_code(status, wish.code),
        redirect_url: redirect,
        description: (status == Status::Declined).then(|| "The payment was declined.".to_owned()),
        reference: asked.reference,
        shop_transaction_id: asked.shop_transaction_id,
        notify_url: asked.notify_url,
        key: key.to_owned(),
        id,
    };
    let answer = Response::json(made(status), &json!(charge));
    ledger.charges.push(charge);
    Ok(answer)
}

fn refund(ledger: &mut Ledger, charge: &str, body: Value, key: &str) -> Answer {
    let asked: RefundRequest = read(body)?;
    check_amount(asked.amount, &asked.currency)?;
    let wish = wish(asked.provider_data)?;
    let charge = find(ledger, charge)?;
    if charge.status != Status::Succeeded {
        return Err(refusal(409, "not_refundable", "the charge has not succeeded"));
    }
    if asked.currency != charge.currency || asked.amount > ledger.refundable(charge) {
        return Err(refusal(422, "refund_too_large", "more than is left of the charge"));
    }
    let status = wish.outcome.unwrap_or(Status::Succeeded);
    let refund = Refund {
        id: format!("re_{}", ledger.refunds.len() + 1),
        charge_id: charge.id.clone(),
        status,
        amount: wish.amount.unwrap_or(asked.amount),
        currency: wish.currency.unwrap_or(asked.currency),
        code: decline_code(status, wish.code),
        reference: asked.reference,
        key: key.to_owned(),
    };
    let answer = Response::json(made(status), &json!(refund));
    ledger.refunds.push(refund);
    Ok(answer)
}

fn searched(request: &Request) -> Result<&str, Refusal> {
    request.query_value("reference").ok_or_else(|| invalid("reference is required"))
}

fn find<'a>(ledger: &'a Ledger, id: &str) -> Result<&'a Charge, Refusal> {
    ledger.charge(id).ok_or_else(|| not_found("charge"))
}

fn read<T: serde::de::DeserializeOwned>(body: Value) -> Result<T, Refusal> {
    serde_json::from_value(body).map_err(|error| invalid(&error.to_string()))
}

fn wish(provider_data: Option<Value>) -> Result<Wish, Refusal> {
    match provider_data {
        None => Ok(Wish::default()),
        Some(data @ Value::Object(_)) => read(data),
        Some(_) => Err(invalid("providerData must be an object")),
    }
}

fn check_amount(amount: u64, currency: &str) -> Result<(), Refusal> {
    let is_currency = currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase());
    if amount == 0 || !is_currency {
        return Err(invalid("amount must be positive and currency three capital letters"));
    }
    Ok(())
}

fn decline_code(status: Status, wanted: Option<String>) -> Option<String> {
    (status == Status::Declined).then(|| wanted.unwrap_or_else(|| "card_declined".to_owned()))
}

fn made(status: Status) -> u16 {
    if status == Status::Declined { 402 } else { 201 }
}

fn invalid(description: &str) -> Refusal {
    refusal(400, "invalid_request", description)
}

fn not_found(what: &str) -> Refusal {
    refusal(404, "not_found", &format!("no such {what}"))
}

fn refusal(status: u16, code: &'static str, description: &str) -> Refusal {
    Refusal(status, code, description.to_owned())
}
