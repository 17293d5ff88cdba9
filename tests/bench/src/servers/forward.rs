//! What a gateway does for an integration that is a service of its own: hand the request over, and the
//! answer back.

use super::client;
use anyhow::Result;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{OriginalUri, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

#[derive(Clone)]
struct Upstream {
    client: reqwest::Client,
    url: String,
}

pub(super) fn routes(url: String) -> Result<Router> {
    let upstream = Upstream { client: client()?, url };
    Ok(Router::new().fallback(forward).with_state(upstream))
}

async fn forward(State(upstream): State<Upstream>, method: Method, uri: OriginalUri, body: Bytes) -> Response {
    match hand_over(&upstream, method, &uri, body).await {
        Ok((status, body)) => (status, [(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

async fn hand_over(
    upstream: &Upstream,
    method: Method,
    uri: &OriginalUri,
    body: Bytes,
) -> reqwest::Result<(StatusCode, Bytes)> {
    let request = upstream.client.request(method, format!("{}{}", upstream.url, uri.0));
    let request = request.header(header::CONTENT_TYPE, "application/json");
    let response = request.body(body).send().await?;
    Ok((response.status(), response.bytes().await?))
}
