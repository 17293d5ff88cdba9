//! `POST /v3/{external}[/{paymentMethod}]/subscription/schedule`, `…/start` and `…/pay`: the bodies are that of pay, and
//! `subscriptionInfo`.

use super::super::Api;
use super::super::problem::Problem;
use super::super::respond::respond;
use super::body::Json;
use super::fields::{self, Fields};
use super::operation::{answer, asked};
use super::pay::payment;
use super::place::Place;
use crate::model::{PayRequest, Plan};
use axum::extract::{Request, State};
use axum::response::Response;

/// The member that says of which subscription it is, or when that bills.
pub(super) const SUBSCRIPTION_INFO: &str = "subscriptionInfo";

/// Begins a subscription that the provider charges.
pub(in crate::api) async fn schedule(
    State(api): State<Api>,
    place: Place,
    request: Request,
) -> Result<Response, Problem> {
    let asked = asked(&api, request, |body| subscription(body, place.payment_method.as_deref())).await;
    let (caller, (pay, plan)) = asked.map_err(|problem| place.refuse(&api, problem))?;
    Ok(answer(api.operations.schedule(&place.external, caller, pay, plan, respond).await))
}

/// Begins a subscription that the caller charges.
pub(in crate::api) async fn start(State(api): State<Api>, place: Place, request: Request) -> Result<Response, Problem> {
    let asked = asked(&api, request, |body| subscription(body, place.payment_method.as_deref())).await;
    let (caller, (pay, plan)) = asked.map_err(|problem| place.refuse(&api, problem))?;
    Ok(answer(api.operations.start(&place.external, caller, pay, plan, respond).await))
}

/// Charges a subscription once.
pub(in crate::api) async fn charge(
    State(api): State<Api>,
    place: Place,
    request: Request,
) -> Result<Response, Problem> {
    let asked = asked(&api, request, |body| charge_asked(body, place.payment_method.as_deref())).await;
    let (caller, (token, pay)) = asked.map_err(|problem| place.refuse(&api, problem))?;
    Ok(answer(api.operations.charge(&place.external, caller, token, pay, respond).await))
}

/// The subscription that a body asks to begin, or everything that is wrong with it.
pub(in crate::api) fn subscription(body: &Json, method_in_path: Option<&str>) -> Result<(PayRequest, Plan), Problem> {
    let mut fields = Fields::of(&body.value)?;
    let amount = fields.amount(fields::minor_units_or_none);
    let pay = payment(&mut fields, body, amount, method_in_path);
    fields.required(SUBSCRIPTION_INFO, fields::object);
    let plan = fields.within(SUBSCRIPTION_INFO, plan).flatten();
    fields.finish(pay.zip(plan))
}

/// The charge that a body asks for: of which subscription, and how much.
pub(in crate::api) fn charge_asked(body: &Json, method_in_path: Option<&str>) -> Result<(String, PayRequest), Problem> {
    let mut fields = Fields::of(&body.value)?;
    let amount = fields.amount(fields::minor_units);
    let pay = payment(&mut fields, body, amount, method_in_path);
    fields.required(SUBSCRIPTION_INFO, fields::object);
    let token = fields.within(SUBSCRIPTION_INFO, |info| info.required("token", fields::id)).flatten();
    fields.finish(token.zip(pay))
}

fn plan(info: &mut Fields<'_>) -> Option<Plan> {
    let interval = info.required("interval", fields::interval);
    let interval_count = info.required("intervalCount", fields::count);
    let expires_after = info.optional("expiresAfter", fields::count);
    Some(Plan { interval: interval?, interval_count: interval_count?, expires_after })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Amount, Interval};
    use bytes::Bytes;
    use http::HeaderMap;
    use serde_json::{Value, json};

    fn parsed(body: &Value) -> Json {
        Json::parse(&HeaderMap::new(), Bytes::from(body.to_string())).unwrap()
    }

    fn pointers<T>(read: Result<T, Problem>) -> Vec<String> {
        let faults = read.err().map(|problem| problem.errors.clone()).unwrap_or_default();
        faults.into_iter().map(|fault| fault.pointer).collect()
    }

    fn with_info(info: Value) -> Value {
        json!({"amount": 200, "currency": "EUR", "shopTransactionId": "s-1", "subscriptionInfo": info})
    }

    #[test]
    fn a_whole_body_begins_a_subscription() {
        let mut body = with_info(json!({"interval": "WEEK", "intervalCount": 2, "expiresAfter": 12, "token": 1}));
        body["providerData"] = json!({});
        let (pay, plan) = subscription(&parsed(&body), Some("card")).unwrap();
        assert_eq!(pay.amount, Amount { minor: 200, currency: "EUR".into() });
        assert_eq!((pay.payment_method.as_deref(), pay.provider_data.as_deref()), (Some("card"), Some("{}")));
        assert_eq!(plan, Plan { interval: Interval::Week, interval_count: 2, expires_after: Some(12) });
    }

    #[test]
    fn a_subscription_may_begin_free_of_charge_and_have_no_end() {
        let mut body = with_info(json!({"interval": "YEAR", "intervalCount": 1, "expiresAfter": null}));
        body["amount"] = json!(0);
        let (pay, plan) = subscription(&parsed(&body), None).unwrap();
        assert_eq!((pay.amount.minor, plan.expires_after), (0, None));
    }

    #[test]
    fn a_charge_names_its_subscription_and_costs_something() {
        let mut body = with_info(json!({"token": "sub_1", "interval": "ODD"}));
        let (token, pay) = charge_asked(&parsed(&body), None).unwrap();
        assert_eq!((token.as_str(), pay.amount.minor), ("sub_1", 200));
        body["amount"] = json!(0);
        assert_eq!(pointers(charge_asked(&parsed(&body), None)), ["/amount"]);
    }

    #[test]
    fn every_field_that_is_wrong_is_named_at_once() {
        let all = ["/amount", "/currency", "/shopTransactionId", "/subscriptionInfo"];
        assert_eq!(pointers(subscription(&parsed(&json!({})), None)), all);
        assert_eq!(pointers(charge_asked(&parsed(&json!({})), None)), all);
        for info in [json!([]), json!("DAY"), json!(null)] {
            assert_eq!(pointers(subscription(&parsed(&with_info(info)), None)), ["/subscriptionInfo"]);
        }
        let plan = ["/subscriptionInfo/interval", "/subscriptionInfo/intervalCount"];
        assert_eq!(pointers(subscription(&parsed(&with_info(json!({}))), None)), plan);
        let wrong = with_info(json!({"interval": "day", "intervalCount": 0, "expiresAfter": 1.0}));
        let faults = [&plan[..], &["/subscriptionInfo/expiresAfter"]].concat();
        assert_eq!(pointers(subscription(&parsed(&wrong), None)), faults);
        assert_eq!(pointers(charge_asked(&parsed(&wrong), None)), ["/subscriptionInfo/token"]);
        assert_eq!(pointers(subscription(&parsed(&with_info(json!({}))), Some("a b")))[0], "/paymentMethod");
    }
}
