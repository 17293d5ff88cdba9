//! `/v3/{external}/utility/{name…}`: whatever a plugin exports. JSON goes in and comes out; what it means is between
//! caller and plugin.

use super::super::Api;
use super::super::observe::Counted;
use super::super::problem::Problem;
use super::super::respond::respond;
use super::body::Json;
use super::operation::{answer, asked_freely, reads};
use super::place::Place;
use crate::model::UtilityRequest;
use axum::extract::{Request, State};
use axum::response::Response;
use http::request::Parts;

/// Hands a request on to the plugin.
pub(in crate::api) async fn utility(
    State(api): State<Api>,
    place: Place,
    request: Request,
) -> Result<Response, Problem> {
    let name = place.utility().map_err(|problem| place.refuse(&api, problem))?;
    let asked = asked_freely(&api, request).await;
    let (caller, parts, body) = asked.map_err(|problem| place.refuse(&api, problem))?;
    let request = utility_request(name, &parts, body.as_ref());
    let mut response = answer(api.operations.utility(&place.external, caller, request, respond).await);
    if response.status().is_success() {
        // The plugin's words are its own.
        response.extensions_mut().insert(Counted("OK".into()));
    }
    Ok(response)
}

/// What the plugin gets. HEAD is GET without the answer's body, for which the connection sees.
fn utility_request(name: String, parts: &Parts, body: Option<&Json>) -> UtilityRequest {
    let method = if reads(&parts.method) { "GET" } else { parts.method.as_str() };
    let query = url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
    UtilityRequest { method: method.to_owned(), name, query: query.into_owned().collect(), body: body.map(Json::text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http::HeaderMap;

    fn request(method: &str, uri: &str, body: Option<&'static str>) -> UtilityRequest {
        let parts = http::Request::builder().method(method).uri(uri).body(()).unwrap().into_parts().0;
        let body = body.map(|text| Json::parse(&HeaderMap::new(), Bytes::from_static(text.as_bytes())).unwrap());
        utility_request("tokens".into(), &parts, body.as_ref())
    }

    #[test]
    fn a_plugin_gets_the_request_as_it_came() {
        let asked = request("PATCH", "/x?a=1&a=%C3%BC+%26&flag", Some(r#"{"n": 1.50}"#));
        let expected = UtilityRequest {
            method: "PATCH".into(),
            name: "tokens".into(),
            query: [("a", "1"), ("a", "ü &"), ("flag", "")].map(|(name, value)| (name.into(), value.into())).to_vec(),
            body: Some(r#"{"n": 1.50}"#.into()),
        };
        assert_eq!(asked, expected);
    }

    #[test]
    fn a_head_is_a_get_to_the_plugin() {
        for method in ["GET", "HEAD"] {
            let asked = request(method, "/x", None);
            assert_eq!((asked.method.as_str(), asked.query.len(), asked.body), ("GET", 0, None));
        }
    }
}
