//! Why a call could not be done, and what `?` makes of the errors on the way.
//!
//! The host trusts a plugin's *no* where every write was answered, so a *no* that is wrong costs
//! somebody a second payment. Hence the conversions here: they refuse only while this call has had
//! no write accepted, and are *unknown* from then on.

use super::{Error, Fault, Loss, Refusal};
use crate::http::progress;
use crate::{http, secrets, state};

/// The result of every call of the contract.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The request cannot be right for this provider: a JSON pointer into it, and why.
    pub fn invalid(pointer: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Invalid(vec![Fault { pointer: pointer.into(), reason: reason.into() }])
    }

    /// The provider has no such payment, subscription or token.
    pub fn not_found(reason: impl Into<String>) -> Self {
        Self::NotFound(reason.into())
    }

    /// The state of the payment or subscription does not allow it.
    pub fn conflict(reason: impl Into<String>) -> Self {
        Self::Conflict(reason.into())
    }

    /// The provider refused before doing anything: credentials, rate limit, maintenance.
    pub fn refused(reason: impl Into<String>) -> Self {
        Self::Refused(Refusal { reason: reason.into(), retry_after_ms: None })
    }

    /// The provider may or may not have done it.
    pub fn unknown(reason: impl Into<String>) -> Self {
        Self::Unknown(Loss { reason: reason.into(), payment_id: None })
    }

    /// The provider may or may not have done it, and has named the payment.
    pub fn unknown_about(payment_id: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Unknown(Loss { reason: reason.into(), payment_id: Some(payment_id.into()) })
    }

    /// This plugin cannot do what the request asks for.
    pub fn unsupported(reason: impl Into<String>) -> Self {
        Self::Unsupported(reason.into())
    }

    /// `self` while nothing was accepted by the provider in this call, *unknown* afterwards.
    pub(crate) fn unless_written(self, reason: impl Into<String>) -> Self {
        if progress::has_written() { Self::unknown(reason) } else { self }
    }
}

/// *Unreachable*, *denied*, *overloaded* and *invalid* did not leave: refused. *Interrupted*,
/// *timeout* and *too-large* may have done everything: unknown.
impl From<http::Error> for Error {
    fn from(error: http::Error) -> Self {
        let reason = match &error {
            http::Error::Denied(why) => format!("the request was denied: {why}"),
            http::Error::Invalid(why) => format!("the request cannot be sent: {why}"),
            http::Error::Unreachable(why) => format!("the provider cannot be reached: {why}"),
            http::Error::Interrupted(why) => format!("the provider's answer broke off: {why}"),
            http::Error::Timeout => "the provider did not answer in time".to_owned(),
            http::Error::TooLarge(limit) => format!("the provider's answer exceeds {limit} bytes"),
            http::Error::Overloaded => "requests to the provider are held back".to_owned(),
        };
        if error.may_have_left() { Self::unknown(reason) } else { Self::refused(reason.clone()).unless_written(reason) }
    }
}

/// JSON that `?` meets is the provider's answer, and one that cannot be read says nothing. What the
/// caller sent is read with `request.data()`, which finds it *invalid* instead.
impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::unknown(format!("the provider's answer is not what was expected: {}", super::json::why(&error)))
    }
}

impl From<secrets::Error> for Error {
    fn from(error: secrets::Error) -> Self {
        let reason = error.reason();
        Self::refused(reason.clone()).unless_written(reason)
    }
}

impl From<state::Error> for Error {
    fn from(error: state::Error) -> Self {
        let reason = format!("the plugin's store: {}", error.reason());
        Self::refused(reason.clone()).unless_written(reason)
    }
}
