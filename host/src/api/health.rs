//! What an orchestrator and a dashboard ask for. The bodies have the shape that PGM's probes have.

use super::{Api, Phase};
use crate::operations::{External, Readiness};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde::Serialize;

/// How the host is.
#[derive(Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(super) struct Health {
    /// `OK` or `KO`.
    #[schema(examples("OK"))]
    status: &'static str,
    /// Always `provost`.
    #[schema(examples("provost"))]
    name: &'static str,
    /// The host's version.
    #[schema(examples("0.1.0"))]
    version: &'static str,
    /// Why it is not ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// What it depends on, in a check-up.
    #[serde(skip_serializing_if = "Option::is_none")]
    dependencies: Option<Vec<Dependency>>,
}

/// Something that the host depends on.
#[derive(Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(super) struct Dependency {
    /// `host`, or `external:` and the name of an external.
    #[schema(examples("external:acme"))]
    name: String,
    /// `OK` or `KO`.
    #[schema(examples("OK"))]
    status: &'static str,
    /// The plugin's version: the sha256 of its bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
}

/// The process runs.
pub(super) async fn healthz() -> Json<Health> {
    Json(health(Ok(())))
}

/// The host takes work: not while it is about to leave, nor without its store.
pub(super) async fn ready(State(api): State<Api>) -> Response {
    answered(health(readiness(&api).await))
}

/// The host and every external.
pub(super) async fn check_up(State(api): State<Api>) -> Response {
    let ready = readiness(&api).await;
    let host = Dependency { name: "host".to_owned(), status: word(ready.is_ok()), version: None };
    let externals = api.operations.externals().into_iter().map(dependency);
    answered(Health { dependencies: Some([host].into_iter().chain(externals).collect()), ..health(ready) })
}

/// Prometheus text.
pub(super) async fn metrics(State(api): State<Api>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], api.metrics.render()).into_response()
}

async fn readiness(api: &Api) -> Result<(), &'static str> {
    if *api.phase.borrow() != Phase::Serving {
        return Err("draining");
    }
    match api.operations.readiness().await {
        Readiness::Ready => Ok(()),
        Readiness::NotReady(reason) => Err(reason),
    }
}

fn health(ready: Result<(), &'static str>) -> Health {
    let (name, version) = ("provost", env!("CARGO_PKG_VERSION"));
    Health { status: word(ready.is_ok()), name, version, reason: ready.err(), dependencies: None }
}

fn dependency(external: External) -> Dependency {
    Dependency {
        name: format!("external:{}", external.name),
        status: word(external.serving.is_some()),
        version: external.serving.map(|serving| serving.version.to_string()),
    }
}

fn word(well: bool) -> &'static str {
    if well { "OK" } else { "KO" }
}

fn answered(health: Health) -> Response {
    let status = if health.reason.is_none() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(health)).into_response()
}
