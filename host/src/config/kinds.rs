//! The kinds of values that settings have, each read from one node: a value, or what it must be instead.

use super::tree::{Node, Value};
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;
use url::Url;

/// A value, or a sentence about what is wrong with it.
pub(super) type Read<T> = Result<T, String>;

pub(super) fn text(node: &Node) -> Read<&str> {
    match &node.value {
        Value::Text(text) | Value::Plain(text) => Ok(text),
        _ => Err(instead_of("a text", node)),
    }
}

pub(super) fn boolean(node: &Node) -> Read<bool> {
    match &node.value {
        Value::Boolean(boolean) => Ok(*boolean),
        Value::Plain(text) if text == "true" => Ok(true),
        Value::Plain(text) if text == "false" => Ok(false),
        _ => Err(instead_of("true or false", node)),
    }
}

/// A whole number inside of `range`.
pub(super) fn count(node: &Node, range: RangeInclusive<u64>) -> Read<u64> {
    let count = match &node.value {
        Value::Integer(integer) => u64::try_from(*integer).ok(),
        Value::Plain(text) => text.parse().ok(),
        _ => return Err(instead_of("a whole number", node)),
    };
    count
        .filter(|count| range.contains(count))
        .ok_or_else(|| format!("must be a whole number from {} to {}", range.start(), range.end()))
}

/// [`count`] for what is counted in 32 bits.
pub(super) fn count_u32(node: &Node, range: RangeInclusive<u32>) -> Read<u32> {
    let count = count(node, u64::from(*range.start())..=u64::from(*range.end()))?;
    Ok(u32::try_from(count).unwrap_or(*range.end()))
}

/// `"200ms"`, `"30s"`, `"10m"`, `"24h"` or `"7d"`.
pub(super) fn duration(node: &Node) -> Read<Duration> {
    const WANTED: &str = "a duration such as \"200ms\", \"30s\", \"10m\", \"24h\" or \"7d\"";
    let Ok(text) = text(node) else { return Err(instead_of(WANTED, node)) };
    parse_duration(text).ok_or_else(|| format!("must be {WANTED}, and is {text:?}"))
}

/// A duration that is not shorter than `least`.
pub(super) fn at_least(node: &Node, least: Duration) -> Read<Duration> {
    match duration(node)? {
        duration if duration < least => Err(format!("must be at least {least:?}")),
        duration => Ok(duration),
    }
}

fn parse_duration(text: &str) -> Option<Duration> {
    let (number, unit) = split_unit(text)?;
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(milliseconds).map(Duration::from_millis)
}

/// Bytes: a whole number, or `"64KiB"`, `"64MiB"`, `"1GiB"`; inside of `range`.
pub(super) fn size(node: &Node, range: RangeInclusive<u64>) -> Read<u64> {
    const WANTED: &str = "a size such as \"64KiB\", \"1MiB\" or a whole number of bytes";
    let bytes = match &node.value {
        Value::Integer(integer) => u64::try_from(*integer).map_err(|_| format!("must be {WANTED}, and is {integer}")),
        Value::Text(text) | Value::Plain(text) => {
            parse_size(text).ok_or_else(|| format!("must be {WANTED}, and is {text:?}"))
        }
        _ => Err(instead_of(WANTED, node)),
    };
    let bytes = bytes?;
    match range.contains(&bytes) {
        true => Ok(bytes),
        false => Err(format!("must be from {} to {} bytes, and is {bytes}", range.start(), range.end())),
    }
}

fn parse_size(text: &str) -> Option<u64> {
    if let Ok(bytes) = text.parse() {
        return Some(bytes);
    }
    let (number, unit) = split_unit(text)?;
    let shift = match unit {
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        _ => return None,
    };
    number.checked_mul(1 << shift)
}

fn split_unit(text: &str) -> Option<(u64, &str)> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    Some((number.parse().ok()?, unit))
}

pub(super) fn address(node: &Node) -> Read<SocketAddr> {
    let text = text(node)?;
    text.parse().map_err(|_| format!("must be an address and a port such as \"127.0.0.1:8080\", and is {text:?}"))
}

/// An absolute `https` or `http` URL without a password in it. The value is not repeated in the fault: it may have one.
pub(super) fn url(node: &Node) -> Read<Url> {
    let url = Url::parse(text(node)?).map_err(|error| format!("must be a URL: {error}"))?;
    if !matches!(url.scheme(), "https" | "http") || !url.has_host() {
        return Err("must begin with https:// or http://".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not carry a user or a password".to_owned());
    }
    Ok(url)
}

/// "must be … , and is …", with the kind of the value and not the value.
pub(super) fn instead_of(wanted: &str, node: &Node) -> String {
    let kind = match &node.value {
        Value::Text(_) | Value::Plain(_) => "a text",
        Value::Integer(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Other(kind) => kind,
        Value::List(_) => "a list",
        Value::Table(_) => "a table",
    };
    format!("must be {wanted}, and is {kind}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit() {
        for (text, milliseconds) in
            [("0s", 0), ("200ms", 200), ("30s", 30_000), ("10m", 600_000), ("24h", 86_400_000), ("7d", 604_800_000)]
        {
            assert_eq!(parse_duration(text), Some(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["", "5", "s", "1.5s", "-1s", "1 s", "1min", "1S", "18446744073709551615d"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

    #[test]
    fn sizes_are_bytes_or_have_a_binary_unit() {
        for (text, bytes) in [("0", 0), ("65536", 65_536), ("1KiB", 1 << 10), ("64MiB", 64 << 20), ("2GiB", 2 << 30)] {
            assert_eq!(parse_size(text), Some(bytes), "{text}");
        }
        for text in ["", "1MB", "1M", "MiB", "1.5MiB", "-1", "18446744073709551615GiB"] {
            assert_eq!(parse_size(text), None, "{text}");
        }
    }
}
