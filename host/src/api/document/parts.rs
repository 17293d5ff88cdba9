//! What the descriptions of operations are put together from.

use super::super::problem::{Code, PROBLEM_JSON};
use serde_json::Value;
use utoipa::openapi::path::OperationBuilder;
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::SchemaType;
use utoipa::openapi::{
    Content, ContentBuilder, HeaderBuilder, Object, ObjectBuilder, Ref, Required, Response, ResponseBuilder,
};

/// A JSON body with its schema and an example.
pub(super) fn body(schema: &str, example: Value, required: Required) -> RequestBody {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(schema))).example(Some(example)).build();
    RequestBodyBuilder::new().content("application/json", content).required(Some(required)).build()
}

/// A JSON body of any kind.
pub(super) fn any_body(example: Value) -> RequestBody {
    let content = ContentBuilder::new().schema(Some(any_json())).example(Some(example)).build();
    RequestBodyBuilder::new().content("application/json", content).required(Some(Required::False)).build()
}

/// An answer in JSON.
pub(super) fn ok(schema: &str, about: &str) -> Response {
    let content = Content::new(Some(Ref::from_schema_name(schema)));
    answered(about).content("application/json", content).build()
}

/// The same with an example.
pub(super) fn ok_like(schema: &str, example: Value, about: &str) -> Response {
    answered(about).content("application/json", like(schema, example)).build()
}

/// The answer to an operation that may move money.
pub(super) fn executed(schema: &str, example: Value, about: &str) -> Response {
    let unknown = "`unknown` where the provider has not confirmed what became of it.";
    done(about).content("application/json", like(schema, example)).header("X-Payment-Outcome", header(unknown)).build()
}

/// The answer to a change that moves no money.
pub(super) fn changed(schema: &str, example: Value, about: &str) -> Response {
    done(about).content("application/json", like(schema, example)).build()
}

/// An answer in whatever JSON.
pub(super) fn any_answer(example: Value, about: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(any_json())).example(Some(example)).build();
    done(about).content("application/json", content).build()
}

fn done(about: &str) -> ResponseBuilder {
    answered(about).header("Idempotent-Replayed", header("`true` where the answer was given before."))
}

fn like(schema: &str, example: Value) -> Content {
    ContentBuilder::new().schema(Some(Ref::from_schema_name(schema))).example(Some(example)).build()
}

/// The schema that everything satisfies.
fn any_json() -> Object {
    ObjectBuilder::new().schema_type(SchemaType::AnyValue).description(Some("Any JSON.")).build()
}

/// An answer that is no JSON of ours.
pub(super) fn text(media_type: &str, about: &str) -> Response {
    answered(about).content(media_type, Content::new(None::<Ref>)).build()
}

fn answered(about: &str) -> ResponseBuilder {
    ResponseBuilder::new().description(about).header("X-Request-Id", header("The request's id."))
}

fn header(about: &str) -> utoipa::openapi::Header {
    let text = ObjectBuilder::new().schema_type(utoipa::openapi::schema::Type::String);
    HeaderBuilder::new().schema(Some(text)).description(Some(about)).build()
}

/// Adds a problem document for each of these statuses.
pub(super) fn with_problems(operation: OperationBuilder, statuses: &[&[u16]]) -> OperationBuilder {
    let statuses = statuses.iter().copied().flatten();
    statuses.fold(operation, |operation, status| operation.response(status.to_string(), problem(*status)))
}

fn problem(status: u16) -> Response {
    let codes = Code::ALL.into_iter().filter(|code| code.status() == status);
    let codes: Vec<_> = codes.map(|code| format!("`{}`", code.name())).collect();
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    let response = answered(&codes.join(", ")).content(PROBLEM_JSON, content);
    match status {
        409 | 503 => response.header("Retry-After", header("Seconds to wait, where waiting helps.")).build(),
        _ => response.build(),
    }
}
