//! `GET /documentation`: a page to browse and try the interface: Swagger UI over the OpenAPI document. All that it is
//! made of lies in the program, and the browser is told to take nothing from anywhere else.

use super::problem::Problem;
use super::routes;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};

/// What the page may do: load what this host serves, call this host, and stand in nobody's frame. Swagger UI has its
/// icons as data URLs.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A file that the page is made of.
struct File {
    name: &'static str,
    media_type: &'static str,
    /// How long a browser may use it without asking.
    cached: &'static str,
    bytes: &'static [u8],
}

/// What is written here changes with the program.
const ASK: &str = "no-cache";
/// Swagger UI changes seldom, and the page works with the version before.
const A_DAY: &str = "public, max-age=86400";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

macro_rules! asset {
    ($folder:literal, $name:literal, $media_type:ident, $cached:ident) => {
        File {
            name: $name,
            media_type: $media_type,
            cached: $cached,
            bytes: include_bytes!(concat!("../../assets/", $folder, "/", $name)),
        }
    };
}

static PAGE: File = asset!("documentation", "page.html", HTML, ASK);

/// All that is served beside the page; whoever serves Swagger UI serves its licence with it.
static FILES: [File; 6] = [
    asset!("documentation", "page.js", JAVASCRIPT, ASK),
    asset!("swagger-ui", "swagger-ui.css", CSS, A_DAY),
    asset!("swagger-ui", "swagger-ui-bundle.js", JAVASCRIPT, A_DAY),
    asset!("swagger-ui", "swagger-ui-bundle.js.LICENSE.txt", TEXT, A_DAY),
    asset!("swagger-ui", "LICENSE", TEXT, A_DAY),
    asset!("swagger-ui", "NOTICE", TEXT, A_DAY),
];

/// The page.
pub(super) async fn page() -> Response {
    let mut response = served(&PAGE);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

/// Behind a slash the page's links would lead elsewhere. Relative, because a proxy may have put a path in front.
pub(super) async fn page_behind_slash() -> Response {
    (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, "../documentation")]).into_response()
}

/// One of the files, and never any other: the name is looked up in the list, as it was sent.
pub(super) async fn file(request: Request) -> Result<Response, Problem> {
    let name = request.uri().path().rsplit('/').next();
    match FILES.iter().find(|file| Some(file.name) == name) {
        Some(file) => Ok(served(file)),
        None => Err(routes::no_such_route().await),
    }
}

fn served(file: &File) -> Response {
    let headers: [(HeaderName, &str); 3] = [
        (header::CONTENT_TYPE, file.media_type),
        (header::CACHE_CONTROL, file.cached),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, Body::from(Bytes::from_static(file.bytes))).into_response()
}

#[cfg(test)]
mod tests;
