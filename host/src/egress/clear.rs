//! The checks that every request of a plugin passes before a byte of it leaves, in the order of `sandbox.md`, "Egress".

use super::headers::{header_names, headers};
use super::names::Door;
use super::placeholder::{Expansion, Placeholder, length, without_tokens};
use super::{Egress, Error, Grant, Rule};
use http::{HeaderMap, Method};
use sha2::{Digest, Sha256};
use url::Url;
use zeroize::Zeroizing;

/// The most bytes of a URL with its secrets in: more than servers take.
const URL: u64 = 16 << 10;

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
    pub(super) door: Door,
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

impl Egress {
    /// Checks a request against the grants and puts its secrets in, at most `body_limit` bytes of body in all. Nothing has
    /// left, whatever comes of it.
    pub fn clear(
        &self,
        request: Request,
        grants: &[Grant],
        placeholders: &[Placeholder],
        body_limit: u64,
    ) -> Result<Cleared, Error> {
        let method = method(&request.method)?;
        let url = url(&request.url)?;
        let door = granted(grants, &request.method, &url)?;
        // A name's addresses are checked where they are connected to; this refuses before anything is written down.
        door.check(&url, &self.listeners).map_err(Error::Denied)?;
        let names = header_names(&request.headers)?;
        let expansion = Expansion { placeholders, url: &url };
        if url.host_str().is_some_and(|host| expansion.is_in(host)) {
            return Err(Rule::Secret.denies("it stands in the host's name"));
        }
        let headers = headers(names, &request.headers, expansion)?;
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
        Ok(Cleared { method, expanded, headers, body, door, shown: url, digest })
    }
}

fn method(text: &str) -> Result<Method, Error> {
    let invalid = || Error::Invalid("the method is not one that can be sent".to_owned());
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_uppercase()) || matches!(text, "CONNECT" | "TRACE") {
        return Err(invalid());
    }
    Method::from_bytes(text.as_bytes()).map_err(|_| invalid())
}

/// The URL as it is sent. Browsers drop line breaks and tabs from what they are given: here nobody guesses.
fn url(text: &str) -> Result<Url, Error> {
    if text.contains(is_control) {
        return Err(Rule::Control.denies("a control character in the URL"));
    }
    let mut url = Url::parse(text).map_err(|error| Error::Invalid(format!("URL: {error}")))?;
    url.set_fragment(None);
    Ok(url)
}

pub(super) fn is_control(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\t' | '\0')
}

/// Where the request goes through; denied by the first rule that no grant lets it past.
fn granted(grants: &[Grant], method: &str, url: &Url) -> Result<Door, Error> {
    let origin = url.origin().ascii_serialization();
    let to_host = || grants.iter().filter(|grant| grant.origin.covers_host_of(url));
    let to_scheme = || to_host().filter(|grant| grant.origin.covers_scheme(url));
    let to_origin = || to_scheme().filter(|grant| grant.origin.covers_port(url));
    let covering = || grants.iter().filter(|grant| grant.covers(method, url));
    let denied = |rule: Rule, reason: &str| Err(rule.denies(format!("{origin}{reason}")));
    match url.scheme() {
        "https" => {}
        "http" if to_scheme().next().is_some() => {}
        "http" => return denied(Rule::Scheme, " is not granted: plain http must be written in the origin that is"),
        other => return Err(Rule::Scheme.denies(format!("{other}: is neither https nor http"))),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return denied(Rule::UserInfo, " is not to get a user or password in its URL");
    }
    if to_host().next().is_none() || to_scheme().next().is_none() {
        return denied(Rule::Origin, " is not granted");
    }
    if to_origin().next().is_none() {
        return denied(Rule::Port, " is not granted: the host is, at another port");
    }
    if !to_origin().any(|grant| grant.covers_method(method)) {
        return denied(Rule::Method, " is granted without this method");
    }
    if covering().next().is_none() {
        return denied(Rule::Path, " is granted without this path");
    }
    Ok(Door::to(url, covering().any(|grant| grant.private)))
}

/// A URL without secrets is held to the same size.
fn within_limit(url: &Url) -> Result<&Url, Error> {
    let fits = url.as_str().len() as u64 <= URL;
    fits.then_some(url).ok_or_else(|| Error::Invalid(format!("a URL of more than {URL} bytes")))
}

