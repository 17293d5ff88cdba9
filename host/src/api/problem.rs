//! Problem documents (RFC 9457): every error that a caller gets, and nothing of what went on inside.

use super::document::{outcome_schema, problem_code_schema};
use crate::model::{Answer, Fault};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::ops::Deref;
use std::time::Duration;

/// The media type of problem documents.
pub(super) const PROBLEM_JSON: &str = "application/problem+json";

/// What went wrong, in a form that programs decide by. Once published, a code keeps its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    NotJson,
    BadHeader,
    BadQuery,
    BadBody,
    KeyRequired,
    NoSuchRoute,
    UnknownExternal,
    PaymentNotFound,
    SubscriptionNotFound,
    UtilityNotFound,
    MethodNotAllowed,
    TooSlow,
    StillRunning,
    ShopTransactionIdUsed,
    RefundRepeated,
    CaptureRepeated,
    StateForbids,
    SubscriptionForbids,
    BodyTooLarge,
    UriTooLong,
    NotJsonType,
    ContentEncoded,
    Invalid,
    KeyReused,
    RefundTooLarge,
    CaptureTooLarge,
    HeadersTooLarge,
    Internal,
    NotSupported,
    NotExecuted,
    OutcomeUnknown,
    ProviderSilent,
    ExternalAbsent,
    Busy,
    ProviderRefused,
    StoreAway,
    WebhookForged,
    WebhookLater,
    ApiKeyMissing,
    ApiKeyUnknown,
    ApiKeyForbids,
    TooManyRequests,
}

/// What a code stands for: its name, its status, its title, whether the same request may succeed later.
type Row = (&'static str, u16, &'static str, bool);

impl Code {
    /// All of them, in the order of their status.
    pub(super) const ALL: [Self; 42] = [
        Self::NotJson,
        Self::BadHeader,
        Self::BadQuery,
        Self::BadBody,
        Self::KeyRequired,
        Self::WebhookForged,
        Self::ApiKeyMissing,
        Self::ApiKeyUnknown,
        Self::ApiKeyForbids,
        Self::NoSuchRoute,
        Self::UnknownExternal,
        Self::PaymentNotFound,
        Self::SubscriptionNotFound,
        Self::UtilityNotFound,
        Self::MethodNotAllowed,
        Self::TooSlow,
        Self::StillRunning,
        Self::ShopTransactionIdUsed,
        Self::RefundRepeated,
        Self::CaptureRepeated,
        Self::StateForbids,
        Self::SubscriptionForbids,
        Self::BodyTooLarge,
        Self::UriTooLong,
        Self::NotJsonType,
        Self::ContentEncoded,
        Self::Invalid,
        Self::KeyReused,
        Self::RefundTooLarge,
        Self::CaptureTooLarge,
        Self::TooManyRequests,
        Self::HeadersTooLarge,
        Self::Internal,
        Self::NotSupported,
        Self::NotExecuted,
        Self::OutcomeUnknown,
        Self::ProviderSilent,
        Self::ExternalAbsent,
        Self::Busy,
        Self::ProviderRefused,
        Self::StoreAway,
        Self::WebhookLater,
    ];

