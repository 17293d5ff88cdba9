//! How callers prove who they are, where they must.

use super::super::routes::{Access, Operation};
use utoipa::openapi::ComponentsBuilder;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};

/// Its name in the document.
const API_KEY: &str = "apiKey";

/// The scheme; none where nobody needs a key.
pub(super) fn scheme(components: ComponentsBuilder, locked: bool) -> ComponentsBuilder {
    let about = "An API key that the operator gave out, for the externals that it may use.";
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(about)).build();
    match locked {
        true => components.security_scheme(API_KEY, SecurityScheme::Http(scheme)),
        false => components,
    }
}

/// What an operation needs.
pub(super) fn of(operation: Operation, locked: bool) -> Option<Vec<SecurityRequirement>> {
    let needs = matches!(operation.access(), Access::OneExternal | Access::AnyKey);
    (locked && needs).then(|| vec![SecurityRequirement::new::<_, [&str; 0], &str>(API_KEY, [])])
}
