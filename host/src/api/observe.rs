//! What stands around every request: its id, its span and log line, its metrics, the end of a panic, and the last two
//! members of a problem document. Never looks at bodies or query values.

mod meters;

pub(super) use meters::Meters;

use self::meters::Answered;
use super::problem::{Code, Problem};
use super::{Api, head, routes, v3};
use crate::telemetry;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use std::borrow::Cow;
use std::cell::RefCell;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio::time::Instant;
use tracing::Instrument;

/// For how many ids random bytes are fetched at once.
const IDS: usize = 64;
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What an answer is counted as, where it is no problem document: its `result` or `status`.
#[derive(Clone, Debug)]
pub(super) struct Counted(pub(super) Cow<'static, str>);

/// What is known of a request before it is handled.
struct Seen {
    id: HeaderValue,
    method: &'static str,
    path: String,
    route: Option<&'static routes::Route>,
    external: Option<String>,
}

/// The middleware.
pub(super) async fn observe(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let seen = Seen::of(&request);
    let span = tracing::info_span!(
        "request",
        request_id = seen.id(),
        method = seen.method,
        route = seen.route_path(),
        external = seen.external.as_deref(),
        caller = tracing::field::Empty,
    );
    let started = Instant::now();
    let answer = async {
        if let Some(problem) = head::refusal(&request) {
            return problem.into_response();
        }
        match api.door().admit(seen.route, &mut request, api.clock.now()).await {
            Ok(()) => next.run(request).await,
            Err(refused) => {
                v3::body::throw_away(request.into_body(), api.settings.body_limit).await;
                refused.into_response()
            }
        }
    };
    let response = unless_it_panics(answer).instrument(span.clone()).await;
    let code = response.extensions().get().map(|problem: &Problem| problem.code.clone());
    let response = seen.complete(response);
    let (latency, status) = (started.elapsed(), response.status().as_u16());
    span.in_scope(|| seen.log(status, code.as_deref(), latency));
    let counted = response.extensions().get().map(|Counted(result)| result.clone());
    seen.measure(&api, status, code.or(counted), latency);
    response
}

/// Says what the metrics are about, once for the recorder.
pub(super) fn describe_metrics() {
    metrics::describe_counter!(telemetry::HTTP_PAYMENT_CREATED, "Calls of pay");
    metrics::describe_counter!(telemetry::HTTP_PAYMENT_REFUNDED, "Calls of refund");
    metrics::describe_counter!(telemetry::HTTP_PAYMENT_STATUS, "Calls of status and check");
    metrics::describe_counter!(telemetry::HTTP_CALLBACK, "Webhooks received");
    metrics::describe_counter!(telemetry::HTTP_PAYMENT_AUTHORIZED, "Calls of capture");
    metrics::describe_counter!(telemetry::HTTP_PAYMENT_EXPIRED, "Calls of void");
    metrics::describe_counter!(telemetry::HTTP_PAYMENT_LINK_CREATED, "Calls of pay-by-link");
    metrics::describe_counter!(telemetry::HTTP_SUBSCRIPTION_CREATED, "Calls of subscription schedule and start");
    metrics::describe_counter!(telemetry::HTTP_SUBSCRIPTION_AUTHORIZED, "Calls of subscription pay");
    metrics::describe_counter!(telemetry::HTTP_SUBSCRIPTION_UPDATE, "Calls of subscription update and expire");
    metrics::describe_counter!(telemetry::HTTP_SUBSCRIPTION_HANDLER, "Calls of subscription status");
    metrics::describe_counter!(telemetry::HTTP_UTILS, "Calls of utilities");
    metrics::describe_histogram!(telemetry::HTTP_REQUEST_SECONDS, metrics::Unit::Seconds, "Time to answer a request");
}

impl Seen {
    fn of(request: &Request) -> Self {
        let matched = request.extensions().get::<MatchedPath>();
        let path = request.uri().path();
        let segments = path.strip_prefix("/v3/").and_then(|rest| rest.split('/').next());
        Self {
            id: request_id(request.headers()),
            method: method_name(request.method()),
            path: path.to_owned(),
            route: matched.and_then(|matched| routes::of_path(matched.as_str())),
            external: segments.filter(|segment| crate::model::is_external_name(segment)).map(str::to_owned),
        }
    }

    fn id(&self) -> &str {
        self.id.to_str().unwrap_or_default()
    }

    fn route_path(&self) -> &'static str {
        self.route.map_or("none", |route| route.path)
    }

    /// Adds the request id, and writes the problem document that travels beside the response.
    fn complete(&self, mut response: Response) -> Response {
        if let Some(problem) = response.extensions_mut().remove::<Problem>() {
            let path = Some(self.path.as_str()).filter(|path| path.len() <= head::URI_LIMIT);
            *response.body_mut() = Body::from(problem.of_request(path, self.id()).json());
        }
        response.headers_mut().insert(X_REQUEST_ID, self.id.clone());
        response
    }

    fn log(&self, status: u16, code: Option<&str>, latency: Duration) {
        let latency_ms = latency.as_micros() as f64 / 1000.0;
        // What moves money is told by `operations`; a line for every question would cost more than the question.
        if status >= 500 && !self.path.starts_with("/-/") {
            tracing::warn!(status, code, latency_ms, "answered");
        } else {
            tracing::debug!(status, code, latency_ms, "answered");
        }
    }

    fn measure(&self, api: &Api, status: u16, result: Option<Cow<'static, str>>, latency: Duration) {
        // What a caller makes up must not become a label: a name counts once an answer or the configuration bears it out.
        let known = |name: &&String| status < 400 || api.operations.external(name).is_ok();
        let external = self.external.as_ref().filter(known).map_or("none", String::as_str);
        let answered = Answered { status, method: self.method, route: self.route_path() };
        api.meters().took(external, answered, latency);
        if let Some(counter) = self.route.and_then(|route| route.operation.counter()) {
            let result = result.unwrap_or(Cow::Borrowed("other"));
            api.meters().count(external, meters::Counted { counter, result });
        }
    }
}

