//! `GET` and `POST /v3/{external}/status`, `GET /v3/{external}/check`. PGM's documents differ about the method of
//! status: both work.

use super::super::Api;
use super::super::observe::Counted;
use super::super::problem::{Code, Problem};
use super::super::respond::problem_of;
use super::body::{self, Json};
use super::fields::{self, Fields};
use super::place::Place;
use crate::model::PaymentStatus;
use crate::operations::{Error, Lookup};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};

/// A name, and the lookup that it makes of a value.
type Name = (&'static str, fn(String) -> Lookup);

/// The names by which a payment or a refund is looked up.
const NAMES: [Name; 3] =
    [("paymentId", Lookup::Payment), ("shopTransactionId", Lookup::ShopTransaction), ("refundId", Lookup::Refund)];

/// Asks the provider, and answers with what is known where it cannot be asked.
pub(in crate::api) async fn status(
    State(api): State<Api>,
    place: Place,
    request: Request,
) -> Result<Response, Problem> {
    let lookup = in_query(request.uri().query()).map_err(|problem| place.refuse(&api, problem))?;
    answer(api.operations.status(&place.external, lookup).await)
}

/// The same, with the name in a JSON body; without a body, in the query.
pub(in crate::api) async fn status_by_body(
    State(api): State<Api>,
    place: Place,
    request: Request,
) -> Result<Response, Problem> {
    let lookup = in_body_or_query(&api, request).await.map_err(|problem| place.refuse(&api, problem))?;
    answer(api.operations.status(&place.external, lookup).await)
}

/// The same, and the merchant gets a callback even without a change.
pub(in crate::api) async fn check(State(api): State<Api>, place: Place, request: Request) -> Result<Response, Problem> {
    let lookup = in_query(request.uri().query()).map_err(|problem| place.refuse(&api, problem))?;
    answer(api.operations.check(&place.external, lookup).await)
}

fn answer(status: Result<PaymentStatus, Error>) -> Result<Response, Problem> {
    let status = status.map_err(|error| problem_of(&error))?;
    let counted = Counted(status.status.into());
    let mut response = axum::Json(status).into_response();
    response.extensions_mut().insert(counted);
    Ok(response)
}

async fn in_body_or_query(api: &Api, request: Request) -> Result<Lookup, Problem> {
    let (parts, body) = request.into_parts();
    let text = body::read(body, api.settings.body_limit).await?;
    match text.is_empty() {
        true => in_query(parts.uri.query()),
        false => in_body(&Json::parse(&parts.headers, text)?),
    }
}

/// The payment or refund that a query names.
pub(in crate::api) fn in_query(query: Option<&str>) -> Result<Lookup, Problem> {
    let wrong = || {
        Problem::new(
            Code::BadQuery,
            "Name exactly one of paymentId, shopTransactionId and refundId, once, with 1 to 255 characters.",
        )
    };
    let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let mut found = pairs.filter_map(|(key, value)| {
        let (_, lookup) = NAMES.iter().find(|(name, _)| *name == key)?;
        Some((lookup, value.into_owned()))
    });
    match (found.next(), found.next()) {
        (Some((lookup, value)), None) if fields::is_id(&value) => Ok(lookup(value)),
        _ => Err(wrong()),
    }
}

/// The payment or refund that a body names.
pub(in crate::api) fn in_body(body: &Json) -> Result<Lookup, Problem> {
    let mut fields = Fields::of(&body.value)?;
    let mut found = Vec::new();
    for (name, lookup) in NAMES {
        let value = fields.optional(name, fields::id);
        found.extend(value.map(|value| (name, lookup(value))));
    }
    for (name, _) in found.iter().skip(1) {
        fields.fault(name, "stands beside another name of the payment: name exactly one");
    }
    let first = found.into_iter().next().map(|(_, lookup)| lookup);
    fields.finish_or(first, "must have exactly one of paymentId, shopTransactionId and refundId")
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http::HeaderMap;

    fn lookups() -> [(&'static str, Lookup); 3] {
        [
            ("paymentId", Lookup::Payment("x 1".into())),
            ("shopTransactionId", Lookup::ShopTransaction("x 1".into())),
            ("refundId", Lookup::Refund("x 1".into())),
        ]
    }

    fn read(body: String) -> Result<Lookup, Vec<String>> {
        let json = Json::parse(&HeaderMap::new(), Bytes::from(body)).unwrap();
        in_body(&json).map_err(|problem| problem.errors.iter().map(|error| error.pointer.clone()).collect())
    }

    #[test]
    fn a_payment_is_looked_up_by_any_of_its_names() {
        for (name, lookup) in lookups() {
            assert_eq!(in_query(Some(&format!("a=b&{name}=x%201&c"))), Ok(lookup.clone()));
            assert_eq!(in_query(Some(&format!("{name}=x+1"))), Ok(lookup.clone()));
            assert_eq!(read(format!(r#"{{"{name}": "x 1", "other": 1}}"#)), Ok(lookup));
        }
    }

    #[test]
    fn a_query_names_exactly_one() {
        let long = format!("paymentId={}", "x".repeat(256));
        let cases = [
            None,
            Some(""),
            Some("paymentId"),
            Some("paymentId="),
            Some("paymentid=1"),
            Some("paymentId=a%00b"),
            Some("paymentId=1&paymentId=1"),
            Some("paymentId=1&refundId=2"),
            Some(&long),
        ];
        for query in cases {
            assert_eq!(in_query(query).unwrap_err().code, "bad_query", "{query:?}");
        }
    }

    #[test]
    fn a_body_names_exactly_one() {
        let faults = |pointers: &[&str]| Err(pointers.iter().map(|&pointer| pointer.to_owned()).collect());
        assert_eq!(read("{}".into()), faults(&[""]));
        assert_eq!(read("[]".into()), faults(&[""]));
        assert_eq!(read(r#"{"paymentId": 1}"#.into()), faults(&["/paymentId"]));
        assert_eq!(read(r#"{"paymentId": "1", "refundId": "2"}"#.into()), faults(&["/refundId"]));
    }
}
