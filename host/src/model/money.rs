//! Money: minor units with a currency, exact or refused. No floats anywhere (rule 35).

use iso_currency::Currency;
use std::collections::BTreeMap;

/// The largest number of minor units, 2^53−1: what JSON readers in every language hold exactly.
pub const MAX_MINOR: u64 = (1 << 53) - 1;

/// An exact amount: `minor` counts the currency's smallest unit, so 1299 EUR is 12.99 euro.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Amount {
    /// Minor units, at most [`MAX_MINOR`].
    pub minor: u64,
    /// ISO 4217 code in upper case.
    pub currency: String,
}

/// Why an amount cannot be converted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CurrencyError {
    /// The code is not in ISO 4217, or has no minor unit there.
    #[error("{0} is not an ISO 4217 currency with a minor unit")]
    Unknown(String),
    /// The text is not a decimal number.
    #[error("{0:?} is not a decimal number")]
    NotDecimal(String),
    /// The currency cannot hold the amount exactly.
    #[error("{0} cannot be held exactly in {1}")]
    Inexact(String, String),
    /// More than 2^53−1 minor units.
    #[error("{0} is more than 2^53-1 minor units")]
    TooLarge(String),
}

/// How many decimals a currency has: ISO 4217, or what a plugin's description says instead.
#[derive(Clone, Debug, Default)]
pub struct Exponents(BTreeMap<String, u8>);

impl Exponents {
    /// ISO 4217 with a provider's own exceptions.
    pub fn with_exceptions(exceptions: impl IntoIterator<Item = (String, u8)>) -> Self {
        Self(exceptions.into_iter().collect())
    }

    /// Decimals of `currency` at this provider.
    pub fn provider(&self, currency: &str) -> Result<u8, CurrencyError> {
        self.0.get(currency).copied().map_or_else(|| iso_exponent(currency), Ok)
    }

    /// Minor units as this provider counts them.
    pub fn to_provider_minor(&self, amount: &Amount) -> Result<u64, CurrencyError> {
        rescale(amount.minor, iso_exponent(&amount.currency)?, self.provider(&amount.currency)?, &amount.currency)
    }

    /// An amount from minor units as this provider counts them.
    pub fn from_provider_minor(&self, minor: u64, currency: &str) -> Result<Amount, CurrencyError> {
        let minor = rescale(minor, self.provider(currency)?, iso_exponent(currency)?, currency)?;
        Ok(Amount { minor, currency: currency.to_owned() })
    }
}

impl Amount {
    /// Decimal text: `1299 EUR` is `"12.99"`, `1299 JPY` is `"1299"`.
    pub fn to_decimal(&self) -> Result<String, CurrencyError> {
        let exponent = usize::from(iso_exponent(&self.currency)?);
        if exponent == 0 {
            return Ok(self.minor.to_string());
        }
        let digits = format!("{:0>width$}", self.minor, width = exponent + 1);
        let (units, decimals) = digits.split_at(digits.len() - exponent);
        Ok(format!("{units}.{decimals}"))
    }

    /// Reads decimal text; refuses what the currency cannot hold exactly.
    pub fn from_decimal(text: &str, currency: &str) -> Result<Self, CurrencyError> {
        let exponent = usize::from(iso_exponent(currency)?);
        let not_decimal = || CurrencyError::NotDecimal(text.to_owned());
        let (units, decimals) = match text.split_once('.') {
            Some((units, decimals)) if !decimals.is_empty() => (units, decimals),
            Some(_) => return Err(not_decimal()),
            None => (text, ""),
        };
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if units.is_empty() || !all_digits(units) || !all_digits(decimals) {
            return Err(not_decimal());
        }
        let significant = decimals.trim_end_matches('0');
        if significant.len() > exponent {
            return Err(CurrencyError::Inexact(text.to_owned(), currency.to_owned()));
        }
        let minor = format!("{units}{significant:0<exponent$}")
            .parse()
            .ok()
            .filter(|minor| *minor <= MAX_MINOR)
            .ok_or_else(|| CurrencyError::TooLarge(text.to_owned()))?;
        Ok(Self { minor, currency: currency.to_owned() })
    }
}

