//! `POST /v3/{external}/pay` and `POST /v3/{external}/{paymentMethod}/pay`.

use super::super::Api;
use super::super::problem::Problem;
use super::super::respond::respond;
use super::body::Json;
use super::fields::{self, Fields};
use super::operation::{answer, asked};
use super::place::Place;
use crate::model::{Amount, PayRequest};
use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::Value;

/// Takes money.
pub(in crate::api) async fn pay(State(api): State<Api>, place: Place, request: Request) -> Result<Response, Problem> {
    let asked = asked(&api, request, |body| pay_request(body, place.payment_method.as_deref())).await;
    let (caller, pay) = asked.map_err(|problem| place.refuse(&api, problem))?;
    Ok(answer(api.operations.pay(&place.external, caller, pay, respond).await))
}

/// The payment that a body asks for, or everything that is wrong with it.
pub(in crate::api) fn pay_request(body: &Json, method_in_path: Option<&str>) -> Result<PayRequest, Problem> {
    let mut fields = Fields::of(&body.value)?;
    let amount = fields.amount(fields::minor_units);
    let made = payment(&mut fields, body, amount, method_in_path);
    fields.finish(made)
}

/// A payment of this amount, of the members that every body has which asks for one.
pub(super) fn payment(
    fields: &mut Fields<'_>,
    body: &Json,
    amount: Option<Amount>,
    method_in_path: Option<&str>,
) -> Option<PayRequest> {
    let shop_transaction_id = fields.required("shopTransactionId", fields::id);
    let success_redirect_url = fields.optional("successRedirectUrl", fields::redirect_url);
    let failure_redirect_url = fields.optional("failureRedirectUrl", fields::redirect_url);
    let payment_method = payment_method(fields, method_in_path);
    let provider_data = fields.optional("providerData", fields::object);
    Some(PayRequest {
        amount: amount?,
        shop_transaction_id: shop_transaction_id?,
        payment_method,
        success_redirect_url,
        failure_redirect_url,
        provider_data: provider_data.and_then(|()| body.text_of("providerData")),
    })
}

/// The payment method may stand in the path or in the body; in both only where they agree.
fn payment_method(fields: &mut Fields<'_>, in_path: Option<&str>) -> Option<String> {
    let in_body = fields.optional("paymentMethod", fields::payment_method);
    let Some(in_path) = in_path else {
        return in_body;
    };
    match (fields::payment_method(&Value::from(in_path)), &in_body) {
        (Err(reason), _) => fields.fault("paymentMethod", format!("in the path: {reason}")),
        (Ok(path), Some(body)) if path != *body => fields.fault("paymentMethod", "differs from the one in the path"),
        (Ok(path), _) => return Some(path),
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http::HeaderMap;
    use serde_json::json;

    fn read(body: &str, method: Option<&str>) -> Result<PayRequest, Vec<(String, String)>> {
        let json = Json::parse(&HeaderMap::new(), Bytes::from(body.to_owned())).unwrap();
        pay_request(&json, method).map_err(|problem| {
            assert_eq!(problem.code, "invalid");
            problem.errors.iter().map(|error| (error.pointer.clone(), error.reason.clone())).collect()
        })
    }

    fn pointers(body: &Value, method: Option<&str>) -> Vec<String> {
        let faults = read(&body.to_string(), method).unwrap_err();
        faults.into_iter().map(|(pointer, _)| pointer).collect()
    }

    #[test]
    fn a_whole_body_becomes_a_payment() {
        let body = r#"{"amount": 500, "currency": "EUR", "shopTransactionId": "s-1", "paymentMethod": "card",
            "successRedirectUrl": "https://shop.example/ok", "failureRedirectUrl": "shop-app://ko",
            "providerData": {"exact": 1.10, "list": [1]}, "unknownField": true}"#;
        let expected = PayRequest {
            amount: Amount { minor: 500, currency: "EUR".into() },
            shop_transaction_id: "s-1".into(),
            payment_method: Some("card".into()),
            success_redirect_url: Some("https://shop.example/ok".into()),
            failure_redirect_url: Some("shop-app://ko".into()),
            provider_data: Some(r#"{"exact": 1.10, "list": [1]}"#.into()),
        };
        assert_eq!(read(body, None), Ok(expected.clone()));
        assert_eq!(read(body, Some("card")), Ok(expected));
    }

    #[test]
    fn what_is_optional_may_be_missing_or_null() {
        let least = json!({"amount": 1, "currency": "JPY", "shopTransactionId": "s-1"});
        let nulls = json!({"amount": 1, "currency": "JPY", "shopTransactionId": "s-1", "successRedirectUrl": null,
            "failureRedirectUrl": null, "paymentMethod": null, "providerData": null});
        let pay = read(&least.to_string(), Some("apple-pay")).unwrap();
        assert_eq!(pay.payment_method.as_deref(), Some("apple-pay"));
        assert_eq!(pay.provider_data, None);
        assert_eq!(read(&nulls.to_string(), Some("apple-pay")), Ok(pay));
    }

    #[test]
    fn every_field_that_is_wrong_is_named_at_once() {
        let all = ["/amount", "/currency", "/shopTransactionId"];
        assert_eq!(pointers(&json!({}), None), all);
        assert_eq!(pointers(&json!({"amount": null, "currency": null, "shopTransactionId": null}), None), all);
        let wrong = json!({"amount": 5.0, "currency": "eur", "shopTransactionId": "", "successRedirectUrl": "/ok",
            "failureRedirectUrl": 1, "paymentMethod": "a b", "providerData": []});
        let named = ["/successRedirectUrl", "/failureRedirectUrl", "/paymentMethod", "/providerData"];
        assert_eq!(pointers(&wrong, None), [&all[..], &named[..]].concat());
        for body in [json!([]), json!("x"), json!(1), json!(null)] {
            assert_eq!(pointers(&body, None), [""]);
        }
    }

    #[test]
    fn a_missing_field_is_told_from_a_wrong_one() {
        let faults = read(r#"{"amount": "500", "shopTransactionId": "s"}"#, None).unwrap_err();
        assert!(faults[0].1.starts_with("must be an integer from 1"));
        assert_eq!(faults[1], ("/currency".to_owned(), "is required".to_owned()));
    }

    #[test]
    fn path_and_body_must_agree_about_the_payment_method() {
        let mut body = json!({"amount": 1, "currency": "EUR", "shopTransactionId": "s", "paymentMethod": "card"});
        assert_eq!(pointers(&body, Some("paypal")), ["/paymentMethod"]);
        body["paymentMethod"] = Value::Null;
        assert_eq!(pointers(&body, Some("pay pal")), ["/paymentMethod"]);
    }
}
