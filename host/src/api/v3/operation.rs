//! What every operation that may move money has in common: how its request is read, and how its answer is written.

use super::super::door::Admitted;
use super::super::observe::Counted;
use super::super::problem::Problem;
use super::super::{Api, idempotency};
use super::body::{self, Json};
use crate::model::Answer;
use crate::operations::{Answered, Caller};
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use serde::Deserialize;
use serde_json::Value;

/// Reads a request: who asks, and what, made of the body by `read`.
pub(super) async fn asked<T>(
    api: &Api,
    request: Request,
    read: impl FnOnce(&Json) -> Result<T, Problem>,
) -> Result<(Caller, T), Problem> {
    let (parts, body) = request.into_parts();
    let key = key(api, &parts)?;
    let json = Json::parse(&parts.headers, body::read(body, api.settings.body_limit).await?)?;
    let asked = read(&json)?;
    Ok((caller(key, &parts, parts.uri.path(), &json.value), asked))
}

/// Reads a request that is said by its path alone; a body is not looked at.
pub(super) fn asked_by_path(api: &Api, request: Request) -> Result<Caller, Problem> {
    let (parts, _) = request.into_parts();
    Ok(caller(key(api, &parts)?, &parts, parts.uri.path(), &Value::Null))
}

/// Reads a request whose query and body are a plugin's to understand. What only reads needs no key, and has none.
pub(super) async fn asked_freely(api: &Api, request: Request) -> Result<(Caller, Parts, Option<Json>), Problem> {
    let (parts, body) = request.into_parts();
    let key = if reads(&parts.method) { None } else { key(api, &parts)? };
    let text = body::read(body, api.settings.body_limit).await?;
    let json = if text.is_empty() { None } else { Some(Json::parse(&parts.headers, text)?) };
    let place = parts.uri.path_and_query().map_or(parts.uri.path(), |place| place.as_str());
    let caller = caller(key, &parts, place, json.as_ref().map_or(&Value::Null, |json| &json.value));
    Ok((caller, parts, json))
}

/// Whether requests of this method only read.
pub(super) fn reads(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// The idempotency key, which may be required of POST and DELETE (rule 17).
fn key(api: &Api, parts: &Parts) -> Result<Option<String>, Problem> {
    let required = matches!(parts.method, Method::POST | Method::DELETE);
    idempotency::key(&parts.headers, required && api.settings.require_idempotency_key)
}

fn caller(idempotency_key: Option<String>, parts: &Parts, place: &str, body: &Value) -> Caller {
    let fingerprint = idempotency::fingerprint(&parts.method, place, body);
    // Its name and never its credential (rule 17): keys are rotated, and repeats are still recognised.
    let name = parts.extensions.get::<Admitted>().map(|caller| caller.name().to_owned()).unwrap_or_default();
    Caller { name, idempotency_key, fingerprint }
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
        response.extensions_mut().insert(Counted(result_of(&body).into()));
    } else if let Ok(problem) = serde_json::from_slice::<Problem>(&body) {
        response.extensions_mut().insert(problem);
    }
    *response.body_mut() = Body::from(body);
    response
}

/// The word in `result`, for the counter. What a plugin makes up must not become a label.
fn result_of(body: &[u8]) -> &'static str {
    #[derive(Deserialize)]
    struct Head {
        result: String,
    }
    let result = serde_json::from_slice(body).map(|head: Head| head.result).unwrap_or_default();
    let words = ["OK", "KO", "PENDING", "REDIRECT_TO_URL"];
    words.into_iter().find(|word| *word == result).unwrap_or("other")
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
    fn only_our_own_words_are_counted() {
        let cases = [
            (r#"{"result": "REDIRECT_TO_URL"}"#, "REDIRECT_TO_URL"),
            (r#"{"result": "whatever a plugin likes"}"#, "other"),
            (r#"{"result": 1}"#, "other"),
            ("[]", "other"),
        ];
        for (body, counted) in cases {
            assert_eq!(result_of(body.as_bytes()), counted, "{body}");
        }
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