/// Whether this is an ISO 4217 code, in upper case, that amounts can be counted in.
pub fn is_currency(code: &str) -> bool {
    iso_exponent(code).is_ok()
}

/// Decimals of a currency after ISO 4217.
pub(crate) fn iso_exponent(currency: &str) -> Result<u8, CurrencyError> {
    let unknown = || CurrencyError::Unknown(currency.to_owned());
    let exponent = Currency::from_code(currency).ok_or_else(unknown)?.exponent().ok_or_else(unknown)?;
    u8::try_from(exponent).map_err(|_| unknown())
}

fn rescale(minor: u64, from: u8, to: u8, currency: &str) -> Result<u64, CurrencyError> {
    let too_large = || CurrencyError::TooLarge(format!("{minor} {currency}"));
    let factor = 10u64.checked_pow(u32::from(from.abs_diff(to))).ok_or_else(too_large)?;
    if to >= from {
        return minor.checked_mul(factor).filter(|minor| *minor <= MAX_MINOR).ok_or_else(too_large);
    }
    if !minor.is_multiple_of(factor) {
        return Err(CurrencyError::Inexact(minor.to_string(), currency.to_owned()));
    }
    Ok(minor / factor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn amount(minor: u64, currency: &str) -> Amount {
        Amount { minor, currency: currency.to_owned() }
    }

    #[test]
    fn decimals_follow_the_currency() {
        let cases = [
            (1299, "EUR", "12.99"),
            (5, "EUR", "0.05"),
            (500, "JPY", "500"),
            (1230, "KWD", "1.230"),
            (0, "EUR", "0.00"),
        ];
        for (minor, currency, text) in cases {
            assert_eq!(amount(minor, currency).to_decimal().as_deref(), Ok(text));
            assert_eq!(Amount::from_decimal(text, currency), Ok(amount(minor, currency)));
        }
        assert_eq!(amount(MAX_MINOR, "EUR").to_decimal().as_deref(), Ok("90071992547409.91"));
    }

    #[test]
    fn what_a_currency_cannot_hold_exactly_is_refused() {
        assert!(matches!(Amount::from_decimal("1.5", "JPY"), Err(CurrencyError::Inexact(..))));
        assert!(matches!(Amount::from_decimal("1.005", "EUR"), Err(CurrencyError::Inexact(..))));
        assert_eq!(Amount::from_decimal("1.500", "EUR"), Ok(amount(150, "EUR")));
        for text in ["", ".", "1.", ".5", "-1", "+1", "1e3", "1,5", " 1", "0x1"] {
            assert!(matches!(Amount::from_decimal(text, "EUR"), Err(CurrencyError::NotDecimal(_))), "{text}");
        }
        assert!(matches!(Amount::from_decimal("90071992547409.92", "EUR"), Err(CurrencyError::TooLarge(_))));
        assert!(matches!(Amount::from_decimal("99999999999999999999999", "EUR"), Err(CurrencyError::TooLarge(_))));
        assert!(matches!(amount(1, "XXX").to_decimal(), Err(CurrencyError::Unknown(_))));
    }

    #[test]
    fn a_providers_own_exponents_are_exact_or_refused() {
        let stripe = Exponents::with_exceptions([("ISK".to_owned(), 2)]);
        assert_eq!(stripe.to_provider_minor(&amount(500, "ISK")), Ok(50_000));
        assert_eq!(stripe.from_provider_minor(50_000, "ISK"), Ok(amount(500, "ISK")));
        assert!(matches!(stripe.from_provider_minor(50_001, "ISK"), Err(CurrencyError::Inexact(..))));
        assert!(matches!(stripe.to_provider_minor(&amount(MAX_MINOR, "ISK")), Err(CurrencyError::TooLarge(_))));
        assert_eq!(stripe.to_provider_minor(&amount(500, "EUR")), Ok(500));
    }

    proptest! {
        #[test]
        fn every_amount_survives_its_decimal_text(minor in 0..=MAX_MINOR, currency in prop::sample::select(vec!["EUR", "JPY", "KWD", "CLF"])) {
            let amount = amount(minor, currency);
            prop_assert_eq!(Amount::from_decimal(&amount.to_decimal().unwrap(), currency), Ok(amount));
        }
    }
}
