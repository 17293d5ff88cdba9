//! Where a request goes, by its path.

use super::super::Api;
use super::super::problem::{Code, Problem};
use super::super::respond::problem_of;
use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use serde::Deserialize;

/// The parts of the path that have a meaning.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct Place {
    /// The name of a provider's configuration.
    pub(super) external: String,
    /// The payment method, on the paths that have one.
    #[serde(default)]
    pub(super) payment_method: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Place {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::from_request_parts(parts, state).await;
        path.map(|Path(place)| place)
            .map_err(|_| Problem::new(Code::NoSuchRoute, "The path is not UTF-8 behind its percent signs."))
    }
}

impl Place {
    /// What to say of a request that is wrong: first of all that there is no such external, where there is none.
    pub(super) fn refuse(&self, api: &Api, problem: Problem) -> Problem {
        match api.operations.external(&self.external) {
            Err(error) => problem_of(&error),
            Ok(_) => problem,
        }
    }
}
