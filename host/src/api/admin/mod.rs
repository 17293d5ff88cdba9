//! What operators ask a running host for, on a listener of its own: payments and callbacks to look at, to settle, to
//! send again. Everything needs the token; nothing here is part of the interface that callers see.
//!
//! | path | what |
//! |---|---|
//! | `GET /admin/v1/payments` | a list: `external`, `state`, `review`, `shopTransactionId`, `since`, `until`, `limit`, `cursor` |
//! | `GET /admin/v1/payments/{id}` | one, by any name, with all that was done to it; `external` where several have that name |
//! | `POST /admin/v1/payments/{id}/settle` | decides it by hand (rule 10) |
//! | `GET /admin/v1/callbacks` | a list: `external`, `state`, `payment`, `since`, `until`, `limit`, `cursor` |
//! | `GET /admin/v1/callbacks/{id}` | one, with its body and every attempt (rule 33) |
//! | `POST /admin/v1/callbacks/replay` | one, or all that fit |

mod callbacks;
pub(crate) mod json;
mod payments;
mod refusal;
mod settings;

pub use settings::Settings;

use crate::model::SecretBytes;
use crate::operations::Operations;
use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{HeaderMap, header};
use refusal::Refusal;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::Duration;
use subtle::ConstantTimeEq;

/// Bytes of a request's body.
const BODY_LIMIT: usize = 64 << 10;

/// How long a request may take, from its head to its answer.
const LONGEST: Duration = Duration::from_secs(30);

/// What every handler shares.
#[derive(Clone)]
struct Admin(Arc<Shared>);

struct Shared {
    operations: Operations,
    /// Of the digest alone, so that the comparison takes the same time whatever is sent.
    token: [u8; 32],
}

/// Every route, behind the token.
pub fn router(operations: Operations, token: &SecretBytes) -> Router {
    let admin = Admin(Arc::new(Shared { operations, token: Sha256::digest(token.expose()).into() }));
    Router::new()
        .route("/admin/v1/payments", get(payments::list))
        .route("/admin/v1/payments/{id}", get(payments::show))
        .route("/admin/v1/payments/{id}/settle", post(payments::settle))
        .route("/admin/v1/callbacks", get(callbacks::list))
        .route("/admin/v1/callbacks/replay", post(callbacks::replay))
        .route("/admin/v1/callbacks/{id}", get(callbacks::show))
        .fallback(async || Refusal::no_such_route())
        .method_not_allowed_fallback(async || Refusal::method_not_allowed())
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn_with_state(admin.clone(), guard))
        .with_state(admin)
}

/// Nothing is looked at before the token, and nothing takes for ever.
async fn guard(State(admin): State<Admin>, request: Request<Body>, next: Next) -> Response {
    if super::head::refusal(&request).is_some() {
        return Refusal::too_large().into_response();
    }
    if !admin.knows(request.headers()) {
        return Refusal::no_token().into_response();
    }
    match tokio::time::timeout(LONGEST, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Refusal::too_slow().into_response(),
    }
}

impl Admin {
    fn knows(&self, headers: &HeaderMap) -> bool {
        let said = headers.get(header::AUTHORIZATION).map(http::HeaderValue::as_bytes).unwrap_or_default();
        let token = said.split_at_checked(7).filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"bearer "));
        let digest: [u8; 32] = Sha256::digest(token.map(|(_, token)| token).unwrap_or_default()).into();
        bool::from(digest.ct_eq(&self.0.token)) && token.is_some()
    }

    fn operations(&self) -> &Operations {
        &self.0.operations
    }
}

#[cfg(test)]
mod tests;
