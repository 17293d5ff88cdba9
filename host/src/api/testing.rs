//! An interface with no external configured, for tests of what stands in front of the operations.

use super::{Parts, Phase, Settings};
use crate::clock::{Clock, Timestamp};
use crate::operations::Operations;
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::sync::watch;
use tower::ServiceExt;

/// The parts, at rest.
pub(super) fn parts() -> Parts {
    Parts {
        operations: Operations,
        settings: Settings {
            listen: ([127, 0, 0, 1], 0).into(),
            public_url: None,
            body_limit: 1000,
            require_idempotency_key: false,
            threads: 1,
        },
        metrics: PrometheusBuilder::new().build_recorder().handle(),
        clock: Clock::manual(Timestamp(0)),
        phase: watch::Sender::new(Phase::Serving).subscribe(),
    }
}

/// What a router answers.
pub(super) async fn answer(router: &Router, request: Request<Body>) -> (u16, HeaderMap, Bytes) {
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    (parts.status.as_u16(), parts.headers, body.collect().await.unwrap().to_bytes())
}
