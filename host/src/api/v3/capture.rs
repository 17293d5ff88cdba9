//! `POST /v3/{external}/capture`.

use super::super::Api;
use super::super::problem::Problem;
use super::super::respond::respond;
use super::body::Json;
use super::fields::{self, Fields};
use super::operation::{answer, asked};
use super::place::Place;
use crate::operations::CaptureAsked;
use axum::extract::{Request, State};
use axum::response::Response;

/// Takes what was reserved.
pub(in crate::api) async fn capture(
    State(api): State<Api>,
    place: Place,
    request: Request,
) -> Result<Response, Problem> {
    let asked = asked(&api, request, capture_asked).await;
    let (caller, capture) = asked.map_err(|problem| place.refuse(&api, problem))?;
    Ok(answer(api.operations.capture(&place.external, caller, capture, respond).await))
}

/// The capture that a body asks for, or everything that is wrong with it. It is the last of its payment unless the body
/// says that more will follow.
pub(in crate::api) fn capture_asked(body: &Json) -> Result<CaptureAsked, Problem> {
    let mut fields = Fields::of(&body.value)?;
    let payment_id = fields.required("paymentId", fields::id);
    let amount = fields.optional_amount();
    let last = fields.optional("final", fields::flag).unwrap_or(true);
    let provider_data = fields.optional("providerData", fields::object);
    let made = || {
        Some(CaptureAsked {
            payment_id: payment_id?,
            amount,
            last,
            provider_data: provider_data.and_then(|()| body.text_of("providerData")),
        })
    };
    fields.finish(made())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Amount;
    use bytes::Bytes;
    use http::HeaderMap;

    fn read(body: &'static str) -> Result<CaptureAsked, Vec<String>> {
        let json = Json::parse(&HeaderMap::new(), Bytes::from_static(body.as_bytes())).unwrap();
        capture_asked(&json).map_err(|problem| problem.errors.iter().map(|error| error.pointer.clone()).collect())
    }

    #[test]
    fn a_capture_is_of_all_and_the_last_unless_it_says_otherwise() {
        let all = CaptureAsked { payment_id: "p-1".into(), amount: None, last: true, provider_data: None };
        assert_eq!(read(r#"{"paymentId": "p-1"}"#), Ok(all));
        let some = CaptureAsked {
            payment_id: "p-1".into(),
            amount: Some(Amount { minor: 200, currency: "KWD".into() }),
            last: false,
            provider_data: Some("{ }".into()),
        };
        let body = r#"{"paymentId": "p-1", "amount": 200, "currency": "KWD", "final": false, "providerData": { }}"#;
        assert_eq!(read(body), Ok(some));
    }

    #[test]
    fn every_field_that_is_wrong_is_named_at_once() {
        let faults = |pointers: &[&str]| Err(pointers.iter().map(|&pointer| pointer.to_owned()).collect());
        assert_eq!(read("{}"), faults(&["/paymentId"]));
        assert_eq!(read(r#"{"paymentId": "p", "amount": 1}"#), faults(&["/currency"]));
        let wrong = r#"{"paymentId": 1, "amount": 0, "currency": "", "final": "no", "providerData": "{}"}"#;
        assert_eq!(read(wrong), faults(&["/paymentId", "/amount", "/currency", "/final", "/providerData"]));
    }
}
