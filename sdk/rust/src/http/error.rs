//! Why there is no answer, and whether the request may have arrived.

use super::Error;
use crate::secrets;

impl Error {
    /// Whether the provider may have received the request (rule 2 of the payment rules).
    pub fn may_have_left(&self) -> bool {
        match self {
            Self::Denied(_) | Self::Invalid(_) | Self::Unreachable(_) | Self::Overloaded => false,
            Self::Interrupted(_) | Self::Timeout | Self::TooLarge(_) => true,
        }
    }
}

/// A request whose credential is not to be had is not sent.
impl From<secrets::Error> for Error {
    fn from(error: secrets::Error) -> Self {
        Self::Denied(error.reason())
    }
}
