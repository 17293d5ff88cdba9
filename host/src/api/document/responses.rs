//! What an operation answers: its own answers with an example each, and the problems, which stand once for all.

use super::super::problem::{Code, PROBLEM_JSON};
use super::{examples, schemas};
use serde_json::Value;
use std::collections::BTreeSet;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::path::OperationBuilder;
use utoipa::openapi::{ContentBuilder, HeaderBuilder, ObjectBuilder, Ref, Response, ResponseBuilder};

/// What may happen to any request: its head is too large, or the host fails.
const ANY: &[u16] = &[414, 431, 500];

/// JSON of a schema.
pub(super) fn json(schema: &str, about: &str, example: Value) -> Response {
    with_json(schema, about, example).build()
}

/// The answer to an operation that may move money.
pub(super) fn executed(schema: &str, about: &str, example: Value) -> Response {
    let unknown = "`unknown` where the provider has not confirmed what became of it.";
    replayed(with_json(schema, about, example)).header("X-Payment-Outcome", header(unknown)).build()
}

/// The answer to a change that moves no money.
pub(super) fn changed(schema: &str, about: &str, example: Value) -> Response {
    replayed(with_json(schema, about, example)).build()
}

/// An answer in whatever JSON.
pub(super) fn any_json(about: &str, example: Value) -> Response {
    let content = ContentBuilder::new().schema(Some(schemas::any_json())).example(Some(example)).build();
    replayed(answered(about).content("application/json", content)).build()
}

/// A body of another media type, or one that no schema describes.
pub(super) fn other(media_type: &str, about: &str, schema: ObjectBuilder, example: Value) -> Response {
    let content = ContentBuilder::new().schema(Some(schema)).example(Some(example)).build();
    answered(about).content(media_type, content).build()
}

/// Adds a problem document for each of these statuses, and for those of any request.
pub(super) fn with_problems(operation: OperationBuilder, statuses: &[&[u16]]) -> OperationBuilder {
    let statuses: BTreeSet<_> = statuses.iter().copied().flatten().chain(ANY).collect();
    statuses.into_iter().fold(operation, |operation, status| {
        operation.response(status.to_string(), Ref::from_response_name(name(*status)))
    })
}

/// The problem documents, one response for each status, under the names that operations refer to.
pub(super) fn problems() -> impl Iterator<Item = (String, Response)> {
    let statuses: BTreeSet<_> = Code::ALL.into_iter().map(Code::status).collect();
    statuses.into_iter().map(|status| (name(status), problem(status)))
}

fn name(status: u16) -> String {
    format!("Problem{status}")
}

fn problem(status: u16) -> Response {
    let codes: Vec<_> = Code::ALL.into_iter().filter(|code| code.status() == status).collect();
    let about: Vec<_> = codes.iter().map(|code| format!("`{}`", code.name())).collect();
    let example = |code: Code| (code.name(), ExampleBuilder::new().value(Some(examples::problem(code))).build());
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem")));
    let content = content.examples_from_iter(codes.into_iter().map(example)).build();
    let response = answered(&about.join(", ")).content(PROBLEM_JSON, content);
    match status {
        401 => response.header("WWW-Authenticate", header("`Bearer`, where an API key is missing or wrong.")).build(),
        429 => response.header("Retry-After", header("Seconds to wait.")).build(),
        409 | 503 => response.header("Retry-After", header("Seconds to wait, where waiting helps.")).build(),
        _ => response.build(),
    }
}

fn with_json(schema: &str, about: &str, example: Value) -> ResponseBuilder {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(schema))).example(Some(example)).build();
    answered(about).content("application/json", content)
}

fn replayed(response: ResponseBuilder) -> ResponseBuilder {
    response.header("Idempotent-Replayed", header("`true` where the answer was given before."))
}

fn answered(about: &str) -> ResponseBuilder {
    ResponseBuilder::new().description(about).header("X-Request-Id", header("The request's id."))
}

fn header(about: &str) -> utoipa::openapi::Header {
    let text = ObjectBuilder::new().schema_type(utoipa::openapi::schema::Type::String);
    HeaderBuilder::new().schema(Some(text)).description(Some(about)).build()
}
