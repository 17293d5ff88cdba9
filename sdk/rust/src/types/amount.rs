//! Amounts, and the spellings that providers have for them.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Amount, Error};
use crate::host::money;

impl Amount {
    /// `minor` of the currency's smallest unit: `Amount::new(1299, "EUR")` is 12.99 euro.
    pub fn new(minor: u64, currency: impl Into<String>) -> Self {
        let currency = currency.into();
        Self { minor, currency }
    }

    /// The decimal text that some providers want: 1299 EUR is `12.99`, 1299 JPY is `1299`.
    pub fn to_decimal(&self) -> Result<String, Error> {
        money::to_decimal(self).map_err(|reason| Error::invalid("/amount", reason))
    }

    /// Reads a provider's decimal text; refuses what the currency cannot hold exactly, as an answer
    /// that says nothing certain.
    pub fn from_decimal(decimal: &str, currency: &str) -> Result<Self, Error> {
        money::from_decimal(decimal, currency).map_err(Error::unknown)
    }

    /// Minor units as this provider counts them, after the exponents in its description.
    pub fn to_provider_minor(&self) -> Result<u64, Error> {
        money::to_provider_minor(self).map_err(|reason| Error::invalid("/amount", reason))
    }

    /// Reads minor units as this provider counts them.
    pub fn from_provider_minor(minor: u64, currency: &str) -> Result<Self, Error> {
        money::from_provider_minor(minor, currency).map_err(Error::unknown)
    }
}

/// How an amount is kept in `carry` or the store: `{"minor":1299,"currency":"EUR"}`.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Amount")]
struct Kept {
    minor: u64,
    currency: String,
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Kept::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Kept::deserialize(deserializer)
    }
}
