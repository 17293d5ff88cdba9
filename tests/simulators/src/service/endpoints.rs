//! The endpoints, and what a request must be like to be let in.
//!
//! | below `/pgm` | |
//! |---|---|
//! | `POST /pay`, `/refund`, `/capture`, `/void`, `/pay-by-link` | JSON in PGM's form |
//! | `GET /status?paymentId=`, perhaps with `refundId=` | the payment, or its newest refund |
//! | `POST /subscription/schedule`, `/start`, `/pay`, `/update/{token}` | JSON in PGM's form |
//! | `GET /subscription/status/{token}`, `DELETE /subscription/expire/{token}` | |
//! | any method, `/utility/{name…}` | says what it got |

use super::ledger::Ledger;
use super::{BASE, payments, subscriptions};
use crate::server::{Request, Response};
use http::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// What the caller wants to happen, inside `providerData`; other keys there are ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Wish {
    /// The result to answer; without it, `OK`.
    pub result: Option<Outcome>,
    /// Why it is declined.
    pub decline_code: Option<String>,
    /// A redirect into an app, beside the page.
    pub app: bool,
    /// Refunds get a name.
    pub named: bool,
    /// The payment is reserved, to be captured or voided.
    pub reserve: bool,
}

/// PGM's results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Outcome {
    /// Done.
    #[default]
    Ok,
    /// Declined.
    Ko,
    /// Decided later.
    Pending,
    /// The payer must go somewhere first.
    RedirectToUrl,
}

/// An answer, or why there is none.
pub(super) type Answer = Result<Response, Refusal>;

/// Why a request is not carried out.
pub(super) enum Refusal {
    /// It is not what PGM would have sent: the test is to hear of it.
    Complaint(String),
    /// It is, and cannot be done.
    No(u16, &'static str),
}

/// Carries a request out and says what came of it.
pub(super) fn answer(ledger: &mut Ledger, request: &Request) -> Response {
    carry_out(ledger, request).unwrap_or_else(|refusal| match refusal {
        Refusal::Complaint(complaint) => {
            let told = json!({ "statusCode": 400, "error": "Bad Request", "message": complaint });
            ledger.complaints.push(format!("{} {}: {complaint}", request.method, request.path));
            Response::json(400, &told)
        }
        Refusal::No(status, message) => Response::json(status, &json!({ "statusCode": status, "message": message })),
    })
}

fn carry_out(ledger: &mut Ledger, request: &Request) -> Answer {
    if ledger.credential.is_some() && request.header("authorization") != ledger.credential.as_deref() {
        return Err(Refusal::No(401, "this service knows its callers"));
    }
    let path = request.path.strip_prefix(BASE).ok_or_else(|| complaint("nothing is outside of the base URL"))?;
    let segments: Vec<_> = path.split('/').skip(1).collect();
    let has_key = request.header("idempotency-key").is_some_and(|key| !key.is_empty());
    if has_key == (request.method == Method::GET) {
        return Err(complaint("Idempotency-Key belongs to what is not a read, and to nothing else"));
    }
    if let ["utility", name @ ..] = segments.as_slice() {
        return Ok(utility(&name.join("/"), request));
    }
    match (&request.method, segments.as_slice()) {
        (&Method::POST, ["pay"]) => payments::pay(ledger, read(request)?),
        (&Method::POST, ["pay-by-link"]) => payments::link(ledger, read(request)?),
        (&Method::POST, ["refund"]) => payments::refund(ledger, read(request)?),
        (&Method::POST, ["capture"]) => payments::capture(ledger, read(request)?),
        (&Method::POST, ["void"]) => payments::void(ledger, &read(request)?),
        (&Method::GET, ["status"]) => {
            let id = request.query_value("paymentId").ok_or_else(|| complaint("status needs paymentId"))?;
            payments::status(ledger, id, request.query_value("refundId"))
        }
        (&Method::POST, ["subscription", "schedule" | "start"]) => subscriptions::begin(ledger, read(request)?),
        (&Method::POST, ["subscription", "pay"]) => subscriptions::pay(ledger, read(request)?),
        (&Method::POST, ["subscription", "update", token]) => subscriptions::update(ledger, token, read(request)?),
        (&Method::GET, ["subscription", "status", token]) => subscriptions::status(ledger, token),
        (&Method::DELETE, ["subscription", "expire", token]) => subscriptions::expire(ledger, token),
        _ => Err(complaint("there is no such endpoint")),
    }
}

/// Says what it got.
fn utility(name: &str, request: &Request) -> Response {
    let (method, query) = (request.method.as_str(), &request.query);
    Response::json(200, &json!({ "method": method, "name": name, "query": query, "body": request.json() }))
}

/// A JSON body that has what it must have, and nothing else.
fn read<T: DeserializeOwned>(request: &Request) -> Result<T, Refusal> {
    if request.header("content-type") != Some("application/json") {
        return Err(complaint("Content-Type must be application/json"));
    }
    serde_json::from_slice(&request.body).map_err(|error| Refusal::Complaint(error.to_string()))
}

/// What the caller wishes.
pub(super) fn wish(provider_data: Option<Value>) -> Result<Wish, Refusal> {
    match provider_data {
        None => Ok(Wish::default()),
        Some(data @ Value::Object(_)) => {
            serde_json::from_value(data).map_err(|error| Refusal::Complaint(error.to_string()))
        }
        Some(_) => Err(complaint("providerData must be an object")),
    }
}

/// An amount of money, as PGM has it.
pub(super) fn check_amount(amount: u64, currency: &str) -> Result<(), Refusal> {
    let is_currency = currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase());
    if amount == 0 || !is_currency {
        return Err(complaint("amount must be positive and currency three capital letters"));
    }
    Ok(())
}

pub(super) fn complaint(text: &str) -> Refusal {
    Refusal::Complaint(text.to_owned())
}