    fn row(self) -> Row {
        match self {
            Self::NotJson => ("not_json", 400, "The body cannot be read as JSON", false),
            Self::BadHeader => ("bad_header", 400, "A header is malformed", false),
            Self::BadQuery => ("bad_query", 400, "The query is not right", false),
            Self::BadBody => ("bad_body", 400, "The body did not arrive whole", true),
            Self::KeyRequired => ("idempotency_key_required", 400, "An Idempotency-Key is required", false),
            Self::WebhookForged => ("webhook_forged", 401, "The notification does not prove its sender", false),
            Self::ApiKeyMissing => ("api_key_missing", 401, "An API key is required", false),
            Self::ApiKeyUnknown => ("api_key_unknown", 401, "The API key is not known", false),
            Self::ApiKeyForbids => ("api_key_forbids", 403, "The API key is not for this external", false),
            Self::NoSuchRoute => ("no_such_route", 404, "There is nothing at this path", false),
            Self::UnknownExternal => ("unknown_external", 404, "There is no external of this name", false),
            Self::PaymentNotFound => ("payment_not_found", 404, "There is no such payment", false),
            Self::SubscriptionNotFound => ("subscription_not_found", 404, "There is no such subscription", false),
            Self::UtilityNotFound => ("utility_not_found", 404, "There is no such utility", false),
            Self::MethodNotAllowed => ("method_not_allowed", 405, "The path does not take this method", false),
            Self::TooSlow => ("too_slow", 408, "The body took too long to arrive", true),
            Self::StillRunning => ("still_running", 409, "The same request is still running", true),
            Self::ShopTransactionIdUsed => ("shop_transaction_id_used", 409, "The shopTransactionId is taken", false),
            Self::RefundRepeated => ("refund_repeated", 409, "An equal refund was made a moment ago", false),
            Self::CaptureRepeated => ("capture_repeated", 409, "An equal capture was made a moment ago", false),
            Self::SubscriptionForbids => {
                ("subscription_forbids", 409, "The subscription's state does not allow it", false)
            }
            Self::StateForbids => ("state_forbids", 409, "The payment's state does not allow it", false),
            Self::BodyTooLarge => ("body_too_large", 413, "The body is too large", false),
            Self::UriTooLong => ("uri_too_long", 414, "The path with its query is too long", false),
            Self::NotJsonType => ("not_json_type", 415, "The body is not declared as JSON", false),
            Self::ContentEncoded => ("content_encoded", 415, "The body is compressed", false),
            Self::Invalid => ("invalid", 422, "The request is not right", false),
            Self::KeyReused => ("idempotency_key_reused", 422, "The Idempotency-Key belongs to another request", false),
            Self::RefundTooLarge => ("refund_too_large", 422, "The refund is larger than what is left", false),
            Self::CaptureTooLarge => ("capture_too_large", 422, "The capture is larger than what is left", false),
            Self::TooManyRequests => ("too_many_requests", 429, "Too many requests with this API key", true),
            Self::HeadersTooLarge => ("headers_too_large", 431, "The headers are too large", false),
            Self::Internal => ("internal", 500, "The host failed", false),
            Self::NotSupported => ("not_supported", 501, "This external does not support the operation", false),
            Self::NotExecuted => ("not_executed", 502, "The provider could not be reached or refused", true),
            Self::OutcomeUnknown => ("outcome_unknown", 502, "Whether it was done is not known", true),
            Self::ProviderSilent => ("provider_silent", 502, "The provider could not be asked", true),
            Self::ExternalAbsent => ("external_absent", 503, "The external is out of service for now", true),
            Self::Busy => ("busy", 503, "Too many requests for this external at once", true),
            Self::ProviderRefused => ("provider_refused", 503, "The provider asks to try again later", true),
            Self::StoreAway => ("store_away", 503, "The host cannot store anything now", true),
            Self::WebhookLater => ("webhook_later", 503, "The notification cannot be taken now", true),
        }
    }

    /// Its name, as in the member `code`.
    pub(super) fn name(self) -> &'static str {
        self.row().0
    }

    /// The HTTP status that it comes with.
    pub(super) fn status(self) -> u16 {
        self.row().1
    }
}

/// One thing wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub(super) struct FieldError {
    /// A JSON pointer (RFC 6901) into the body; empty for the whole of it.
    #[schema(examples("/amount"))]
    pub(super) pointer: String,
    /// Why, in a few words.
    #[schema(examples("must be an integer from 1 to 9007199254740991"))]
    pub(super) reason: String,
}

/// Why a request was not carried out, as a caller gets it. Small, because it is the error of every reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Problem(Box<Document>);

/// A problem document (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub(super) struct Document {
    /// Names the kind of problem; ends with its `code`.
    #[serde(rename = "type")]
    #[schema(examples("urn:problem-type:provost:invalid"))]
    pub(super) kind: String,
    /// What the kind is, for people.
    pub(super) title: Cow<'static, str>,
    /// The HTTP status.
    #[schema(examples(422))]
    pub(super) status: u16,
    /// What happened this time, for people.
    pub(super) detail: Cow<'static, str>,
    /// The path of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("/v3/acme/pay"))]
    pub(super) instance: Option<String>,
    /// What happened, for programs.
    #[schema(schema_with = problem_code_schema)]
    pub(super) code: Cow<'static, str>,
    /// Whether the same request, sent again later, may succeed.
    pub(super) retryable: bool,
    /// `not_executed`: this request moved no money. `unknown`: it may have; ask for the status before anything else.
    #[schema(schema_with = outcome_schema)]
    pub(super) outcome: Cow<'static, str>,
    /// Everything that is wrong with the request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) errors: Vec<FieldError>,
    /// The payment that stands in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) payment_id: Option<String>,
    /// The refund that stands in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refund_id: Option<String>,
    /// The subscription that stands in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) subscription_token: Option<String>,
    /// The state of that payment or subscription.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("pending"))]
    pub(super) state: Option<Cow<'static, str>>,
    /// The `X-Request-Id` of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request_id: Option<String>,
    /// The header `Retry-After`.
    #[serde(skip)]
    pub(super) retry_after: Option<Duration>,
}

