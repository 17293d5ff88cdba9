use super::schemas::{capture_example, pay_example, refund_example, status_example, void_example};
use super::subscriptions::{charge_example, subscribe_example, update_example};
use super::*;
use crate::api::problem::Problem;
use crate::api::v3::{
    body::Json, capture_asked, changes, charge_asked, lookup_in_body, pay_request, payment_to_void, refund_asked,
    subscription_asked,
};
use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

fn parsed() -> Value {
    serde_json::from_slice(&json()).unwrap()
}

/// Every operation of the document, with its method and path.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, item): (&String, &Value)| {
        let path = path.clone();
        let item = item.as_object().unwrap().clone();
        item.into_iter().map(move |(method, operation)| (method, path.clone(), operation))
    };
    paths.iter().flat_map(of_path).collect()
}

#[test]
fn the_document_shows_the_routes_and_no_others() {
    let document = parsed();
    assert_eq!(document["openapi"], "3.1.0");
    let shown: BTreeSet<_> = operations(&document).into_iter().map(|(method, path, _)| (method, path)).collect();
    let served = ROUTES.iter().filter(|route| !route.operation.is_page()).flat_map(|route| {
        let methods = match route.verb {
            Verb::Any => vec!["get", "post", "put", "patch", "delete"],
            Verb::Get => vec!["get"],
            Verb::Post => vec!["post"],
            Verb::Delete => vec!["delete"],
        };
        methods.into_iter().map(|method| (method.to_owned(), route.path.replace("{*", "{")))
    });
    assert_eq!(shown, served.collect());
}

#[test]
fn every_operation_has_an_id_of_its_own_and_names_its_path() {
    let document = parsed();
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{method} {path}");
        assert!(operation["summary"].is_string() && operation["tags"].is_array(), "{method} {path}");
        let parameters = operation["parameters"].as_array().unwrap().iter();
        let in_path = parameters.filter(|parameter| parameter["in"] == "path");
        let named: BTreeSet<_> = in_path.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect();
        let segments = path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
        assert_eq!(named, segments.map(str::to_owned).collect(), "{method} {path}");
    }
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_schema_is_used() {
    let document = parsed();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    let schemas = document["components"]["schemas"].as_object().unwrap().keys();
    assert_eq!(found, schemas.map(|name| format!("#/components/schemas/{name}")).collect());
}

/// Reads a body as a route does, and names what is wrong with it.
fn faults<T>(body: &Value, read: impl Fn(&Json) -> Result<T, Problem>) -> Vec<String> {
    let json = Json::parse(&HeaderMap::new(), Bytes::from(body.to_string())).unwrap();
    let faults = read(&json).err().map(|problem| problem.errors.clone()).unwrap_or_default();
    faults.into_iter().map(|fault| fault.pointer).collect()
}

/// The schema `name` says what `read` does: its example is taken, what it requires is missed, what it types is checked.
fn agrees<T>(name: &str, example: &Value, read: impl Fn(&Json) -> Result<T, Problem>) {
    let schema = &parsed()["components"]["schemas"][name];
    assert_eq!(schema["examples"][0], *example);
    assert_eq!(faults(example, &read), [""; 0], "{name}");
    agrees_within(schema, example, "", &read);
    let least = required(schema).map(|name| (name.to_owned(), example[name].clone()));
    let least: Map<_, _> = least.collect();
    if !least.is_empty() {
        assert_eq!(faults(&Value::Object(least), &read), [""; 0], "{name}");
    }
}

/// The same for the members of the object at `place` in the example, and of the objects among them.
fn agrees_within<T>(schema: &Value, example: &Value, place: &str, read: &impl Fn(&Json) -> Result<T, Problem>) {
    let with = |name: &str, value: Option<Value>| {
        let mut body = example.clone();
        let members = body.pointer_mut(place).unwrap().as_object_mut().unwrap();
        match value {
            Some(value) => members.insert(name.to_owned(), value),
            None => members.remove(name),
        };
        faults(&body, read)
    };
    for name in required(schema) {
        assert_eq!(with(name, None), [format!("{place}/{name}")]);
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let wrong = if has_type(property, "boolean") { Value::from("true") } else { Value::Bool(true) };
        assert_eq!(with(name, Some(wrong)), [format!("{place}/{name}")]);
        let may_be_null = !with(name, Some(Value::Null)).contains(&format!("{place}/{name}"));
        assert_eq!(may_be_null, has_type(property, "null"), "{place}/{name}");
        for (bound, past) in [("minimum", -1), ("maximum", 1)] {
            if let Some(bound) = property[bound].as_i64() {
                assert_eq!(with(name, Some(bound.into())), [""; 0], "{place}/{name}");
                assert_eq!(with(name, Some((bound + past).into())), [format!("{place}/{name}")]);
            }
        }
        for word in property["enum"].as_array().into_iter().flatten() {
            assert_eq!(with(name, Some(word.clone())), [""; 0], "{place}/{name}");
        }
        agrees_within(property, example, &format!("{place}/{name}"), read);
    }
}

