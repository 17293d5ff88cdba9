//! What the document says of a request is what the code that reads it says.

use super::super::{examples, schemas};
use super::*;
use crate::api::idempotency;
use crate::api::problem::Problem;
use crate::api::v3::{
    body::Json, capture_asked, changes, charge_asked, is_id, is_utility_name, lookup_in_body, lookup_in_query,
    pay_request, payment_to_void, refund_asked, subscription_asked,
};
use crate::model::is_external_name;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use serde_json::json;

/// The faults that a route finds in a body.
fn faults<T>(body: &Value, read: impl Fn(&Json) -> Result<T, Problem>) -> Vec<String> {
    let json = Json::parse(&HeaderMap::new(), Bytes::from(body.to_string())).unwrap();
    let faults = read(&json).err().map(|problem| problem.errors.clone()).unwrap_or_default();
    faults.into_iter().map(|fault| fault.pointer).collect()
}

/// Values that are right in some places and wrong in others.
fn values() -> Vec<Value> {
    let long = |length| Value::from("x".repeat(length));
    let url = |length: usize| Value::from(format!("https://shop.example/{}", "x".repeat(length - 21)));
    let large = [9_007_199_254_740_991_u64, 9_007_199_254_740_992];
    let plain = json!([null, true, false, 0, 1, -1, 500, 10_000, 10_001, 0.5, large[0], large[1], {}, [], {"a": [1]}]);
    let infos =
        json!([{"token": "x"}, {"interval": "DAY", "intervalCount": 1}, {"interval": null}, {"interval": "HOUR"}]);
    let texts = json!([
        "",
        "x",
        "500",
        "EUR",
        "eur",
        "ZZZ",
        "KWD",
        "WEEK",
        "week",
        "card",
        "a b",
        "a/b",
        "a\nb",
        "a\u{7f}b",
        "a\u{85}b",
        "ключ",
        "https://shop.example/ok?x=1#y",
        "shop-app://paid/1",
        "/ok",
        "shop.example/ok",
        "javascript:alert(1)",
    ]);
    let lists = [plain, infos, texts].into_iter().flat_map(|list| list.as_array().unwrap().clone());
    lists.chain([long(64), long(65), long(255), long(256), url(2048), url(2049)]).collect()
}

/// The places of all members that a schema lists, and of those within them.
fn members(schema: &Value, place: &str) -> BTreeSet<String> {
    let listed = schema["properties"].as_object().into_iter().flatten();
    let listed = listed.flat_map(|(name, member)| {
        let place = format!("{place}/{name}");
        let within = members(member, &place);
        within.into_iter().chain([place])
    });
    let variants = schema["oneOf"].as_array().into_iter().flatten();
    listed.chain(variants.flat_map(|variant| members(variant, place))).collect()
}

/// The body with another value at a place, or with none.
fn with(body: &Value, place: &str, value: Option<Value>) -> Value {
    let (above, name) = place.rsplit_once('/').unwrap();
    let mut body = body.clone();
    let members = body.pointer_mut(above).unwrap().as_object_mut().unwrap();
    match value {
        Some(value) => members.insert(name.to_owned(), value),
        None => members.remove(name),
    };
    body
}

/// The members that a schema requires, of an example, and no others.
fn least(schema: &Value, example: &Value) -> Value {
    let Some(names) = schema["required"].as_array() else { return json!({}) };
    let names = names.iter().map(|name| name.as_str().unwrap());
    names.map(|name| (name.to_owned(), least_of(&schema["properties"][name], &example[name]))).collect()
}

fn least_of(schema: &Value, example: &Value) -> Value {
    if schema["properties"].is_object() { least(schema, example) } else { example.clone() }
}

/// The schema `name` and `read` say the same of the example, of the least of it, and of all that it may become by another
/// value, or none, for one member.
fn agree<T>(name: &str, example: &Value, read: impl Fn(&Json) -> Result<T, Problem>) {
    let document = parsed();
    let schema = &document["components"]["schemas"][name];
    let judge = Judge::of(&document, &format!("/components/schemas/{name}"));
    let agree = |body: &Value| {
        let (judged, faults) = (judge.says(body), faults(body, &read));
        assert_eq!(judged.is_ok(), faults.is_empty(), "{name} {body}: {judged:?}, {faults:?}");
        faults
    };
    assert_eq!(agree(example), [""; 0], "{name}");
    agree(&least(schema, example));
    for place in members(schema, "").into_iter().chain(["/other".to_owned()]) {
        for value in values() {
            let faults = agree(&with(example, &place, Some(value.clone())));
            // Of names that must not stand beside one another, the later one is named.
            let is_named = |fault: &String| fault.starts_with(&place) || schema["oneOf"].is_array();
            assert!(faults.iter().all(is_named), "{name} {place} {value}: {faults:?}");
        }
        agree(&with(example, &place, None));
    }
    values().iter().filter(|body| !body.is_object()).for_each(|body| drop(agree(body)));
}

#[test]
fn bodies_are_what_the_document_says() {
    agree("PayRequest", &examples::pay(), |body| pay_request(body, None));
    agree("PayByMethodRequest", &examples::pay(), |body| pay_request(body, Some("card")));
    agree("RefundRequest", &examples::refund(), refund_asked);
    agree("CaptureRequest", &examples::capture(), capture_asked);
    agree("VoidRequest", &examples::void(), payment_to_void);
    for name in ["paymentId", "shopTransactionId", "refundId"] {
        agree("StatusRequest", &json!({ name: "x-1" }), lookup_in_body);
    }
}

