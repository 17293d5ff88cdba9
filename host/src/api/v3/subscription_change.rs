//! `POST /v3/{external}/subscription/update/{subscriptionToken}`, and `DELETE` or `POST …/expire/{subscriptionToken}`.

use super::super::Api;
use super::super::problem::Problem;
use super::super::respond::respond;
use super::body::Json;
use super::fields::{self, Fields};
use super::operation::{answer, asked, asked_by_path};
use super::place::Place;
use super::subscription::SUBSCRIPTION_INFO;
use crate::model::Changes;
use axum::extract::{Request, State};
use axum::response::Response;

/// Changes a subscription.
pub(in crate::api) async fn update(
    State(api): State<Api>,
    place: Place,
    request: Request,
) -> Result<Response, Problem> {
    let token = place.subscription_token().map_err(|problem| place.refuse(&api, problem))?;
    let asked = asked(&api, request, changes).await;
    let (caller, changes) = asked.map_err(|problem| place.refuse(&api, problem))?;
    Ok(answer(api.operations.update(&place.external, caller, token, changes, respond).await))
}

/// Ends a subscription. All is said by the path: PGM sends no body, and what stands in one changes nothing.
pub(in crate::api) async fn expire(
    State(api): State<Api>,
    place: Place,
    request: Request,
) -> Result<Response, Problem> {
    let token = place.subscription_token().map_err(|problem| place.refuse(&api, problem))?;
    let caller = asked_by_path(&api, request).map_err(|problem| place.refuse(&api, problem))?;
    Ok(answer(api.operations.expire(&place.external, caller, token, respond).await))
}

/// What a body asks to change, or everything that is wrong with it. A body may ask for nothing but what its
/// `providerData` says to the plugin.
pub(in crate::api) fn changes(body: &Json) -> Result<Changes, Problem> {
    let mut fields = Fields::of(&body.value)?;
    let amount = fields.optional_amount();
    let shop_transaction_id = fields.optional("shopTransactionId", fields::id);
    fields.optional(SUBSCRIPTION_INFO, fields::object);
    let plan = |info: &mut Fields<'_>| Changes {
        interval: info.optional("interval", fields::interval),
        interval_count: info.optional("intervalCount", fields::count),
        expires_after: info.optional("expiresAfter", fields::count),
        ..Changes::default()
    };
    let plan = fields.within(SUBSCRIPTION_INFO, plan).unwrap_or_default();
    let provider_data = fields.optional("providerData", fields::object);
    let provider_data = provider_data.and_then(|()| body.text_of("providerData"));
    fields.finish(Some(Changes { amount, shop_transaction_id, provider_data, ..plan }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Amount, Interval};
    use bytes::Bytes;
    use http::HeaderMap;

    fn read(body: &'static str) -> Result<Changes, Vec<String>> {
        let json = Json::parse(&HeaderMap::new(), Bytes::from_static(body.as_bytes())).unwrap();
        changes(&json).map_err(|problem| problem.errors.iter().map(|error| error.pointer.clone()).collect())
    }

    #[test]
    fn a_whole_body_changes_everything() {
        let all = Changes {
            amount: Some(Amount { minor: 200, currency: "EUR".into() }),
            interval: Some(Interval::Day),
            interval_count: Some(1),
            expires_after: Some(3),
            shop_transaction_id: Some("s-1".into()),
            provider_data: Some("{}".into()),
        };
        let body = r#"{"amount": 200, "currency": "EUR", "shopTransactionId": "s-1", "providerData": {},
            "subscriptionInfo": {"interval": "DAY", "intervalCount": 1, "expiresAfter": 3}}"#;
        assert_eq!(read(body), Ok(all));
    }

    #[test]
    fn every_field_is_optional() {
        for nothing in ["{}", r#"{"subscriptionInfo": {}}"#, r#"{"shopTransactionId": null, "subscriptionInfo": null}"#]
        {
            assert_eq!(read(nothing), Ok(Changes::default()), "{nothing}");
        }
        let longer = Changes { expires_after: Some(24), ..Changes::default() };
        assert_eq!(read(r#"{"subscriptionInfo": {"expiresAfter": 24}}"#), Ok(longer));
    }

    #[test]
    fn null_is_no_amount() {
        let faults = Err(vec!["/amount".to_owned(), "/currency".to_owned()]);
        assert_eq!(read(r#"{"amount": null, "currency": null}"#), faults);
    }

    #[test]
    fn every_field_that_is_wrong_is_named_at_once() {
        let faults = |pointers: &[&str]| Err(pointers.iter().map(|&pointer| pointer.to_owned()).collect());
        assert_eq!(read(r#"{"amount": 200}"#), faults(&["/currency"]));
        assert_eq!(read(r#"{"amount": 0, "currency": "EUR"}"#), faults(&["/amount"]));
        let wrong =
            r#"{"shopTransactionId": 1, "providerData": 1, "subscriptionInfo": {"interval": 1, "intervalCount": 0}}"#;
        let named = ["/shopTransactionId", "/subscriptionInfo/interval", "/subscriptionInfo/intervalCount"];
        assert_eq!(read(wrong), faults(&[&named[..], &["/providerData"]].concat()));
        assert_eq!(read(r#"{"subscriptionInfo": 1}"#), faults(&["/subscriptionInfo"]));
    }
}
