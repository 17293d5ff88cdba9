//! Where a request goes, by its path.

use super::super::Api;
use super::super::problem::{Code, Problem};
use super::super::respond::problem_of;
use super::fields;
use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use serde::Deserialize;

/// The parts of the path that have a meaning.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct Place {
    /// The name of a provider's configuration.
    pub(in crate::api) external: String,
    /// The payment method, on the paths that have one.
    #[serde(default)]
    pub(super) payment_method: Option<String>,
    #[serde(default)]
    subscription_token: Option<String>,
    #[serde(default)]
    name: Option<String>,
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
    /// The subscription's token, on the paths that have one. What can be no token is none that anybody was given.
    pub(super) fn subscription_token(&self) -> Result<String, Problem> {
        let token = self.subscription_token.clone().filter(|token| fields::is_id(token));
        let detail = "A token has 1 to 255 characters, none of them a control character.";
        token.ok_or_else(|| Problem::new(Code::SubscriptionNotFound, detail))
    }

    /// What follows `/utility/`.
    pub(super) fn utility(&self) -> Result<String, Problem> {
        let name = self.name.clone().filter(|name| is_utility_name(name));
        let detail = "A utility's name has 1 to 255 characters, no control character, and no segment of dots alone.";
        name.ok_or_else(|| Problem::new(Code::UtilityNotFound, detail))
    }

    /// What to say of a request that is wrong: first of all that there is no such external, where there is none.
    pub(super) fn refuse(&self, api: &Api, problem: Problem) -> Problem {
        match api.operations.external(&self.external) {
            Err(error) => problem_of(&error),
            Ok(_) => problem,
        }
    }
}

/// What may follow `/utility/`. A plugin may make a path of it: a name must not lead it elsewhere.
pub(in crate::api) fn is_utility_name(text: &str) -> bool {
    fields::is_id(text) && !text.split('/').any(|segment| matches!(segment, "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Place {
        let text = Some(text.to_owned());
        let (subscription_token, name) = (text.clone(), text);
        Place { external: "acme".into(), payment_method: None, subscription_token, name }
    }

    #[test]
    fn what_can_be_no_token_is_not_found() {
        let long = "x".repeat(256);
        assert_eq!(place("sub/ü 1").subscription_token(), Ok("sub/ü 1".to_owned()));
        for odd in ["", "a\nb", "\0", &long] {
            assert_eq!(place(odd).subscription_token().unwrap_err().code, "subscription_not_found", "{odd:?}");
        }
    }

    #[test]
    fn a_utilitys_name_leads_nowhere_else() {
        for good in ["tokens", "customers/42", ".well-known/x", "a..b", "a//b"] {
            assert_eq!(place(good).utility().as_deref(), Ok(good));
        }
        for odd in ["", ".", "..", "a/../b", "../admin", "a/.", "a\rb"] {
            assert_eq!(place(odd).utility().unwrap_err().code, "utility_not_found", "{odd:?}");
        }
    }
}
