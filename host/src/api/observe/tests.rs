use super::*;
use crate::api::testing::{answer, parts};
use axum::Router;
use axum::routing::get;
use http::Request;

fn id_of(header: Option<&str>) -> String {
    let mut headers = HeaderMap::new();
    if let Some(value) = header {
        headers.insert(X_REQUEST_ID, HeaderValue::from_str(value).unwrap());
    }
    request_id(&headers).to_str().unwrap().to_owned()
}

#[test]
fn a_callers_request_id_is_kept_where_it_is_lawful() {
    let long = "x".repeat(128);
    for lawful in ["1", "a-b_c:d", &long] {
        assert_eq!(id_of(Some(lawful)), lawful);
    }
    let longer = "x".repeat(129);
    for odd in ["", "a b", "a\tb", &longer] {
        assert_eq!(id_of(Some(odd)).len(), 32, "{odd}");
    }
    assert_eq!(id_of(None).len(), 32);
    assert_ne!(id_of(None), id_of(None));
}

#[tokio::test]
async fn a_panic_costs_one_request_its_answer() {
    let (parts, _folder) = parts().await;
    let api = Api::of(parts);
    let fails = || async {
        if true {
            panic!("secret detail")
        }
    };
    let router: Router = Router::new()
        .route("/fails", get(fails))
        .route("/works", get(|| async { "fine" }))
        .layer(axum::middleware::from_fn_with_state(api, observe));
    let get = |path: &str| Request::get(path).body(Body::empty()).unwrap();
    let (status, headers, body) = answer(&router, get("/fails")).await;
    assert_eq!((status, headers["content-type"].as_bytes()), (500, b"application/problem+json".as_slice()));
    let problem: Problem = serde_json::from_slice(&body).unwrap();
    assert_eq!((&*problem.code, &*problem.outcome), ("internal", "unknown"));
    assert_eq!(problem.request_id.as_deref().unwrap().as_bytes(), headers["x-request-id"].as_bytes());
    assert!(!String::from_utf8_lossy(&body).contains("secret"));
    assert_eq!(answer(&router, get("/works")).await.2, "fine");
}

#[tokio::test]
async fn what_a_caller_makes_up_becomes_no_label() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let guard = metrics::set_default_local_recorder(&recorder);
    let (parts, _folder) = parts().await;
    let router = crate::api::router(parts);
    for (method, path) in [("POST", "/v3/made-up/pay"), ("EVIL", "/v3/made-up/pay"), ("GET", "/made/up?made=up")] {
        answer(&router, Request::builder().method(method).uri(path).body(Body::empty()).unwrap()).await;
    }
    drop(guard);
    let text = handle.render();
    assert!(text.contains(r#"http_payment_created_total{external="none",result="unknown_external"} 1"#), "{text}");
    assert!(text.contains("provost_http_request_seconds"));
    for made_up in ["made", "EVIL"] {
        assert!(!text.contains(made_up), "{text}");
    }
}
