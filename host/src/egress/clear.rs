//! The checks that every request of a plugin passes before a byte of it leaves, in the order of `sandbox.md`, "Egress".

use super::placeholder::{Expansion, Placeholder, length, without_tokens};
use super::{Error, Grant};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use sha2::{Digest, Sha256};
use url::Url;
use zeroize::Zeroizing;

/// The most bytes of a URL with its secrets in: more than servers take.
const URL: u64 = 16 << 10;
/// The most bytes of all headers together, with their secrets in: more than servers take.
const HEADERS: u64 = 64 << 10;

/// A request as a plugin wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its method, in upper case.
    pub method: String,
    /// Where it goes.
    pub url: String,
    /// Header names and values.
    pub headers: Vec<(String, String)>,
    /// Its body, if it has one.
    pub body: Option<Vec<u8>>,
}

/// A request that may leave. Its secrets are in it: it cannot be printed.
pub struct Cleared {
    pub(super) method: Method,
    pub(super) expanded: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Zeroizing<Vec<u8>>>,
    shown: Url,
    digest: String,
}

impl Cleared {
    /// Its method.
    pub fn method(&self) -> &str {
        self.method.as_str()
    }

    /// Where it goes, before secrets were put in.
    pub fn url(&self) -> &Url {
        &self.shown
    }

    /// Origin and path, before secrets were put in: what may be logged and kept.
    pub fn place(&self) -> String {
        format!("{}{}", self.shown.origin().ascii_serialization(), self.shown.path())
    }

    /// sha256 in hex over method, URL, headers and body, with each secret's name in the place of its value: equal in
    /// another call that sends the same. Empty for GET and HEAD, which nobody repeats by it.
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

/// Checks a request against the grants and puts its secrets in, at most `body_limit` bytes of body in all. Nothing has
/// left, whatever comes of it.
pub fn clear(
    request: Request,
    grants: &[Grant],
    placeholders: &[Placeholder],
    body_limit: u64,
) -> Result<Cleared, Error> {
    let method = method(&request.method)?;
    let mut url = Url::parse(&request.url).map_err(|error| Error::Invalid(format!("URL: {error}")))?;
    url.set_fragment(None);
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::Denied("the URL has user info".to_owned()));
    }
    granted(grants, &request.method, &url)?;
    let expansion = Expansion { placeholders, url: &url };
    if url.host_str().is_some_and(|host| expansion.is_in(host)) {
        return Err(Error::Denied("a secret in the host's name".to_owned()));
    }
    let headers = headers(&request.headers, expansion)?;
    let expanded = match placeholders {
        [] => within_limit(&url)?.clone(),
        _ => {
            let expanded = expand_url(expansion)?;
            // A secret may have moved the path from under its grant.
            granted(grants, &request.method, &expanded)?;
            expanded
        }
    };
    let digest = match request.method.as_str() {
        "GET" | "HEAD" => String::new(),
        _ => digest(&request, &url, placeholders),
    };
    let body = request.body.map(|body| expansion.expand(&Zeroizing::new(body), body_limit)).transpose()?;
    Ok(Cleared { method, expanded, headers, body, shown: url, digest })
}

fn method(text: &str) -> Result<Method, Error> {
    let invalid = || Error::Invalid("the method is not one that can be sent".to_owned());
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_uppercase()) || matches!(text, "CONNECT" | "TRACE") {
        return Err(invalid());
    }
    Method::from_bytes(text.as_bytes()).map_err(|_| invalid())
}

/// Denied with the rule's reason where no grant covers the request.
fn granted(grants: &[Grant], method: &str, url: &Url) -> Result<(), Error> {
    if grants.iter().any(|grant| grant.covers(method, url)) {
        return Ok(());
    }
    let origin = url.origin().ascii_serialization();
    if grants.iter().any(|grant| grant.origin.covers(url)) {
        return Err(Error::Denied(format!("the grant of {origin} does not cover this method and path")));
    }
    Err(Error::Denied(format!("{origin} is not granted")))
}

fn headers(headers: &[(String, String)], expansion: Expansion) -> Result<HeaderMap, Error> {
    let mut map = HeaderMap::new();
    let mut left = HEADERS;
    for (name, value) in headers {
        let shown = name.escape_debug();
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| Error::Invalid(format!("{shown} is not a header's name")))?;
        if belongs_to_host(name.as_str()) {
            return Err(Error::Invalid(format!("the header {name} belongs to the host")));
        }
        left = left.checked_sub(name.as_str().len() as u64).ok_or_else(too_many)?;
        let expanded = expansion.expand(value.as_bytes(), left)?;
        left -= expanded.len() as u64;
        let mut value =
            HeaderValue::from_bytes(&expanded).map_err(|_| Error::Invalid(format!("the value of header {name}")))?;
        value.set_sensitive(true);
        map.try_append(name, value).map_err(|_| too_many())?;
    }
    Ok(map)
}

