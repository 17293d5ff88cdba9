//! What an operator allows a provider's plugin to reach.

use super::Denial;
use super::listeners::Listeners;
use super::names::Door;
use std::fmt;
use url::{Host, Url};

/// Where requests may go: scheme, host and port, the host perhaps with a leading `*.`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// `https`, or `http` where the operator wrote so.
    scheme: String,
    /// The host after IDNA, or the suffix behind `*.`.
    host: Host<String>,
    /// Any one label or more in front of the host.
    wildcard: bool,
    /// The scheme's own where none is written.
    port: u16,
}

/// Why a text is not an origin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// It does not parse as a URL.
    #[error("is not a URL: {0}")]
    NotUrl(String),
    /// Another scheme than https or http.
    #[error("must begin with https:// or http://")]
    Scheme,
    /// More than scheme, host and port.
    #[error("must end after the host and port: no user, path, query or fragment")]
    NotBare,
}

impl Origin {
    /// Reads `https://api.example.com`, `https://*.example.com` or `http://billing.internal:8080`.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        let (wildcard, plain) = match text.split_once("://*.") {
            Some((scheme, rest)) => (true, format!("{scheme}://{rest}")),
            None => (false, text.to_owned()),
        };
        let url = Url::parse(&plain).map_err(|error| OriginError::NotUrl(error.to_string()))?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(OriginError::Scheme);
        }
        let bare = url.path() == "/" && !plain.ends_with('/') && url.query().is_none() && url.fragment().is_none();
        if !bare || !url.username().is_empty() || url.password().is_some() {
            return Err(OriginError::NotBare);
        }
        let host = url.host().ok_or(OriginError::NotBare)?.to_owned();
        let port = url.port_or_known_default().ok_or(OriginError::NotBare)?;
        if wildcard && !matches!(host, Host::Domain(_)) {
            return Err(OriginError::NotBare);
        }
        Ok(Self { scheme: url.scheme().to_owned(), host, wildcard, port })
    }

    /// Whether a request to `url` goes there.
    pub fn covers(&self, url: &Url) -> bool {
        self.covers_scheme(url) && self.covers_port(url) && self.covers_host_of(url)
    }

    pub(super) fn covers_scheme(&self, url: &Url) -> bool {
        url.scheme() == self.scheme
    }

    pub(super) fn covers_port(&self, url: &Url) -> bool {
        url.port_or_known_default() == Some(self.port)
    }

    pub(super) fn covers_host_of(&self, url: &Url) -> bool {
        url.host().is_some_and(|host| self.covers_host(host))
    }

    fn covers_host(&self, host: Host<&str>) -> bool {
        match (&self.host, host) {
            (Host::Domain(suffix), Host::Domain(host)) if self.wildcard => {
                host.strip_suffix(suffix.as_str()).is_some_and(|front| front.len() > 1 && front.ends_with('.'))
            }
            (granted, host) => !self.wildcard && *granted == host.to_owned(),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wildcard = if self.wildcard { "*." } else { "" };
        write!(f, "{}://{wildcard}{}", self.scheme, self.host)?;
        match (self.scheme.as_str(), self.port) {
            ("https", 443) | ("http", 80) => Ok(()),
            (_, port) => write!(f, ":{port}"),
        }
    }
}

/// An operator's yes to requests of one provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Where to.
    pub origin: Origin,
    /// With these methods, in upper case; empty: any.
    pub methods: Vec<String>,
    /// Under these path prefixes; empty: any.
    pub paths: Vec<String>,
    /// The address may be a private one.
    pub private: bool,
}

impl Grant {
    /// The strict default: public addresses, every method and path.
    pub fn to(origin: Origin) -> Self {
        Self { origin, methods: Vec::new(), paths: Vec::new(), private: false }
    }

    /// Whether a request is covered.
    pub fn covers(&self, method: &str, url: &Url) -> bool {
        let path_granted =
            self.paths.is_empty() || self.paths.iter().any(|prefix| url.path().starts_with(prefix.as_str()));
        self.origin.covers(url) && self.covers_method(method) && path_granted
    }

    /// Why no request to it ever leaves, where that can be told: its address is written out, and is not public.
    pub fn is_in_vain(&self) -> Option<Denial> {
        let url = Url::parse(&self.origin.to_string()).ok()?;
        Door::to(&url, self.private).check(&url, &Listeners::default()).err()
    }

    pub(super) fn covers_method(&self, method: &str) -> bool {
        self.methods.is_empty() || self.methods.iter().any(|granted| granted == method)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(origin: &str, url: &str) -> bool {
        Origin::parse(origin).unwrap().covers(&Url::parse(url).unwrap())
    }

    #[test]
    fn an_origin_covers_its_scheme_host_and_port_alone() {
        assert!(covers("https://api.example.com", "https://API.example.com:443/v1?x=1"));
        for other in [
            "http://api.example.com/",
            "https://api.example.com:8443/",
            "https://api.example.com.evil.example/",
            "https://example.com/",
        ] {
            assert!(!covers("https://api.example.com", other), "{other}");
        }
        assert!(covers("http://billing.internal:8080", "http://billing.internal:8080/api"));
        assert!(covers("http://127.0.0.1:8080", "http://127.1:8080/"));
    }

    #[test]
    fn a_wildcard_needs_a_label_in_front() {
        assert!(covers("https://*.example.com", "https://a.b.example.com/"));
        for other in ["https://example.com/", "https://.example.com/", "https://evilexample.com/"] {
            assert!(
                !Url::parse(other).is_ok_and(|url| Origin::parse("https://*.example.com").unwrap().covers(&url)),
                "{other}"
            );
        }
    }

    #[test]
    fn what_is_more_than_an_origin_is_refused() {
        for text in [
            "api.example.com",
            "ftp://a.example",
            "https://a.example/",
            "https://a.example/x",
            "https://u@a.example",
            "https://a.example?x",
            "https://*.10.0.0.1",
        ] {
            assert!(Origin::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn methods_and_paths_narrow_a_grant() {
        let grant = Grant {
            methods: vec!["POST".into()],
            paths: vec!["/api/".into()],
            ..Grant::to(Origin::parse("https://a.example").unwrap())
        };
        let at = |method, url: &str| grant.covers(method, &Url::parse(url).unwrap());
        assert!(at("POST", "https://a.example/api/pay"));
        assert!(!at("GET", "https://a.example/api/pay"));
        assert!(!at("POST", "https://a.example/admin"));
        assert!(!at("POST", "https://a.example/api/../admin"));
    }
}
