//! `money`: exact conversions, with the provider's own exponents where its plugin names them.

use super::Call;
use crate::model::{Amount, CurrencyError, Exponents};

impl Call {
    /// Minor units as this provider counts them.
    pub fn to_provider_minor(&self, amount: &Amount) -> Result<u64, CurrencyError> {
        self.exponents().to_provider_minor(amount)
    }

    /// An amount from minor units as this provider counts them.
    pub fn from_provider_minor(&self, minor: u64, currency: &str) -> Result<Amount, CurrencyError> {
        self.exponents().from_provider_minor(minor, currency)
    }

    fn exponents(&self) -> Exponents {
        Exponents::with_exceptions(self.scope.description.exponents.iter().cloned())
    }
}
