//! The REST interface: routes, JSON, status codes. The only user of axum. Decides nothing about payments: it reads a
//! request, asks `operations` once, and writes the answer.
//!
//! Start at [`routes`](self), the one list of what there is; then `v3`, what each of them does; then `respond`, what a
//! caller is answered. `observe` stands around every request, and `server` around them all.

pub mod admin;
mod answers;
mod document;
mod documentation;
mod head;
mod health;
mod idempotency;
mod observe;
pub(crate) mod offline;
mod problem;
mod respond;
mod routes;
mod server;
mod settings;
#[cfg(test)]
mod testing;
mod threads;
mod v3;

pub use server::{Phase, serve};
pub use settings::{Settings, Shutdown};
pub use threads::{bind, serve_on_threads};

use crate::clock::Clock;
use crate::operations::Operations;
use axum::Router;
use bytes::Bytes;
use metrics_exporter_prometheus::PrometheusHandle;
use std::sync::Arc;
use tokio::sync::watch;

/// What the interface is made of.
pub struct Parts {
    /// Does the work.
    pub operations: Operations,
    /// The `[api]` table.
    pub settings: Settings,
    /// What `/-/metrics` shows.
    pub metrics: PrometheusHandle,
    /// When a webhook came.
    pub clock: Clock,
    /// Whether the host is about to leave.
    pub phase: watch::Receiver<Phase>,
}

/// What every handler shares.
#[derive(Clone)]
struct Api(Arc<Shared>);

struct Shared {
    parts: Parts,
    document: Bytes,
    meters: observe::Meters,
}

impl Api {
    fn of(parts: Parts) -> Self {
        let document = Bytes::from(document::json());
        Self(Arc::new(Shared { parts, document, meters: observe::Meters::default() }))
    }
}

impl Api {
    fn meters(&self) -> &observe::Meters {
        &self.0.meters
    }
}

impl std::ops::Deref for Api {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0.parts
    }
}

/// Every route, behind what observes requests.
pub fn router(parts: Parts) -> Router {
    observe::describe_metrics();
    let api = Api::of(parts);
    let routes = routes::ROUTES.iter();
    routes
        .fold(Router::new(), |router, route| router.route(route.path, route.handler()))
        .fallback(routes::no_such_route)
        .method_not_allowed_fallback(routes::method_not_allowed)
        .layer(axum::middleware::from_fn_with_state(api.clone(), observe::observe))
        .with_state(api)
}