/// The caller's id, if it is 1 to 128 visible ASCII characters; else one of ours.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let lawful =
        |value: &&HeaderValue| (1..=128).contains(&value.len()) && value.as_bytes().iter().all(u8::is_ascii_graphic);
    headers.get(X_REQUEST_ID).filter(lawful).cloned().unwrap_or_else(|| {
        let id = uuid::Builder::from_random_bytes(random()).into_uuid().simple().to_string();
        HeaderValue::try_from(id).expect("hex digits are a lawful header value")
    })
}

/// Random bytes for one id, of which a thread fetches those of many at once: a system call for each costs more than
/// all else about an id.
fn random() -> [u8; 16] {
    thread_local! {
        static NEXT: RefCell<Vec<[u8; 16]>> = const { RefCell::new(Vec::new()) };
    }
    NEXT.with_borrow_mut(|next| {
        next.pop().unwrap_or_else(|| {
            let mut fetched = [[0; 16]; IDS];
            getrandom::fill(fetched.as_flattened_mut()).expect("an operating system that serves has random bytes");
            next.extend_from_slice(&fetched[1..]);
            fetched[0]
        })
    })
}

/// Anybody may make up a method; a label or a log field it shall not become.
fn method_name(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// A panic costs one request its answer, and nobody else anything.
async fn unless_it_panics(answer: impl Future<Output = Response>) -> Response {
    AssertUnwindSafe(answer).catch_unwind().await.unwrap_or_else(|_| {
        tracing::error!("a handler panicked: this is a fault of the host");
        Problem::new(Code::Internal, "Ask for the status of the payment before anything else.").into_response()
    })
}

#[cfg(test)]
mod tests;
