//! `GET` and `POST /v3/{external}/callback`: what a provider sends, raw. Nothing of it is parsed here (rule 23), and
//! whether it is genuine is for `operations` and the plugin to say.

use super::super::observe::Counted;
use super::super::problem::{Code, Problem};
use super::super::{Api, respond::problem_of};
use super::body;
use super::place::Place;
use crate::model::{Reply, Webhook};
use crate::operations::{Error, WebhookRefused};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use std::time::Duration;
use url::Url;

/// Bytes of a webhook's body (rule 23).
const LIMIT: usize = 1 << 20;

/// When a provider shall send again what could not be taken.
const AGAIN: Duration = Duration::from_secs(30);

/// Headers that belong to the connection, to the host, or to the origin that it shares with others: not a plugin's.
const NOT_A_PLUGINS: [HeaderName; 12] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::DATE,
    header::PROXY_AUTHENTICATE,
    header::SERVER,
    header::SET_COOKIE,
    header::STRICT_TRANSPORT_SECURITY,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
];

/// Takes a notification, and answers what the plugin says once its news is on disk.
pub(in crate::api) async fn callback(
    State(api): State<Api>,
    place: Place,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let body = body::read(body, LIMIT).await.map_err(|problem| place.refuse(&api, problem))?;
    let webhook = Webhook {
        method: parts.method.as_str().to_owned(),
        url: url_as_sent(&parts, api.settings.public_url.as_ref()),
        headers: headers_as_sent(&parts.headers),
        body: body.to_vec(),
        received_at: api.clock.now(),
        host_reference: None,
    };
    match api.operations.receive(&place.external, webhook).await {
        Ok(reply) => Ok(written(reply)),
        Err(refused) => Err(problem_of_webhook(refused)),
    }
}

/// The URL as the sender saw it: behind whatever proxy, it is the public one; else what the request itself names.
fn url_as_sent(parts: &Parts, public_url: Option<&Url>) -> String {
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    match public_url {
        Some(public) => format!("{}{path}", public.as_str().trim_end_matches('/')),
        None => {
            let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
            let authority = parts.uri.authority().map(|authority| authority.as_str());
            format!("http://{}{path}", authority.or(host).unwrap_or_default())
        }
    }
}

pub(in crate::api) fn headers_as_sent(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}

/// A plugin's reply. A status that is none of an answer (101 would hand the connection over) becomes 200: the news is
/// on disk.
pub(in crate::api) fn written(reply: Reply) -> Response {
    let status = StatusCode::from_u16(reply.status).ok().filter(|status| (200..600).contains(&status.as_u16()));
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = status.unwrap_or(StatusCode::OK);
    for (name, value) in reply.headers {
        match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            (Ok(name), Ok(value)) if !NOT_A_PLUGINS.contains(&name) => {
                response.headers_mut().append(name, value);
            }
            _ => {}
        }
    }
    // What a plugin answers shall be taken for nothing but what it says it is.
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response.extensions_mut().insert(Counted("received".into()));
    response
}

pub(in crate::api) fn problem_of_webhook(refused: WebhookRefused) -> Problem {
    match refused {
        WebhookRefused::UnknownExternal => problem_of(&Error::UnknownExternal),
        WebhookRefused::Unsupported => {
            Problem::new(Code::NotSupported, "The plugin of this external takes no notifications.")
        }
        WebhookRefused::Forged => Problem::new(Code::WebhookForged, "It was not taken."),
        WebhookRefused::Later => Problem::new(Code::WebhookLater, "Please send it again.").retry_after(AGAIN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;
    use axum::response::IntoResponse;

    fn parts(uri: &str, headers: &[(&str, &[u8])]) -> Parts {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, HeaderValue::from_bytes(value).unwrap());
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_plugin_sees_the_url_that_the_sender_saw() {
        let sent = parts("/v3/acme/callback?ref=a.b&x=%2F", &[("host", b"10.0.0.1:8080")]);
        let cases = [
            (None, "http://10.0.0.1:8080/v3/acme/callback?ref=a.b&x=%2F"),
            (Some("https://pay.example.com"), "https://pay.example.com/v3/acme/callback?ref=a.b&x=%2F"),
            (Some("https://example.com/pay/"), "https://example.com/pay/v3/acme/callback?ref=a.b&x=%2F"),
        ];
        for (public, expected) in cases {
            let public = public.map(|url| Url::parse(url).unwrap());
            assert_eq!(url_as_sent(&sent, public.as_ref()), expected);
        }
    }

    #[test]
    fn a_plugin_gets_every_header_of_a_webhook() {
        let sent = parts("/", &[("x-sig", b"1"), ("x-sig", b"2"), ("x-odd", b"\xe9")]);
        let expected = [("x-sig", "1"), ("x-sig", "2"), ("x-odd", "\u{fffd}")];
        assert_eq!(headers_as_sent(&sent.headers), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn a_plugins_reply_cannot_reach_the_connection() {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let headers = vec![
            header("Content-Type", "text/plain"),
            header("Transfer-Encoding", "chunked"),
            header("Content-Length", "9"),
            header("Set-Cookie", "a=b"),
            header("X-Split", "a\r\nX-Evil: 1"),
            header("bad name", "1"),
            header("Location", "https://shop.example/ok"),
        ];
        for (status, shown) in [(202, 202), (302, 302), (101, 200), (0, 200), (999, 200)] {
            let response = written(Reply { status, headers: headers.clone(), body: b"[accepted]".to_vec() });
            let names: Vec<_> = response.headers().keys().map(HeaderName::as_str).collect();
            assert_eq!(names, ["content-type", "location", "x-content-type-options"]);
            assert_eq!(response.status(), shown);
        }
    }

    #[test]
    fn a_webhook_that_is_not_taken_has_a_status_of_its_own() {
        let cases = [
            (WebhookRefused::UnknownExternal, 404, None),
            (WebhookRefused::Unsupported, 501, None),
            (WebhookRefused::Forged, 401, None),
            (WebhookRefused::Later, 503, Some("30")),
        ];
        for (refused, status, retry_after) in cases {
            let response = problem_of_webhook(refused).into_response();
            assert_eq!(response.status(), status);
            let header = response.headers().get("retry-after").map(|value| value.to_str().unwrap());
            assert_eq!(header, retry_after);
        }
    }
}