#[test]
fn bodies_about_subscriptions_are_what_the_document_says() {
    agree("SubscribeRequest", &examples::subscribe(), |body| subscription_asked(body, None));
    agree("SubscribeByMethodRequest", &examples::subscribe(), |body| subscription_asked(body, Some("card")));
    agree("ChargeRequest", &examples::charge(), |body| charge_asked(body, None));
    agree("ChargeByMethodRequest", &examples::charge(), |body| charge_asked(body, Some("card")));
    agree("UpdateRequest", &examples::update(), changes);
}

#[test]
fn what_the_document_requires_is_enough() {
    let document = parsed();
    let least = |name: &str, example: Value| least(&document["components"]["schemas"][name], &example);
    let read = [
        faults(&least("PayRequest", examples::pay()), |body| pay_request(body, None)),
        faults(&least("RefundRequest", examples::refund()), refund_asked),
        faults(&least("CaptureRequest", examples::capture()), capture_asked),
        faults(&least("VoidRequest", examples::void()), payment_to_void),
        faults(&least("SubscribeRequest", examples::subscribe()), |body| subscription_asked(body, None)),
        faults(&least("ChargeRequest", examples::charge()), |body| charge_asked(body, None)),
        faults(&least("UpdateRequest", examples::update()), changes),
    ];
    assert_eq!(read.concat(), [""; 0]);
}

#[test]
fn every_currency_that_is_taken_is_listed() {
    let document = parsed();
    let listed = document["components"]["schemas"]["Currency"]["enum"].as_array().unwrap();
    for code in ["EUR", "JPY", "KWD", "CLF"] {
        assert!(listed.contains(&Value::from(code)), "{code}");
    }
    for code in listed {
        let body = with(&examples::pay(), "/currency", Some(code.clone()));
        assert_eq!(faults(&body, |body| pay_request(body, None)), [""; 0], "{code}");
    }
}

/// To JSON Schema 5.0 is an integer like 5, and no schema can say otherwise: the description does.
#[test]
fn an_amount_with_a_fraction_is_refused_although_no_schema_can_say_so() {
    for amount in ["5.0", "185793.0", "5e2"] {
        let body = format!(r#"{{"paymentId": "1", "currency": "EUR", "amount": {amount}}}"#);
        let json = Json::parse(&HeaderMap::new(), Bytes::from(body)).unwrap();
        assert!(refund_asked(&json).is_err(), "{amount}");
    }
}

#[test]
fn a_query_is_what_the_document_says() {
    let document = parsed();
    let parameters = &document["paths"]["/v3/{external}/status"]["get"]["parameters"];
    assert_eq!(parameters[1]["name"], "lookup");
    let judge = Judge::of(&document, "/paths/~1v3~1{external}~1status/get/parameters/1/schema");
    let values = [None, Some(""), Some("x"), Some("a b"), Some("a\nb")];
    let pairs = values.into_iter().flat_map(|one| values.map(|two| (one, two)));
    for (one, two, three) in pairs.flat_map(|(one, two)| values.map(|three| (one, two, three))) {
        let given = [("paymentId", one), ("shopTransactionId", two), ("refundId", three), ("other", Some("x"))];
        let given = given.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let object: Value = given.clone().map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(given).finish();
        let read = lookup_in_query(Some(&query));
        assert_eq!(judge.says(&object).is_ok(), read.is_ok(), "{query}");
    }
}

fn judge(schema: utoipa::openapi::Object) -> Judge {
    Judge::of(&serde_json::to_value(schema).unwrap(), "")
}

#[test]
fn a_key_is_what_the_document_says() {
    let key = judge(schemas::idempotency_key());
    let (long, longer) = ("k".repeat(255), "k".repeat(256));
    let quoted = [format!("\"{long}\""), format!("\"{longer}\"")];
    let keys = [
        "abc",
        "\"abc\"",
        r#""a\"b\\c""#,
        r#"a"b"#,
        &long,
        &longer,
        &quoted[0],
        &quoted[1],
        "",
        "\"",
        "\"\"",
        "\"abc",
        "abc def",
        "\"abc def\"",
        "\"abc\";p=1",
        "\"abc\"x",
        r#""a\bc""#,
        "!",
        "~",
        "a\\",
    ];
    for value in keys {
        let headers = HeaderMap::from_iter([(
            http::HeaderName::from_static(idempotency::IDEMPOTENCY_KEY),
            HeaderValue::from_str(value).unwrap(),
        )]);
        assert_eq!(key.says(&value.into()).is_ok(), idempotency::key(&headers, false).is_ok(), "{value}");
    }
}

#[test]
fn what_stands_in_a_path_is_what_the_document_says() {
    let (external, token, utility) = (judge(schemas::external()), judge(schemas::token()), judge(schemas::utility()));
    let long = |length| "k".repeat(length);
    let values = ["a", "0", "a-b", "-a", "A", "a_b", "", "a/b", "a\n", "ü 1", "a\u{85}"].map(str::to_owned);
    let names =
        ["tokens", "a..b", ".well-known/x", "a//b", ".", "..", "../a", "a/..", "a/./b", "..."].map(str::to_owned);
    for value in values.into_iter().chain(names).chain([63, 64, 255, 256].map(long)) {
        assert_eq!(external.says(&value.clone().into()).is_ok(), is_external_name(&value), "{value}");
        assert_eq!(token.says(&value.clone().into()).is_ok(), is_id(&value), "{value}");
        assert_eq!(utility.says(&value.clone().into()).is_ok(), is_utility_name(&value), "{value}");
    }
}
