//! The interface's own door: which callers there are, what each may use, and how much. Without keys it stands open.
//! It looks at a request's route and headers, and at nothing that belongs to payments.

mod key;
mod rate;

pub use key::{Digest, Externals, Key, new_key};
pub use rate::Rate;

use super::Settings;
use super::problem::{Code, Problem};
use super::routes::{Access, Route};
use super::v3::Place;
use crate::clock::Timestamp;
use crate::telemetry;
use axum::RequestExt as _;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, header};
use rate::Used;
use std::sync::Arc;
use subtle::ConstantTimeEq as _;

/// Who a request comes from, for those who handle it.
#[derive(Clone, Debug)]
pub(super) struct Admitted(Arc<Key>);

impl Admitted {
    /// The caller of rule 17.
    pub(super) fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether it may know of this external.
    pub(super) fn may_use(&self, external: &str) -> bool {
        self.0.externals.include(external)
    }
}

/// What is known of callers.
pub(super) struct Door {
    keys: Vec<Key>,
    callers: Vec<(Admitted, Option<Rate>, Used)>,
}

/// Why a request was not let in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused(Problem);

impl Door {
    pub(super) fn of(settings: &Settings) -> Self {
        let caller = |key: &Key| (Admitted(Arc::new(key.clone())), key.rate.or(settings.rate), Used::default());
        Self { keys: settings.keys.clone(), callers: settings.keys.iter().map(caller).collect() }
    }

    /// Whether callers need a key.
    pub(super) fn is_locked(&self) -> bool {
        !self.keys.is_empty()
    }

    /// Lets a request in and notes whose it is, or says why not. Nothing of what is refused is read or kept.
    pub(super) async fn admit(
        &self,
        route: Option<&Route>,
        request: &mut Request,
        now: Timestamp,
    ) -> Result<(), Refused> {
        // What is at no route does nothing: it is 404 for everybody.
        let Some(access) = route.map(|route| route.operation.access()).filter(|_| self.is_locked()) else {
            return Ok(());
        };
        if access == Access::Open {
            return Ok(());
        }
        if access == Access::World {
            self.hide_keys(request.headers_mut());
            return Ok(());
        }
        let shown = only(request.headers()).and_then(bearer);
        let Some((admitted, rate, used)) = shown.and_then(|shown| self.caller(shown)) else {
            return Err(if shown.is_some() { Refused::unknown() } else { Refused::no_key() });
        };
        // A refused request counts too: who tries other externals is no less of a flood.
        if let Some(rate) = rate {
            used.take(*rate, now).map_err(|wait| Refused::too_many(admitted, *rate, wait))?;
        }
        if access == Access::OneExternal && admitted.0.externals != Externals::Every {
            let place: Place = request.extract_parts().await.map_err(Refused)?;
            if !admitted.may_use(&place.external) {
                return Err(Refused::other_external(admitted));
            }
        }
        tracing::Span::current().record("caller", admitted.name());
        request.extensions_mut().insert(admitted.clone());
        Ok(())
    }

    fn caller(&self, shown: &[u8]) -> Option<&(Admitted, Option<Rate>, Used)> {
        let found = key::position(&self.keys, &Digest::of(shown), Digest::ct_eq);
        self.callers.get(found?)
    }

    /// A caller's key that comes along with a webhook is none of the plugin's business.
    fn hide_keys(&self, headers: &mut HeaderMap) {
        let mut shown = headers.get_all(header::AUTHORIZATION).iter().filter_map(bearer);
        if shown.any(|shown| self.caller(shown).is_some()) {
            headers.remove(header::AUTHORIZATION);
        }
    }
}

impl Refused {
    fn no_key() -> Self {
        count("none", Code::ApiKeyMissing);
        Self(Problem::new(Code::ApiKeyMissing, "Send the header Authorization, once: Bearer and your API key."))
    }

    fn unknown() -> Self {
        count("none", Code::ApiKeyUnknown);
        Self(Problem::new(Code::ApiKeyUnknown, "The API key in the header Authorization is none that is known here."))
    }

    fn other_external(admitted: &Admitted) -> Self {
        count(admitted.name(), Code::ApiKeyForbids);
        Self(Problem::new(Code::ApiKeyForbids, "The API key is for other externals; GET /v3 lists them."))
    }

    fn too_many(admitted: &Admitted, rate: Rate, wait: std::time::Duration) -> Self {
        count(admitted.name(), Code::TooManyRequests);
        let Rate { per_second, burst } = rate;
        let detail = format!("The API key has {per_second} requests a second, and {burst} at once.");
        Self(Problem::new(Code::TooManyRequests, detail).retry_after(wait))
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        // RFC 6750, section 3: without a key no reason is given.
        let challenge = match &*self.0.code {
            code if code == Code::ApiKeyMissing.name() => Some("Bearer"),
            code if code == Code::ApiKeyUnknown.name() => Some("Bearer error=\"invalid_token\""),
            _ => None,
        };
        let mut response = self.0.into_response();
        if let Some(challenge) = challenge {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response
    }
}

fn count(key: &str, code: Code) {
    metrics::counter!(telemetry::API_REFUSED, "key" => key.to_owned(), "reason" => code.name()).increment(1);
}

/// The header, where it stands there once.
fn only(headers: &HeaderMap) -> Option<&HeaderValue> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    values.next().filter(|_| values.next().is_none())
}

/// What is shown as a bearer token.
fn bearer(value: &HeaderValue) -> Option<&[u8]> {
    let (scheme, token) = value.as_bytes().split_at_checked(7)?;
    Some(token.trim_ascii()).filter(|token| scheme.eq_ignore_ascii_case(b"bearer ") && !token.is_empty())
}

#[cfg(test)]
mod tests;
