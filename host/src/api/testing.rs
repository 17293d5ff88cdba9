//! An interface with no external configured, for tests of what stands in front of the operations.

use super::{Parts, Phase, Settings};
use crate::capabilities::Limits;
use crate::clock::{Clock, Timestamp};
use crate::egress::Egress;
use crate::operations::Operations;
use crate::outbox::Outbox;
use crate::registry::Registry;
use crate::runtime::Engine;
use crate::store::Store;
use crate::{operations, outbox, registry, runtime, store};
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use metrics_exporter_prometheus::PrometheusBuilder;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::sync::watch;
use tower::ServiceExt;

/// The parts, at rest. What they keep on disk goes with the folder.
pub(super) async fn parts() -> (Parts, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::manual(Timestamp(0));
    let parts = Parts {
        operations: operations(folder.path(), clock.clone()).await,
        settings: Settings {
            listen: ([127, 0, 0, 1], 0).into(),
            callbacks_listen: None,
            public_url: None,
            body_limit: 1000,
            require_idempotency_key: false,
            connections: 100,
            keys: Vec::new(),
            rate: None,
            threads: 1,
        },
        metrics: PrometheusBuilder::new().build_recorder().handle(),
        clock,
        phase: watch::Sender::new(Phase::Serving).subscribe(),
    };
    (parts, folder)
}

async fn operations(folder: &Path, clock: Clock) -> Operations {
    let store = Store::open(&store::Settings::file(folder.join("provost.db")), clock.now()).unwrap();
    // No plugin is loaded: the compiler is never asked.
    let engine = Engine::new(&runtime::Settings { concurrent_calls: 1, ..runtime::Settings::default() }).unwrap();
    let dir = folder.join("plugins");
    let patience = registry::PATIENCE;
    let plugins = registry::Settings { dir, providers: Vec::new(), limits: Limits::default(), patience };
    let egress = Arc::new(Egress::new());
    let outbox = Outbox::new(store.clone(), egress.clone(), clock.clone(), outbox::Settings::default());
    let registry = Registry::open(plugins, engine).await;
    Operations::new(store, registry, egress, outbox, clock, operations::Settings::default(), None, [0; 32])
}

/// What a router answers.
pub(super) async fn answer(router: &Router, request: Request<Body>) -> (u16, HeaderMap, Bytes) {
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    (parts.status.as_u16(), parts.headers, body.collect().await.unwrap().to_bytes())
}