/// Whether a schema allows values of this type.
fn has_type(schema: &Value, kind: &str) -> bool {
    schema["type"] == kind || schema["type"].as_array().is_some_and(|kinds| kinds.iter().any(|allowed| allowed == kind))
}

fn required(schema: &Value) -> impl Iterator<Item = &str> {
    schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

#[test]
fn every_currency_that_is_taken_is_listed() {
    let document = parsed();
    let listed = document["components"]["schemas"]["Currency"]["enum"].as_array().unwrap();
    for code in ["EUR", "JPY", "KWD", "CLF"] {
        assert!(listed.contains(&Value::from(code)), "{code}");
    }
    let mut body = pay_example();
    for code in listed.iter().chain([&Value::from("XXX")]) {
        body["currency"] = code.clone();
        let expected = if code == "XXX" { vec!["/currency"] } else { Vec::new() };
        assert_eq!(faults(&body, |body| pay_request(body, None)), expected, "{code}");
    }
}

#[test]
fn bodies_are_what_the_document_says() {
    agrees("PayRequest", &pay_example(), |body| pay_request(body, None));
    agrees("RefundRequest", &refund_example(), refund_asked);
    agrees("StatusRequest", &status_example(), lookup_in_body);
    agrees("CaptureRequest", &capture_example(), capture_asked);
    agrees("VoidRequest", &void_example(), payment_to_void);
    agrees("SubscribeRequest", &subscribe_example(), |body| subscription_asked(body, None));
    agrees("ChargeRequest", &charge_example(), |body| charge_asked(body, None));
    agrees("UpdateRequest", &update_example(), changes);
}

/// Every content of every request and answer of JSON: where it stands, its schema, its example.
fn contents(document: &Value) -> Vec<(String, Value, Value)> {
    let mut found = Vec::new();
    for (method, path, operation) in operations(document) {
        let answers = operation["responses"].as_object().unwrap().iter();
        let answers = answers.filter(|(status, _)| status.as_str() == "200").map(|(_, answer)| answer);
        for content in answers.chain(operation.get("requestBody")) {
            if let Some(content) = content["content"].get("application/json") {
                let (schema, example) = (content["schema"].clone(), content["example"].clone());
                found.push((format!("{method} {path}"), schema, example));
            }
        }
    }
    found
}

#[test]
fn every_operation_of_an_external_has_examples_that_fit_their_schema() {
    let document = parsed();
    for (place, schema, example) in contents(&document) {
        if !place.contains("{external}/") {
            continue;
        }
        assert!(!example.is_null(), "{place} has no example");
        if schema.get("$ref").is_some() {
            fits(&example, &schema, &document, &place);
        }
    }
}

/// As far as our schemas go: types, words, bounds, and what is required; and nothing that is not listed.
fn fits(value: &Value, schema: &Value, document: &Value, place: &str) {
    let referred = schema["$ref"].as_str().map(|name| document.pointer(name.trim_start_matches('#')).unwrap());
    let schema = referred.unwrap_or(schema);
    let kind = match value {
        Value::String(_) => "string",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::Object(_) => "object",
        _ => "other",
    };
    assert!(has_type(schema, kind), "{place}: {value}");
    if let Some(words) = schema["enum"].as_array() {
        assert!(words.contains(value), "{place}: {value}");
    }
    for name in required(schema) {
        assert!(value.get(name).is_some(), "{place} lacks {name}");
    }
    if let Some(properties) = schema["properties"].as_object() {
        for (name, member) in value.as_object().unwrap() {
            let property = properties.get(name).unwrap_or_else(|| panic!("{place} has no {name}"));
            fits(member, property, document, &format!("{place} {name}"));
        }
    }
}

#[test]
fn an_operation_that_is_recognised_when_sent_again_takes_a_key() {
    let document = parsed();
    let names = ["pay", "refund", "capture", "void", "schedule", "start", "pay-by-link"];
    for (method, path, operation) in operations(&document) {
        let last = path.rsplit('/').next().unwrap();
        let repeated = names.contains(&last) || path.contains("update/") || path.contains("expire/");
        let repeated = repeated || path.contains("/utility/") && method != "get";
        let parameters = operation["parameters"].as_array().unwrap();
        let takes = parameters.iter().any(|parameter| parameter["name"] == "Idempotency-Key");
        assert_eq!(takes, repeated, "{method} {path}");
    }
}
