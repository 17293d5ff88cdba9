//! The OpenAPI document.

use super::Api;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;

/// The document's text.
pub(super) fn json() -> Vec<u8> {
    Vec::new()
}

/// Serves the document.
pub(super) async fn serve(State(api): State<Api>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], api.0.document.clone()).into_response()
}
