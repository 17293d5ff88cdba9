//! The rules that a request can break, each with the name that errors, logs and metrics share.

use super::Error;
use std::fmt;

/// What forbids a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Neither `https`, nor `http` to an origin that is granted with it.
    Scheme,
    /// A user or password stands in the URL.
    UserInfo,
    /// The host is granted, at another port.
    Port,
    /// The host is not granted.
    Origin,
    /// The origin is granted, without this method.
    Method,
    /// The origin is granted, without this path.
    Path,
    /// The address is not a public one, or one of this host's own.
    Address,
    /// The header is the host's to write.
    Header,
    /// A control character that could end a line or a text: how requests are smuggled into others.
    Control,
    /// The secret may not be sent there.
    Secret,
    /// Nothing stands behind the call that could move money.
    ReadOnly,
    /// A repeat sends what was sent before, and nothing else.
    Repeat,
    /// One call has sent as much as it may.
    Requests,
}

impl Rule {
    /// Its name in errors, logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scheme => "scheme",
            Self::UserInfo => "user_info",
            Self::Port => "port",
            Self::Origin => "origin",
            Self::Method => "method",
            Self::Path => "path",
            Self::Address => "address",
            Self::Header => "header",
            Self::Control => "control",
            Self::Secret => "secret",
            Self::ReadOnly => "read_only",
            Self::Repeat => "repeat",
            Self::Requests => "requests",
        }
    }

    /// The error of a request that breaks it.
    pub fn denies(self, reason: impl Into<String>) -> Error {
        Error::Denied(Denial { rule: self, reason: reason.into() })
    }
}

/// A request that a rule forbids: nothing has left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The rule.
    pub rule: Rule,
    /// What it says about this request: no secrets, no queries.
    pub reason: String,
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule.name(), self.reason)
    }
}

impl std::error::Error for Denial {}
