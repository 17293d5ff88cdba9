//! The service: where it is, what it is called with, and the headers that every request carries.

use provost_sdk::prelude::*;
use serde::Serialize;

/// The setting that says where the service is.
pub(crate) const BASE_URL: &str = "base_url";
/// The setting that names the header of the credential.
pub(crate) const HEADER: &str = "authorization_header";
/// The secret that is the credential.
pub(crate) const SECRET: &str = "authorization";

/// A question: it moves nothing.
pub(crate) fn get(path: &[&str]) -> Result<http::Request> {
    request("GET", path)
}

/// A call that does something, with the operation's idempotency key.
pub(crate) fn post(path: &[&str], body: &impl Serialize) -> Result<http::Request> {
    Ok(request("POST", path)?.idempotency_key().json(body))
}

/// The same without a body.
pub(crate) fn delete(path: &[&str]) -> Result<http::Request> {
    Ok(request("DELETE", path)?.idempotency_key())
}

/// Any request to a path below the base URL, with the credential where there is one.
pub(crate) fn request(method: &str, path: &[&str]) -> Result<http::Request> {
    let base = settings::required(BASE_URL)?;
    if base.contains(['?', '#']) {
        return Err(Error::refused(format!("the setting `{BASE_URL}` must end with its path: no query, no fragment")));
    }
    with_credential(http::request(method, http::url(&base, path)))
}

/// A service on a network of its own may have no credential; one that is there and cannot be sent is a
/// mistake, and nothing is sent without it.
fn with_credential(request: http::Request) -> Result<http::Request> {
    match secrets::placeholder(SECRET) {
        Ok(credential) => {
            let header = settings::get(HEADER).unwrap_or_else(|| "Authorization".to_owned());
            Ok(request.header(header, credential))
        }
        Err(error) if exists(SECRET) => Err(error.into()),
        Err(_) => Ok(request),
    }
}

/// Whether the operator configured a secret, sendable or not.
fn exists(secret: &str) -> bool {
    secrets::matches(secret, b"").is_ok()
}

#[cfg(test)]
mod tests {
    use provost_sdk::testing::{Answer, Host};

    use super::*;
    use crate::testing::host;

    fn sent(host: &Host) -> provost_sdk::testing::Sent {
        host.answer(Answer::bytes(200, ""));
        post(&["pay"], &json!({})).unwrap().send().unwrap();
        host.only_request()
    }

    #[test]
    fn a_write_carries_the_operations_key_and_no_credential_where_there_is_none() {
        let host = host();
        let sent = sent(&host);
        assert_eq!(sent.line(), "POST https://legacy.test/v3/pay");
        assert_eq!(sent.header("idempotency-key"), Some(host.idempotency_key().as_str()));
        assert_eq!(sent.header("content-type"), Some("application/json"));
        assert_eq!(sent.header("authorization"), None);
    }

    #[test]
    fn the_secret_is_the_whole_value_of_its_header() {
        let host = host().secret(SECRET, "Basic dXNlcjpwdw==");
        assert_eq!(sent(&host).header("authorization"), Some("Basic dXNlcjpwdw=="));
    }

    #[test]
    fn the_header_may_have_another_name() {
        let host = host().secret(SECRET, "k-1").setting(HEADER, "x-api-key");
        let sent = sent(&host);
        assert_eq!((sent.header("x-api-key"), sent.header("authorization")), (Some("k-1"), None));
    }

    #[test]
    fn a_base_url_that_nothing_can_follow_is_refused() {
        let host = Host::new().setting(BASE_URL, "https://legacy.test/?tenant=1");
        assert!(matches!(get(&["status"]), Err(Error::Refused(_))));
        assert!(host.requests().is_empty());
    }
}
