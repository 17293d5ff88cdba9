//! `POST /v3/{external}/refund`.

use super::super::Api;
use super::super::problem::Problem;
use super::super::respond::respond;
use super::body::Json;
use super::fields::{self, Fields};
use super::operation::{answer, asked};
use super::place::Place;
use crate::operations::RefundAsked;
use axum::extract::{Request, State};
use axum::response::Response;

/// Gives money back.
pub(in crate::api) async fn refund(
    State(api): State<Api>,
    place: Place,
    request: Request,
) -> Result<Response, Problem> {
    let asked = asked(&api, request, refund_asked).await;
    let (caller, refund) = asked.map_err(|problem| place.refuse(&api, problem))?;
    Ok(answer(api.operations.refund(&place.external, caller, refund, respond).await))
}

/// The refund that a body asks for, or everything that is wrong with it.
pub(in crate::api) fn refund_asked(body: &Json) -> Result<RefundAsked, Problem> {
    let mut fields = Fields::of(&body.value)?;
    let payment_id = fields.required("paymentId", fields::id);
    let amount = fields.amount(fields::minor_units);
    let provider_data = fields.optional("providerData", fields::object);
    let made = || {
        Some(RefundAsked {
            payment_id: payment_id?,
            amount: amount?,
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

    fn read(body: &'static str) -> Result<RefundAsked, Vec<String>> {
        let json = Json::parse(&HeaderMap::new(), Bytes::from_static(body.as_bytes())).unwrap();
        refund_asked(&json).map_err(|problem| problem.errors.iter().map(|error| error.pointer.clone()).collect())
    }

    #[test]
    fn a_whole_body_becomes_a_refund() {
        let refund = RefundAsked {
            payment_id: "p-1".into(),
            amount: Amount { minor: 200, currency: "KWD".into() },
            provider_data: Some("{ }".into()),
        };
        let body = r#"{"paymentId": "p-1", "amount": 200, "currency": "KWD", "providerData": { }}"#;
        assert_eq!(read(body), Ok(refund));
    }

    #[test]
    fn every_field_that_is_wrong_is_named_at_once() {
        let required = ["/paymentId", "/amount", "/currency"].map(str::to_owned);
        assert_eq!(read("{}"), Err(required.to_vec()));
        let all = [&required[..], &["/providerData".to_owned()]].concat();
        assert_eq!(read(r#"{"paymentId": 1, "amount": 0, "currency": "", "providerData": "{}"}"#), Err(all));
    }
}