impl Problem {
    /// A problem of this kind, with what happened this time.
    pub(super) fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        let (name, status, title, retryable) = code.row();
        let unsure = matches!(code, Code::Internal | Code::StillRunning | Code::OutcomeUnknown);
        Self(Box::new(Document {
            kind: format!("urn:problem-type:provost:{name}"),
            title: title.into(),
            status,
            detail: detail.into(),
            instance: None,
            code: name.into(),
            retryable,
            outcome: if unsure { "unknown" } else { "not_executed" }.into(),
            errors: Vec::new(),
            payment_id: None,
            refund_id: None,
            subscription_token: None,
            state: None,
            request_id: None,
            retry_after: None,
        }))
    }

    /// Fields that are wrong, all of them.
    pub(super) fn invalid(faults: &[Fault]) -> Self {
        Self::new(Code::Invalid, "Each field that is wrong is named in errors, with the reason.").because_of(faults)
    }

    /// With everything that is wrong with the request.
    pub(super) fn because_of(mut self, faults: &[Fault]) -> Self {
        let field = |fault: &Fault| FieldError { pointer: fault.pointer.clone(), reason: fault.reason.clone() };
        self.0.errors = faults.iter().map(field).collect();
        self
    }

    /// With the payment that stands in the way, and its state.
    pub(super) fn about_payment(mut self, id: &str, state: &'static str) -> Self {
        self.0.payment_id = Some(id.to_owned());
        self.0.state = Some(state.into());
        self
    }

    /// With the payment that stands in the way.
    pub(super) fn about(mut self, id: &str) -> Self {
        self.0.payment_id = Some(id.to_owned());
        self
    }

    /// With the subscription that stands in the way, and its state.
    pub(super) fn about_subscription(mut self, token: &str, state: &'static str) -> Self {
        self.0.subscription_token = Some(token.to_owned());
        self.0.state = Some(state.into());
        self
    }

    /// With the refund that stands in the way.
    pub(super) fn about_refund(mut self, id: &str) -> Self {
        self.0.refund_id = Some(id.to_owned());
        self
    }

    /// To be tried again after `wait`.
    pub(super) fn retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// With what belongs to one request alone; no path where it is too long to be repeated.
    pub(super) fn of_request(mut self, path: Option<&str>, request_id: &str) -> Self {
        self.0.instance = path.map(str::to_owned);
        self.0.request_id = Some(request_id.to_owned());
        self
    }

    /// As an answer that can be kept: without what belongs to one request alone.
    pub(super) fn answer(&self) -> Answer {
        let mut headers = vec![("content-type".to_owned(), PROBLEM_JSON.to_owned())];
        headers.extend(self.0.retry_after.map(|wait| ("retry-after".to_owned(), whole_seconds(wait).to_string())));
        Answer { status: self.0.status, headers, body: self.json() }
    }

    /// Its JSON text.
    pub(super) fn json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("strings, numbers and lists serialise")
    }
}

impl Deref for Problem {
    type Target = Document;

    fn deref(&self) -> &Document {
        &self.0
    }
}

/// The document travels beside an empty body: what observes every request fills in path and request id, then writes it.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if let Some(wait) = self.0.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// `Retry-After` counts whole seconds: rounded up, so that nobody comes too early.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_millis().div_ceil(1000).max(1).try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_code_has_a_name_of_its_own_and_an_error_status() {
        let names: BTreeSet<_> = Code::ALL.into_iter().map(Code::name).collect();
        assert_eq!(names.len(), Code::ALL.len());
        assert!(Code::ALL.into_iter().all(|code| (400..600).contains(&code.status())));
        assert!(Code::ALL.is_sorted_by_key(|code| code.status()));
    }

    #[test]
    fn nobody_is_told_to_come_back_too_early() {
        let cases = [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (59_999, 60)];
        for (millis, seconds) in cases {
            assert_eq!(whole_seconds(Duration::from_millis(millis)), seconds);
        }
    }

    #[test]
    fn a_kept_document_reads_back_as_itself() {
        let problem = Problem::invalid(&[Fault::new("/amount", "odd")]).about_payment("p-1", "pending");
        assert_eq!(serde_json::from_slice::<Problem>(&problem.answer().body).unwrap(), problem);
    }
}
