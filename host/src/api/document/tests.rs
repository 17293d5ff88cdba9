mod agreement;
mod examples;

use super::*;
use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;
use std::collections::BTreeSet;

fn parsed() -> Value {
    serde_json::from_slice(&json(Shown { locked: false, callbacks: true })).unwrap()
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

/// What JSON Schema says of values, by the schema at a pointer into the document; formats count.
struct Judge {
    schemas: Schemas,
    schema: SchemaIndex,
}

impl Judge {
    fn of(document: &Value, schema: &str) -> Self {
        let mut compiler = Compiler::new();
        compiler.enable_format_assertions();
        compiler.add_resource("https://provost.test/document", document.clone()).unwrap();
        let fragment = schema.replace('{', "%7B").replace('}', "%7D");
        let mut schemas = Schemas::new();
        let schema = compiler.compile(&format!("https://provost.test/document#{fragment}"), &mut schemas).unwrap();
        Self { schemas, schema }
    }

    fn says(&self, value: &Value) -> Result<(), String> {
        self.schemas.validate(value, self.schema).map_err(|error| error.to_string())
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
    let named = |kind: &str| -> BTreeSet<String> {
        let names = document["components"][kind].as_object().unwrap().keys();
        names.map(|name| format!("#/components/{kind}/{name}")).collect()
    };
    let (schemas, responses) = (named("schemas"), named("responses"));
    assert_eq!(found.difference(&responses).cloned().collect::<BTreeSet<_>>(), schemas);
    // 405 is the answer of no operation.
    let unused: Vec<_> = responses.difference(&found).collect();
    assert_eq!(unused, ["#/components/responses/Problem405"]);
}

#[test]
fn every_operation_lists_what_may_go_wrong_with_any_request_and_with_any_body() {
    for (method, path, operation) in operations(&parsed()) {
        let listed = |status: &u16| operation["responses"][status.to_string()].is_object();
        assert!([414, 431, 500].iter().all(listed), "{method} {path}");
        if operation["requestBody"].is_object() {
            assert!([400, 408, 413, 415, 422].iter().all(listed), "{method} {path}");
        }
        if path.contains("{external}") {
            assert!(listed(&404), "{method} {path}");
        }
    }
}

#[test]
fn an_operation_that_is_recognised_when_sent_again_takes_a_key() {
    let names = ["pay", "refund", "capture", "void", "schedule", "start", "pay-by-link"];
    for (method, path, operation) in operations(&parsed()) {
        let last = path.rsplit('/').next().unwrap();
        let repeated = names.contains(&last) || path.contains("update/") || path.contains("expire/");
        let repeated = repeated || path.contains("/utility/") && method != "get";
        let parameters = operation["parameters"].as_array().unwrap();
        let takes = parameters.iter().any(|parameter| parameter["name"] == "Idempotency-Key");
        assert_eq!(takes, repeated, "{method} {path}");
        let answer = &operation["responses"]["200"]["headers"];
        assert!(!takes || answer["Idempotent-Replayed"].is_object(), "{method} {path}");
    }
}
