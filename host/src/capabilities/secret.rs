//! A secret as an operator configured it for one provider.

use crate::egress::Origin;
use crate::model::SecretBytes;

/// A secret that a provider's plugin may use and not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// Its current values, the one to use first; the others still verify while rotating. Never empty.
    pub values: Vec<SecretBytes>,
    /// Where it may be sent; empty: nowhere, it only signs and verifies.
    pub origins: Vec<Origin>,
}
