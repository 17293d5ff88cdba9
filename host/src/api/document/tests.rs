use super::schemas::{pay_example, refund_example, status_example};
use super::*;
use crate::api::problem::Problem;
use crate::api::v3::{body::Json, lookup_in_body, pay_request, refund_asked};
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
    let served = ROUTES.iter().filter(|route| !route.operation.is_page());
    let served = served.flat_map(|route| {
        methods(route.verb).into_iter().map(|method| (format!("{method:?}").to_lowercase(), template(route.path)))
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
    for required in schema["required"].as_array().into_iter().flatten() {
        let required = required.as_str().unwrap();
        let mut body = example.clone();
        body.as_object_mut().unwrap().remove(required);
        assert_eq!(faults(&body, &read), [format!("/{required}")], "{name}");
    }
    for (property, _) in schema["properties"].as_object().unwrap() {
        let mut body = example.clone();
        body[property] = Value::Bool(true);
        assert_eq!(faults(&body, &read), [format!("/{property}")], "{name}");
    }
    let least = schema["required"].as_array().into_iter().flatten().map(|name| name.as_str().unwrap());
    let least: Map<_, _> = least.map(|name| (name.to_owned(), example[name].clone())).collect();
    if !least.is_empty() {
        assert_eq!(faults(&Value::Object(least), &read), [""; 0], "{name}");
    }
}

#[test]
fn bodies_are_what_the_document_says() {
    agrees("PayRequest", &pay_example(), |body| pay_request(body, None));
    agrees("RefundRequest", &refund_example(), refund_asked);
    agrees("StatusRequest", &status_example(), lookup_in_body);
}
