//! What operators are answered instead: problem documents (RFC 9457), with a code that the command line decides by.

use crate::operations::NotByHand;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

/// Why nothing was done.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    detail: String,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into() }
    }

    pub(super) fn no_token() -> Self {
        let detail = "Send Authorization: Bearer and the host's admin token.";
        Self::new(StatusCode::UNAUTHORIZED, "token_required", detail)
    }

    pub(super) fn no_such_route() -> Self {
        Self::new(StatusCode::NOT_FOUND, "no_such_route", "There is nothing at this path.")
    }

    pub(super) fn method_not_allowed() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "The path does not take this method.")
    }

    pub(super) fn too_large() -> Self {
        Self::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large", "The request's head is too large.")
    }

    pub(super) fn too_slow() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "too_slow", "It took too long. Look whether it was done.")
    }

    /// Something in the request cannot be right.
    pub(super) fn bad(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", detail)
    }
}

impl From<NotByHand> for Refusal {
    fn from(error: NotByHand) -> Self {
        let (status, code) = match &error {
            NotByHand::NotKnown(_) => (StatusCode::NOT_FOUND, "not_known"),
            NotByHand::Several(_) => (StatusCode::CONFLICT, "several"),
            NotByHand::Runs => (StatusCode::CONFLICT, "running"),
            NotByHand::Contradicts { .. } => (StatusCode::CONFLICT, "contradicts"),
            NotByHand::Unfit(_) => (StatusCode::UNPROCESSABLE_ENTITY, "unfit"),
            NotByHand::Waits => (StatusCode::CONFLICT, "waits"),
            NotByHand::Away(_) => (StatusCode::SERVICE_UNAVAILABLE, "store_away"),
        };
        let detail = match &error {
            NotByHand::Away(store) => {
                tracing::error!(error = %store, "something was not done by hand: the store failed");
                "The store is not available.".to_owned()
            }
            other => other.to_string(),
        };
        Self { status, code, detail }
    }
}

impl From<crate::store::StoreError> for Refusal {
    fn from(error: crate::store::StoreError) -> Self {
        NotByHand::from(error).into()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or_default();
        let body = json!({ "title": title, "status": self.status.as_u16(), "code": self.code, "detail": self.detail });
        let mut response = (self.status, body.to_string()).into_response();
        let json = HeaderValue::from_static(super::super::problem::PROBLEM_JSON);
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