fn expand_url(expansion: Expansion) -> Result<Url, Error> {
    let expanded = expansion.expand(expansion.url.as_str().as_bytes(), URL)?;
    let invalid = || Error::Invalid("the URL, with its secrets in".to_owned());
    let text = std::str::from_utf8(&expanded).ok().filter(|text| !text.contains(is_control)).ok_or_else(invalid)?;
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
    use crate::egress::{Bound, Denial, Origin};
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

    fn cleared(request: Request, placeholders: &[Placeholder]) -> Result<Cleared, Error> {
        Egress::new().clear(request, &grants(), placeholders, 1 << 10)
    }

    fn rule(request: Request, placeholders: &[Placeholder]) -> Rule {
        match refused(request, placeholders) {
            Error::Denied(Denial { rule, .. }) => rule,
            other => panic!("{other:?}"),
        }
    }

    fn refused(request: Request, placeholders: &[Placeholder]) -> Error {
        cleared(request, placeholders).err().expect("refused")
    }

    #[test]
    fn what_is_not_granted_is_denied_by_the_first_rule_that_it_breaks() {
        let cases = [
            ("http://a.example/", Rule::Scheme),
            ("http://b.example/", Rule::Scheme),
            ("http://u:p@a.example:444/", Rule::Scheme),
            ("file:///etc/passwd", Rule::Scheme),
            ("data:,x", Rule::Scheme),
            ("https://u:p@a.example/", Rule::UserInfo),
            ("https://u@b.example:444/", Rule::UserInfo),
            ("https://a.example:444/", Rule::Port),
            ("https://b.example/", Rule::Origin),
            ("https://w.example/", Rule::Origin),
            ("https://a.example./", Rule::Origin),
            ("https://[::1]/", Rule::Origin),
            ("https://n.example/v2/", Rule::Path),
            ("https://n.example/v1/../v2/", Rule::Path),
            ("https://n.example/v1/%2e%2e/v2/", Rule::Path),
            ("https://a.example/\r\nx: y", Rule::Control),
            ("https://a.example/\tx", Rule::Control),
            ("https://a.example/\0", Rule::Control),
        ];
        for (url, broken) in cases {
            assert_eq!(rule(get(url), &[]), broken, "{url}");
        }
        let post = Request { method: "POST".into(), ..get("https://n.example/v2/") };
        assert_eq!(rule(post, &[]), Rule::Method);
        let text = refused(get("https://b.example/"), &[]).to_string();
        assert_eq!(text, "denied: origin: https://b.example is not granted");
    }

    #[test]
    fn an_address_is_checked_before_headers_and_secrets() {
        let grants = [Grant::to(Origin::parse("https://10.0.0.1").unwrap())];
        let asked = Request { headers: vec![("Host".into(), "x".into())], ..get("https://10.0.0.1/") };
        let denied = Egress::new().clear(asked, &grants, &[], 1 << 10).err().unwrap();
        let advice = "address: the address of 10.0.0.1 is not public: private use (RFC 1918); where that is meant, write \
                      { origin = \"https://10.0.0.1\", private = true } in this provider's allow";
        assert_eq!(denied.to_string(), format!("denied: {advice}"));
    }

    #[test]
    fn a_method_that_cannot_be_sent_is_invalid() {
        for method in ["", "get", "GE T", "CONNECT", "TRACE", "G\r\nX"] {
            let request = Request { method: method.into(), ..get("https://a.example/") };
            assert!(matches!(refused(request, &[]), Error::Invalid(_)), "{method:?}");
        }
        assert!(matches!(refused(get("no url"), &[]), Error::Invalid(_)));
    }

    #[test]
    fn what_frames_a_message_is_the_host_s_to_write_in_whatever_case() {
        let with = |name: &str, value: &str| Request {
            headers: vec![("x-first".into(), "1".into()), (name.into(), value.into())],
            ..get("https://a.example/")
        };
        for name in
            super::super::headers::HOST_HEADERS.iter().copied().chain(["proxy-authorization", "proxy-connection"])
        {
            for name in [name.to_owned(), name.to_uppercase()] {
                assert_eq!(rule(with(&name, "1"), &[]), Rule::Header, "{name}");
            }
        }
        for (name, value) in
            [("x", "a\r\nHost: b"), ("x", "a\rb"), ("x", "a\nb"), ("x", "a\0"), ("x\r\ny", "1"), ("\0", "")]
        {
            assert_eq!(rule(with(name, value), &[]), Rule::Control, "{name:?} {value:?}");
        }
        for (name, value) in [("x y", "1"), ("x:", "1"), (":path", "/"), ("", "1"), ("x", "\u{7f}"), ("x", "\u{1b}")] {
            assert!(matches!(refused(with(name, value), &[]), Error::Invalid(_)), "{name:?} {value:?}");
        }
        assert_eq!(cleared(with("x-tab", "a\tb"), &[]).unwrap().headers["x-tab"], "a\tb");
    }

    #[test]
    fn a_secret_that_would_end_a_line_is_not_put_in() {
        let key = secret("a\r\nHost: b");
        let request = Request { headers: vec![("x".into(), key.token().into())], ..get("https://a.example/") };
        assert!(matches!(refused(request, &[key]), Error::Invalid(_)));
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
        let cleared = cleared(request, &[key]).unwrap();
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
        assert_eq!(rule(get(&path), &[up]), Rule::Path);
        let host = secret("x");
        let url = format!("https://{}.w.example/", host.token());
        assert_eq!(rule(get(&url), &[host]), Rule::Secret);
    }

    #[test]
    fn a_digest_is_the_same_in_every_call_and_differs_with_every_part() {
        let digest = |request: &Request, key: &Placeholder| {
            let token = key.token().to_owned();
            let mut request = request.clone();
            request.headers.push(("authorization".into(), token));
            cleared(request, std::slice::from_ref(key)).unwrap().digest().to_owned()
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
        assert_eq!(cleared(fits, &[key]).unwrap().body.unwrap().len(), 1 << 10);
    }
}
