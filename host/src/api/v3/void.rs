//! `POST /v3/{external}/void`.

use super::super::Api;
use super::super::problem::Problem;
use super::super::respond::respond;
use super::body::Json;
use super::fields::{self, Fields};
use super::operation::{answer, asked};
use super::place::Place;
use axum::extract::{Request, State};
use axum::response::Response;

/// Releases what was reserved.
pub(in crate::api) async fn void(State(api): State<Api>, place: Place, request: Request) -> Result<Response, Problem> {
    let asked = asked(&api, request, payment_to_void).await;
    let (caller, payment_id) = asked.map_err(|problem| place.refuse(&api, problem))?;
    Ok(answer(api.operations.void(&place.external, caller, payment_id, respond).await))
}

/// The payment that a body asks to release, or everything that is wrong with it.
pub(in crate::api) fn payment_to_void(body: &Json) -> Result<String, Problem> {
    let mut fields = Fields::of(&body.value)?;
    let payment_id = fields.required("paymentId", fields::id);
    fields.finish(payment_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http::HeaderMap;

    #[test]
    fn a_void_is_of_one_payment() {
        let read = |body: &'static str| {
            let json = Json::parse(&HeaderMap::new(), Bytes::from_static(body.as_bytes())).unwrap();
            payment_to_void(&json).map_err(|problem| problem.errors[0].pointer.clone())
        };
        assert_eq!(read(r#"{"paymentId": "p-1", "amount": 5}"#), Ok("p-1".to_owned()));
        assert_eq!(read("{}"), Err("/paymentId".to_owned()));
        assert_eq!(read(r#"{"paymentId": ""}"#), Err("/paymentId".to_owned()));
    }
}
