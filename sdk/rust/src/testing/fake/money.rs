//! Exact conversion between minor units and decimal text, after ISO 4217 and the test's exponents.

use iso_currency::Currency;

use super::world;
use crate::Amount;

pub(crate) fn to_decimal(amount: &Amount) -> Result<String, String> {
    let digits = iso_exponent(&amount.currency)?;
    let text = format!("{:0>width$}", amount.minor, width = digits + 1);
    let (major, minor) = text.split_at(text.len() - digits);
    Ok(match digits {
        0 => major.to_owned(),
        _ => format!("{major}.{minor}"),
    })
}

pub(crate) fn from_decimal(decimal: &str, currency: &str) -> Result<Amount, String> {
    let digits = iso_exponent(currency)?;
    let refuse = || format!("`{decimal}` is no amount of {currency}");
    let (major, fraction) = decimal.split_once('.').unwrap_or((decimal, ""));
    let kept = fraction.trim_end_matches('0');
    if kept.len() > digits || !all_digits(major) || major.is_empty() || !all_digits(fraction) {
        return Err(refuse());
    }
    let minor = format!("{major}{kept:0<digits$}");
    let minor = minor.parse().map_err(|_| refuse())?;
    Ok(Amount::new(minor, currency))
}

pub(crate) fn to_provider_minor(amount: &Amount) -> Result<u64, String> {
    let (iso, theirs) = exponents(&amount.currency)?;
    rescale(amount.minor, iso, theirs)
}

pub(crate) fn from_provider_minor(minor: u64, currency: &str) -> Result<Amount, String> {
    let (iso, theirs) = exponents(currency)?;
    Ok(Amount::new(rescale(minor, theirs, iso)?, currency))
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn exponents(currency: &str) -> Result<(usize, usize), String> {
    let iso = iso_exponent(currency)?;
    let theirs = world::with(|world| world.exponents.get(currency).copied());
    Ok((iso, theirs.map_or(iso, usize::from)))
}

fn iso_exponent(currency: &str) -> Result<usize, String> {
    Currency::from_code(currency)
        .and_then(|known| known.exponent())
        .map(usize::from)
        .ok_or_else(|| format!("`{currency}` is no currency with a smallest unit"))
}

fn rescale(minor: u64, from: usize, to: usize) -> Result<u64, String> {
    let factor = u32::try_from(from.abs_diff(to))
        .ok()
        .and_then(|digits| 10_u64.checked_pow(digits))
        .ok_or_else(|| "the exponents are too far apart".to_owned())?;
    let exact =
        if to >= from { minor.checked_mul(factor) } else { minor.is_multiple_of(factor).then(|| minor / factor) };
    exact.ok_or_else(|| format!("{minor} cannot be held exactly"))
}
