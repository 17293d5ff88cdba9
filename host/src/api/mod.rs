//! The REST interface: routes, JSON, status codes. The only user of axum. Decides nothing about payments: it reads a
//! request, asks `operations` once, and writes the answer.
//!
//! Start at [`routes`](self), the one list of what there is; then `v3`, what each of them does; then `respond`, what a
//! caller is answered. `observe` stands around every request, the `door` before it is handled,
//! and `server` around them all.

pub mod admin;
mod answers;
mod document;
mod documentation;
mod door;
mod files;
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

pub use door::{Digest, Externals, Key, Rate, new_key};
pub use files::room_for;
pub use server::Phase;
pub use settings::{Settings, Shutdown};
pub use threads::{bind, serve_on_threads};

use crate::clock::Clock;
use crate::operations::Operations;
use axum::Router;
use bytes::Bytes;
use metrics_exporter_prometheus::PrometheusHandle;
use routes::{Operation, ROUTES, Route};
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
    door: door::Door,
    meters: observe::Meters,
}

impl Api {
    fn of(parts: Parts) -> Self {
        let door = door::Door::of(&parts.settings);
        let document = Bytes::from(document::json(document::Shown::of(&parts.settings)));
        Self(Arc::new(Shared { parts, document, door, meters: observe::Meters::default() }))
    }
}

impl Api {
    fn door(&self) -> &door::Door {
        &self.0.door
    }

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

/// What each listener serves.
pub struct Routers {
    /// For callers, and for providers' webhooks where these have no listener of their own.
    pub api: Router,
    /// For webhooks, and nothing else; none where they have no listener of their own.
    pub callbacks: Option<Router>,
}

/// Every route once, behind what observes requests.
pub fn routers(parts: Parts) -> Routers {
    observe::describe_metrics();
    let apart = parts.settings.callbacks_listen.is_some();
    let api = Api::of(parts);
    let (callbacks, others) =
        ROUTES.iter().partition::<Vec<_>, _>(|route| apart && route.operation == Operation::Callback);
    Routers { api: router_of(&api, &others), callbacks: apart.then(|| router_of(&api, &callbacks)) }
}

fn router_of(api: &Api, routes: &[&Route]) -> Router {
    let routes = routes.iter();
    routes
        .fold(Router::new(), |router, route| router.route(route.path, route.handler()))
        .fallback(routes::no_such_route)
        .method_not_allowed_fallback(routes::method_not_allowed)
        .layer(axum::middleware::from_fn_with_state(api.clone(), observe::observe))
        .with_state(api.clone())
}

/// What callers see.
#[cfg(test)]
fn router(parts: Parts) -> Router {
    routers(parts).api
}
