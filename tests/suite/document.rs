//! The document, held against the host that serves it: each operation takes its own example, and whatever it answers is
//! listed for it. Whoever adds a route adds nothing here.

use crate::harness::{Host, Reply, Setup, payment_with, send};
use boon::{Compiler, Schemas};
use reqwest::Method;
use serde_json::{Value, json};

/// Ids of the examples, and what they are on this host: whatever an answer has in the place of its example.
#[derive(Default)]
struct Ids(Vec<(String, String)>);

impl Ids {
    fn learn(&mut self, example: &Value, answer: &Value) {
        for name in ["paymentId", "refundId", "subscriptionToken"] {
            if let (Some(example), Some(real)) = (example[name].as_str(), answer[name].as_str()) {
                self.0.push((example.to_owned(), real.to_owned()));
            }
        }
    }

    fn real(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (example, real)| text.replace(example, real))
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

fn verb(method: &str) -> Method {
    Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method")
}

/// The request that the examples of an operation make, with ids that this host knows.
async fn tried(host: &Host, path: &str, method: &str, operation: &Value, ids: &Ids) -> Reply {
    let (mut path, mut query) = (path.to_owned(), url::form_urlencoded::Serializer::new(String::new()));
    for parameter in operation["parameters"].as_array().expect("parameters are a list") {
        match (&parameter["example"], parameter["in"].as_str()) {
            (Value::String(value), Some("path")) => {
                path = path.replace(&format!("{{{}}}", text(&parameter["name"])), &ids.real(value));
            }
            (Value::Object(values), Some("query")) => {
                query.extend_pairs(values.iter().map(|(name, value)| (name, ids.real(text(value)))));
            }
            _ => {}
        }
    }
    let request = host.request(verb(method), &format!("{path}?{}", query.finish()));
    let example = &operation["requestBody"]["content"]["application/json"]["example"];
    if example.is_null() {
        return send(request).await;
    }
    let mut body: Value = serde_json::from_str(&ids.real(&example.to_string())).expect("ids are plain text");
    if body["currency"].is_string() && body["shopTransactionId"].is_string() {
        // Each payment is one of its own.
        body["shopTransactionId"] = operation["operationId"].clone();
    }
    send(request.json(&body)).await
}

/// Payments that only reserve, for the operations whose examples go on with one.
async fn reserved(host: &Host, document: &Value) -> Ids {
    let mut ids = Ids::default();
    for operation in ["capture", "void"] {
        let body = payment_with(operation, 1200, json!({ "scenario": "authorize" }));
        let reply = host.post("/v3/sandbox/pay", &body).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        let operation = &document["paths"][format!("/v3/{{external}}/{operation}")]["post"];
        ids.learn(&operation["requestBody"]["content"]["application/json"]["example"], &reply.json);
    }
    ids
}

/// The part of the document at a pointer, or what that refers to.
fn resolved<'a>(document: &'a Value, pointer: &str) -> (String, &'a Value) {
    let found = document.pointer(pointer).unwrap_or(&Value::Null);
    match found["$ref"].as_str() {
        Some(reference) => resolved(document, reference.trim_start_matches('#')),
        None => (pointer.to_owned(), found),
    }
}

/// Whether an answer is one of those that the document lists for an operation.
fn is_described(document: &Value, operation: &str, reply: &Reply) -> Result<(), String> {
    let (place, response) = resolved(document, &format!("{operation}/responses/{}", reply.status));
    let Some(contents) = response["content"].as_object() else {
        return if response.is_object() { Ok(()) } else { Err("its status is not listed".into()) };
    };
    let media_type = reply.header("content-type").split(';').next().unwrap_or_default();
    if !contents.contains_key(media_type) {
        return Err(format!("{media_type} is not listed"));
    }
    let body =
        if reply.json.is_null() { Value::from(String::from_utf8_lossy(&reply.bytes)) } else { reply.json.clone() };
    let mut compiler = Compiler::new();
    compiler.enable_format_assertions();
    compiler.add_resource("https://provost.test/document", document.clone()).expect("the document is no schema yet");
    let schema = format!("{place}/content/{}/schema", media_type.replace('/', "~1"));
    let schema = schema.replace('{', "%7B").replace('}', "%7D");
    let mut schemas = Schemas::new();
    let schema = compiler.compile(&format!("https://provost.test/document#{schema}"), &mut schemas).expect("a schema");
    schemas.validate(&body, schema).map_err(|error| error.to_string())
}

#[tokio::test]
async fn every_operation_takes_its_own_example_and_answers_as_described() {
    let host = Setup::new().sandbox().start().await;
    let document = host.get("/documentation/openapi.json").await.json;
    let mut ids = reserved(&host, &document).await;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let reply = tried(&host, path, method, operation, &ids).await;
            let pointer = format!("/paths/{}/{method}", path.replace('/', "~1"));
            // A webhook is its provider's own: no example would be taken.
            let is_webhook = path.ends_with("/callback");
            assert!(is_webhook || reply.status < 300, "{method} {path}: {reply:?}");
            is_described(&document, &pointer, &reply)
                .unwrap_or_else(|error| panic!("{method} {path}: {error}\n{reply:?}"));
            ids.learn(&operation["responses"]["200"]["content"]["application/json"]["example"], &reply.json);
        }
    }
}

#[tokio::test]
async fn every_operation_refuses_what_it_does_not_take_as_described() {
    let host = Setup::new().sandbox().start().await;
    let document = host.get("/documentation/openapi.json").await.json;
    let long = "x".repeat(9000);
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let at = |path: &str| host.request(verb(method), path);
            let here = path.replace("{external}", "sandbox").replace(['{', '}'], "");
            let nowhere = path.replace("{external}", "nobody").replace(['{', '}'], "");
            let json = |body: &'static str| at(&here).header("content-type", "application/json").body(body);
            // Where no body is wanted, nobody waits for the rest of a large one.
            let is_webhook = path.ends_with("/callback") && method == "post";
            let large = if operation["requestBody"].is_object() || is_webhook { 2 << 20 } else { 0 };
            for request in [
                at(&nowhere),
                at(&here),
                json("{}"),
                json("[]"),
                json("{"),
                json(r#"{"a": 1, "a": 2}"#),
                at(&here).header("content-type", "text/plain").body("{}"),
                json("{}").header("content-encoding", "gzip"),
                json("{}").header("idempotency-key", "two words"),
                json("{}").header("x-request-id", "two words"),
                json("{}").header("x-long", "v".repeat(33_000)),
                at(&here).body("x".repeat(large)),
                at(&format!("{here}?paymentId=none")),
                at(&format!("{here}?{long}")),
            ] {
                let reply = send(request).await;
                let pointer = format!("/paths/{}/{method}", path.replace('/', "~1"));
                is_described(&document, &pointer, &reply)
                    .unwrap_or_else(|error| panic!("{method} {path}: {error}\n{reply:?}"));
            }
        }
    }
}
