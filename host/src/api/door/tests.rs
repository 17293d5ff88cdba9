use super::*;
use crate::api::routes::ROUTES;
use crate::api::testing::{answer, parts};
use crate::clock::Clock;
use axum::Router;
use axum::body::Body;
use serde_json::Value;
use std::time::Duration;

const KEY: &str = "provost_acmes";

fn key(name: &str, key: &str, externals: &[&str]) -> Key {
    let externals = match externals {
        ["*"] => Externals::Every,
        names => Externals::Only(names.iter().map(|&name| name.to_owned()).collect()),
    };
    Key { name: name.into(), digests: vec![Digest::of(key.as_bytes())], externals, rate: None }
}

async fn router(keys: Vec<Key>, rate: Option<Rate>) -> (Router, Clock, tempfile::TempDir) {
    let (mut parts, folder) = parts().await;
    parts.settings.keys = keys;
    parts.settings.rate = rate;
    let clock = parts.clock.clone();
    (crate::api::router(parts), clock, folder)
}

async fn ask(router: &Router, path: &str, authorization: &[&str]) -> (u16, HeaderMap, Value) {
    let request = Request::builder().uri(path);
    let request = authorization.iter().fold(request, |request, value| request.header("authorization", *value));
    let (status, headers, body) = answer(router, request.body(Body::empty()).unwrap()).await;
    (status, headers, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

#[tokio::test]
async fn every_route_needs_a_key_but_those_that_are_named_as_open() {
    let (router, ..) = router(vec![key("shop", KEY, &["*"])], None).await;
    let open = ["/callback", "/documentation", "/-/"];
    for route in ROUTES {
        let hole = |segment: &str| if segment.starts_with('{') { "x" } else { segment }.to_owned();
        let path = route.path.split('/').map(hole).collect::<Vec<_>>().join("/");
        let (status, _, problem) = ask(&router, &path, &[]).await;
        let is_open = open.iter().any(|open| route.path.contains(open));
        assert_eq!(status != 401, is_open, "{path}: {status} {problem}");
    }
    assert_eq!(ask(&router, "/v3/x/no/such/route", &[]).await.0, 404);
}

#[tokio::test]
async fn a_key_is_shown_once_as_a_bearer_token_and_in_no_other_way() {
    let (router, ..) = router(vec![key("shop", KEY, &["*"])], None).await;
    let bearer = |key: &str| format!("Bearer {key}");
    for good in [bearer(KEY), format!("bearer {KEY}"), format!("BEARER  {KEY} ")] {
        assert_eq!(ask(&router, "/v3", &[&good]).await.0, 200, "{good}");
    }
    let (prefix, more) = (&KEY[..KEY.len() - 1], format!("{KEY}x"));
    for (wrong, code, challenge) in [
        (vec![], "api_key_missing", "Bearer"),
        (vec![""], "api_key_missing", "Bearer"),
        (vec!["Bearer"], "api_key_missing", "Bearer"),
        (vec!["Bearer "], "api_key_missing", "Bearer"),
        (vec![KEY], "api_key_missing", "Bearer"),
        (vec!["Basic cHJvdm9zdA=="], "api_key_missing", "Bearer"),
        (vec![&*bearer(KEY), &*bearer(KEY)], "api_key_missing", "Bearer"),
        (vec![&*bearer(prefix)], "api_key_unknown", "Bearer error=\"invalid_token\""),
        (vec![&*bearer(&more)], "api_key_unknown", "Bearer error=\"invalid_token\""),
        (vec![&*bearer("shop")], "api_key_unknown", "Bearer error=\"invalid_token\""),
    ] {
        let (status, headers, problem) = ask(&router, "/v3/acme/status", &wrong).await;
        assert_eq!((status, &problem["code"]), (401, &code.into()), "{wrong:?}");
        assert_eq!(headers["www-authenticate"], challenge, "{wrong:?}");
        assert_eq!(headers["content-type"], "application/problem+json");
        assert!(!problem.to_string().contains(prefix), "{problem}");
    }
}

#[tokio::test]
async fn a_key_opens_its_own_externals_however_their_names_are_written() {
    let (router, ..) = router(vec![key("shop", KEY, &["acme"])], None).await;
    let bearer = format!("Bearer {KEY}");
    for (path, code) in [
        // It may ask, and there is no such external.
        ("/v3/acme", "unknown_external"),
        ("/v3/%61cme", "unknown_external"),
        ("/v3/acme/status?paymentId=1", "unknown_external"),
        ("/v3/other", "api_key_forbids"),
        ("/v3/%6fther/status?paymentId=1", "api_key_forbids"),
        ("/v3/ACME", "api_key_forbids"),
        ("/v3/acme%2f..%2fother", "api_key_forbids"),
        ("/v3/other/utility/acme", "api_key_forbids"),
        ("/v3/%ff", "no_such_route"),
    ] {
        assert_eq!(ask(&router, path, &[&bearer]).await.2["code"], code, "{path}");
    }
}

#[tokio::test]
async fn each_key_has_its_own_rate_and_is_told_when_to_come_back() {
    let mut other = key("other", "other", &["*"]);
    other.rate = Some(Rate { per_second: 1, burst: 1 });
    let rate = Rate { per_second: 2, burst: 4 };
    let (router, clock, _folder) = router(vec![key("shop", KEY, &["acme"]), other], Some(rate)).await;
    let bearer = format!("Bearer {KEY}");
    let mut statuses = Vec::new();
    for path in ["/v3", "/v3/acme", "/v3/other", "/v3", "/v3", "/v3/other"] {
        statuses.push(ask(&router, path, &[&bearer]).await.0);
    }
    assert_eq!(statuses, [200, 404, 403, 200, 429, 429], "what is refused for its external counts too");
    let (_, headers, problem) = ask(&router, "/v3", &[&bearer]).await;
    assert_eq!((&headers["retry-after"], &problem["code"]), (&"1".parse().unwrap(), &"too_many_requests".into()));
    assert_eq!(problem["retryable"], true);
    assert_eq!(ask(&router, "/v3", &["Bearer other"]).await.0, 200, "another key's requests are its own");
    assert_eq!(ask(&router, "/v3", &["Bearer other"]).await.0, 429);
    assert_eq!(ask(&router, "/-/healthz", &[&bearer]).await.0, 200);
    clock.advance(Duration::from_millis(500));
    assert_eq!(ask(&router, "/v3", &[&bearer]).await.0, 200);
    assert_eq!(ask(&router, "/v3", &[&bearer]).await.0, 429);
}

#[tokio::test]
async fn a_body_that_is_refused_is_taken_so_that_its_sender_hears_why() {
    let (router, ..) = router(vec![key("shop", KEY, &["*"])], None).await;
    let frames = futures_util::stream::iter((0..10).map(|_| Ok::<_, std::io::Error>("x".repeat(50))));
    let request = Request::post("/v3/acme/pay").body(Body::from_stream(frames)).unwrap();
    assert_eq!(answer(&router, request).await.0, 401);
}

#[tokio::test]
async fn what_a_caller_must_do_for_a_key_is_in_the_document_where_it_must() {
    for locked in [false, true] {
        let keys = if locked { vec![key("shop", KEY, &["*"])] } else { Vec::new() };
        let (router, ..) = router(keys, None).await;
        let document = ask(&router, "/documentation/openapi.json", &[]).await.2;
        let scheme = &document["components"]["securitySchemes"]["apiKey"];
        assert_eq!(scheme["scheme"], if locked { "bearer".into() } else { Value::Null });
        let needs = |path: &str, method: &str| document["paths"][path][method]["security"][0]["apiKey"].is_array();
        for (path, method) in [("/v3", "get"), ("/v3/{external}/pay", "post"), ("/v3/{external}/utility/{name}", "put")]
        {
            assert_eq!(needs(path, method), locked, "{path}");
        }
        for (path, method) in [("/v3/{external}/callback", "post"), ("/-/ready", "get")] {
            assert!(!needs(path, method), "{path}");
        }
    }
}

#[tokio::test]
async fn a_callers_key_beside_a_webhook_is_not_the_plugins_to_see() {
    let (mut parts, _folder) = parts().await;
    parts.settings.keys = vec![key("shop", KEY, &["*"])];
    let door = Door::of(&parts.settings);
    let route = ROUTES.iter().find(|route| route.path.ends_with("/callback"));
    let key = format!("Bearer {KEY}");
    for (authorization, seen) in [
        (vec![key.as_str()], false),
        (vec!["Bearer x", &key], false),
        (vec!["Bearer the-providers-own"], true),
        (vec!["Basic cHJvdm9zdA=="], true),
    ] {
        let request = Request::post("/v3/acme/callback");
        let request = authorization.iter().fold(request, |request, value| request.header("authorization", *value));
        let mut request = request.body(Body::empty()).unwrap();
        assert_eq!(door.admit(route, &mut request, Timestamp(0)).await, Ok(()));
        assert_eq!(request.headers().contains_key("authorization"), seen, "{authorization:?}");
    }
}
