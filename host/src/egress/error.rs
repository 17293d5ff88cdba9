//! Why a request got no answer, and whether it may have left.

use super::Denial;

/// Why a request got no answer. Texts are for the plugin's author: no secrets, no queries.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A rule of the operator's forbids it.
    #[error("denied: {0}")]
    Denied(Denial),
    /// Not a request that can be sent.
    #[error("invalid: {0}")]
    Invalid(String),
    /// Name, connection or TLS failed.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// No whole answer came.
    #[error("interrupted: {0}")]
    Interrupted(String),
    /// The time was up.
    #[error("the time was up")]
    Timeout,
    /// The answer is larger than this many bytes.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(u64),
    /// The host holds requests back for now.
    #[error("the host holds requests to this provider back")]
    Overloaded,
}

impl Error {
    /// Whether a byte of the request may have reached the provider.
    pub fn may_have_left(&self) -> bool {
        matches!(self, Self::Interrupted(_) | Self::Timeout | Self::TooLarge(_))
    }

    /// Its name in metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Denied(_) => "denied",
            Self::Invalid(_) => "invalid",
            Self::Unreachable(_) => "unreachable",
            Self::Interrupted(_) => "interrupted",
            Self::Timeout => "timeout",
            Self::TooLarge(_) => "too_large",
            Self::Overloaded => "overloaded",
        }
    }
}

impl From<reqwest::Error> for Error {
    /// What failed before a connection stood has not left; of everything else nobody can say.
    fn from(error: reqwest::Error) -> Self {
        if let Some(denial) = denial(&error) {
            Self::Denied(denial.clone())
        } else if error.is_connect() {
            Self::Unreachable(causes(&error.without_url()))
        } else if error.is_timeout() {
            Self::Timeout
        } else {
            Self::Interrupted(causes(&error.without_url()))
        }
    }
}

/// A rule that refused where the connection was to be made.
fn denial(error: &reqwest::Error) -> Option<&Denial> {
    std::iter::successors(std::error::Error::source(error), |cause| cause.source())
        .find_map(|cause| cause.downcast_ref())
}

/// The error and what caused it, in one line: the outermost text alone says only that sending failed.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
