//! What every operation that may move money has in common: how its request is read, and how its answer is written.

use super::super::observe::Counted;
use super::super::problem::Problem;
use super::super::{Api, idempotency};
use super::body::{self, Json};
use crate::model::Answer;
use crate::operations::{Answered, Caller};
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use std::borrow::Cow;

/// Reads a request: who asks, and what, made of the body by `read`.
pub(super) async fn asked<T>(
    api: &Api,
    request: Request,
    read: impl FnOnce(&Json) -> Result<T, Problem>,
) -> Result<(Caller, T), Problem> {
    let (parts, body) = request.into_parts();
    let idempotency_key = idempotency::key(&parts.headers, api.settings.require_idempotency_key)?;
    let json = Json::parse(&parts.headers, body::read(body, api.settings.body_limit).await?)?;
    let asked = read(&json)?;
    let fingerprint = idempotency::fingerprint(&parts.method, parts.uri.path(), &json.value);
    Ok((Caller { name: String::new(), idempotency_key, fingerprint }, asked))
}

/// Writes an answer that was made by `respond`, now or before.
pub(super) fn answer(answered: Answered) -> Response {
    let Answered { answer: Answer { status, headers, body }, replayed } = answered;
    let mut response = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response();
    for (name, value) in &headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    if replayed {
        response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    if status < 400 {
        response.extensions_mut().insert(Counted(result_of(&body)));
    } else if let Ok(problem) = serde_json::from_slice::<Problem>(&body) {
        response.extensions_mut().insert(problem);
    }
    *response.body_mut() = Body::from(body);
    response
}

/// The word in `result`, for the counter.
fn result_of(body: &[u8]) -> Cow<'static, str> {
    #[derive(Deserialize)]
    struct Head {
        result: String,
    }
    serde_json::from_slice(body).map_or(Cow::Borrowed("other"), |head: Head| Cow::Owned(head.result))
}

#[cfg(test)]
mod tests {
    use super::super::super::respond::respond;
    use super::*;
    use crate::model::{Acknowledgement, Kind, Outcome};
    use crate::operations::{Ended, Error};
    use http_body_util::BodyExt;

    #[tokio::test]
    async fn a_replay_is_the_same_bytes_and_says_so() {
        let ended = Ended {
            kind: Kind::Pay,
            outcome: Outcome::Succeeded(Acknowledgement::default()),
            payment_id: "p-1".into(),
            refund_id: String::new(),
            subscription_token: String::new(),
        };
        let kept = respond(&Ok(ended));
        let first = answer(Answered { answer: kept.clone(), replayed: false });
        let again = answer(Answered { answer: kept.clone(), replayed: true });
        assert_eq!(first.headers().get("idempotent-replayed"), None);
        assert_eq!(again.headers()["idempotent-replayed"], "true");
        assert_eq!(again.extensions().get::<Counted>().unwrap().0, "OK");
        assert_eq!(first.into_body().collect().await.unwrap().to_bytes(), kept.body);
        assert_eq!(again.into_body().collect().await.unwrap().to_bytes(), kept.body);
    }

    #[test]
    fn a_problem_keeps_its_status_and_headers() {
        let response = answer(Answered { answer: respond(&Err(Error::Busy)), replayed: false });
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["retry-after"], "1");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        assert_eq!(response.extensions().get::<Problem>().unwrap().code, "busy");
    }
}