fn too_many() -> Error {
    Error::Invalid("too many headers".to_owned())
}

/// What frames a message or steers a connection: a plugin that set it could smuggle a second request into the first.
fn belongs_to_host(name: &str) -> bool {
    let names = ["host", "content-length", "connection", "transfer-encoding", "te", "upgrade", "keep-alive", "trailer"];
    names.contains(&name) || name == "expect" || name.starts_with("proxy-")
}

/// A URL without secrets is held to the same size.
fn within_limit(url: &Url) -> Result<&Url, Error> {
    let fits = url.as_str().len() as u64 <= URL;
    fits.then_some(url).ok_or_else(|| Error::Invalid(format!("a URL of more than {URL} bytes")))
}

fn expand_url(expansion: Expansion) -> Result<Url, Error> {
    let expanded = expansion.expand(expansion.url.as_str().as_bytes(), URL)?;
    let invalid = || Error::Invalid("the URL, with its secrets in".to_owned());
    let text = std::str::from_utf8(&expanded).map_err(|_| invalid())?;
    Url::parse(text).map_err(|_| invalid())
}

/// Each part goes in behind its length, so that no two requests run together into the same bytes.
fn digest(request: &Request, url: &Url, placeholders: &[Placeholder]) -> String {
    let mut hash = Sha256::new();
    let mut add = |part: &[u8]| {
        let parts = without_tokens(part, placeholders);
        hash.update(length(&parts).to_be_bytes());
        parts.iter().for_each(|part| hash.update(part));
    };
    add(request.method.as_bytes());
    add(url.as_str().as_bytes());
    add(&(request.headers.len() as u64).to_be_bytes());
    for (name, value) in &request.headers {
        add(name.to_ascii_lowercase().as_bytes());
        add(value.as_bytes());
    }
    add(request.body.as_deref().unwrap_or_default());
    hex::encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egress::{Bound, Origin};
    use crate::model::SecretBytes;

    fn get(url: &str) -> Request {
        Request { method: "GET".into(), url: url.into(), headers: Vec::new(), body: None }
    }

    fn grants() -> Vec<Grant> {
        let origin = |text| Origin::parse(text).unwrap();
        let narrow =
            Grant { methods: vec!["GET".into()], paths: vec!["/v1/".into()], ..Grant::to(origin("https://n.example")) };
        vec![Grant::to(origin("https://a.example")), Grant::to(origin("https://*.w.example")), narrow]
    }

    fn secret(value: &str) -> Placeholder {
        let origins = ["https://a.example", "https://*.w.example", "https://n.example"];
        let origins = origins.map(|text| Origin::parse(text).unwrap()).to_vec();
        let bound = vec![Bound { secret: "key".into(), origins }];
        Placeholder::new("{secret key raw}".into(), SecretBytes::new(value.into()), bound)
    }

    fn refused(request: Request, placeholders: &[Placeholder]) -> Error {
        clear(request, &grants(), placeholders, 1 << 10).err().expect("refused")
    }

    #[test]
    fn what_is_not_granted_is_denied_with_its_reason() {
        let cases = [
            ("http://a.example/", "http://a.example is not granted"),
            ("https://a.example:444/", "https://a.example:444 is not granted"),
            ("https://b.example/", "https://b.example is not granted"),
            ("https://w.example/", "https://w.example is not granted"),
            ("https://u:p@a.example/", "the URL has user info"),
            ("https://n.example/v2/", "the grant of https://n.example does not cover this method and path"),
            ("https://n.example/v1/../v2/", "the grant of https://n.example does not cover this method and path"),
            ("file:///etc/passwd", "null is not granted"),
        ];
        for (url, reason) in cases {
            assert_eq!(refused(get(url), &[]), Error::Denied(reason.into()), "{url}");
        }
        let post = Request { method: "POST".into(), ..get("https://n.example/v1/") };
        assert!(matches!(refused(post, &[]), Error::Denied(_)));
    }

    #[test]
    fn what_cannot_be_sent_is_invalid() {
        for method in ["", "get", "GE T", "CONNECT", "TRACE", "G\r\nX"] {
            let request = Request { method: method.into(), ..get("https://a.example/") };
            assert!(matches!(refused(request, &[]), Error::Invalid(_)), "{method:?}");
        }
        let headers = [
            ("Host", "b.example"),
            ("content-length", "1"),
            ("Transfer-Encoding", "chunked"),
            ("Proxy-Authorization", "x"),
            ("Expect", "100-continue"),
            ("X Y", "1"),
            ("x", "a\r\nHost: b"),
            ("x", "a\0"),
        ];
        for (name, value) in headers {
            let request = Request { headers: vec![(name.into(), value.into())], ..get("https://a.example/") };
            assert!(matches!(refused(request, &[]), Error::Invalid(_)), "{name}");
        }
        assert!(matches!(refused(get("no url"), &[]), Error::Invalid(_)));
    }

    #[test]
    fn secrets_are_put_into_url_headers_and_body_and_nothing_else_shows_them() {
        let key = secret("s3cret");
        let token = key.token().to_owned();
        let request = Request {
            method: "POST".into(),
            url: format!("https://a.example/{token}?k={token}#gone"),
            headers: vec![("Authorization".into(), format!("Bearer {token}"))],
            body: Some(format!("key={token}").into_bytes()),
        };
        let cleared = clear(request, &grants(), &[key], 1 << 10).unwrap();
        assert_eq!(cleared.expanded.as_str(), "https://a.example/s3cret?k=s3cret");
        assert_eq!(cleared.headers["authorization"], "Bearer s3cret");
        assert_eq!(*cleared.body.clone().unwrap(), b"key=s3cret");
        assert!(!format!("{:?}", cleared.headers).contains("s3cret"));
        assert_eq!(cleared.place(), format!("https://a.example/{token}"));
    }

    #[test]
    fn a_secret_cannot_move_a_request_elsewhere() {
        let up = secret("../v2");
        let path = format!("https://n.example/v1/{}", up.token());
        assert!(matches!(refused(get(&path), &[up]), Error::Denied(_)));
        let host = secret("x");
        let url = format!("https://{}.w.example/", host.token());
        assert_eq!(refused(get(&url), &[host]), Error::Denied("a secret in the host's name".into()));
    }

    #[test]
    fn a_digest_is_the_same_in_every_call_and_differs_with_every_part() {
        let digest = |request: &Request, key: &Placeholder| {
            let token = key.token().to_owned();
            let mut request = request.clone();
            request.headers.push(("authorization".into(), token));
            clear(request, &grants(), std::slice::from_ref(key), 1 << 10).unwrap().digest().to_owned()
        };
        let post = Request { method: "POST".into(), ..get("https://a.example/x?y") };
        let plain = Request { body: Some(b"1".to_vec()), ..post };
        assert_eq!(digest(&get("https://a.example/"), &secret("one")), "", "nobody repeats what only reads by it");
        let known = digest(&plain, &secret("one"));
        assert_eq!(digest(&plain, &secret("two")), known);
        for other in [
            Request { method: "PUT".into(), ..plain.clone() },
            Request { url: "https://a.example/x?z".into(), ..plain.clone() },
            Request { headers: vec![("a".into(), "b".into())], ..plain.clone() },
            Request { body: Some(b"2".to_vec()), ..plain.clone() },
        ] {
            assert_ne!(digest(&other, &secret("one")), known, "{other:?}");
        }
    }

    #[test]
    fn secrets_make_no_part_of_a_request_larger_than_its_limit() {
        let key = secret(&"x".repeat(1 << 10));
        let token = key.token().to_owned();
        let url = get(&format!("https://a.example/{}", token.repeat(16)));
        let body = Request { body: Some(token.repeat(2).into_bytes()), ..get("https://a.example/") };
        let headers = vec![("x-a".to_owned(), token.repeat(8)); 8];
        let headers = Request { headers, ..get("https://a.example/") };
        let names = Request { headers: vec![("x".repeat(1 << 10), String::new()); 65], ..get("https://a.example/") };
        for request in [url, body, headers, names] {
            assert!(matches!(refused(request, std::slice::from_ref(&key)), Error::Invalid(_)));
        }
        let fits = Request { body: Some(token.into_bytes()), ..get("https://a.example/") };
        assert_eq!(clear(fits, &grants(), &[key], 1 << 10).unwrap().body.unwrap().len(), 1 << 10);
    }
}
