//! What the document says of a request is what the code that reads it says.

use super::super::{examples, schemas};
use super::*;
use crate::api::idempotency;
use crate::api::problem::Problem;
use crate::api::v3::{body::Json, lookup_in_body, lookup_in_query, pay_request, refund_asked};
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
    let plain = json!([null, true, 0, 1, -1, 500, 0.5, 9_007_199_254_740_991_u64, 9_007_199_254_740_992_u64, {}, [], {"a": [1]}]);
    let texts = json!([
        "",
        "x",
        "500",
        "EUR",
        "eur",
        "ZZZ",
        "KWD",
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
    let lists = [plain, texts].into_iter().flat_map(|list| list.as_array().unwrap().clone());
    lists.chain([long(64), long(65), long(255), long(256), url(2048), url(2049)]).collect()
}

/// The schema `name` and `read` say the same of the example and of all that it may become by another value, or none, for
/// one member.
fn agree<T>(name: &str, example: &Value, members: &[&str], read: impl Fn(&Json) -> Result<T, Problem>) {
    let judge = Judge::of(&parsed(), &format!("/components/schemas/{name}"));
    let agree = |body: &Value| {
        let (judged, faults) = (judge.says(body), faults(body, &read));
        assert_eq!(judged.is_ok(), faults.is_empty(), "{name} {body}: {judged:?}, {faults:?}");
    };
    agree(example);
    for member in members {
        for value in values() {
            let mut body = example.clone();
            body[*member] = value;
            agree(&body);
        }
        let mut body = example.clone();
        body.as_object_mut().unwrap().remove(*member);
        agree(&body);
    }
    values().iter().filter(|body| !body.is_object()).for_each(agree);
}

#[test]
fn bodies_are_what_the_document_says() {
    let pay = ["amount", "currency", "shopTransactionId", "successRedirectUrl", "failureRedirectUrl", "providerData"];
    agree("PayRequest", &examples::pay(), &[&pay[..], &["paymentMethod", "other"]].concat(), |body| {
        pay_request(body, None)
    });
    agree("PayByMethodRequest", &examples::pay(), &pay, |body| pay_request(body, Some("card")));
    agree("RefundRequest", &examples::refund(), &["paymentId", "amount", "currency", "providerData"], refund_asked);
    for name in ["paymentId", "shopTransactionId", "refundId"] {
        let example = json!({ name: "x-1" });
        agree("StatusRequest", &example, &["paymentId", "shopTransactionId", "refundId", "other"], lookup_in_body);
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

#[test]
fn headers_and_names_are_what_the_document_says() {
    let judge = |schema: utoipa::openapi::Object| Judge::of(&serde_json::to_value(schema).unwrap(), "");
    let (key, name) = (judge(schemas::idempotency_key()), judge(schemas::external()));
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
    for value in ["a", "0", "a-b", "-a", "A", "a_b", "", "a/b", "a\n", &long[..63], &long[..64]] {
        assert_eq!(name.says(&value.into()).is_ok(), is_external_name(value), "{value}");
    }
}
