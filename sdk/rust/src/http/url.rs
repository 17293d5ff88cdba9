//! URLs made of pieces that somebody else chose: an id must not become a path of its own.

use std::fmt::Write as _;

/// `base` with path segments after it, each encoded: `url("https://api.example.com/v1", ["charges",
/// id])`. Whatever a segment holds, it stays one segment.
pub fn url<S: AsRef<str>>(base: &str, segments: impl IntoIterator<Item = S>) -> String {
    let mut url = base.trim_end_matches('/').to_owned();
    for segment in segments {
        url.push('/');
        // `.` and `..` are steps even when encoded (WHATWG URL, 4.5). Encoded twice they are a name,
        // which no provider has given to anything.
        match segment.as_ref() {
            "." => url.push_str("%252E"),
            ".." => url.push_str("%252E%252E"),
            other => encode(&mut url, other),
        }
    }
    url
}

/// Adds a query parameter to a URL, encoded.
pub fn append_query(url: &mut String, name: &str, value: &str) {
    url.push(if url.contains('?') { '&' } else { '?' });
    encode(url, name);
    url.push('=');
    encode(url, value);
}

pub(super) fn form<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::new();
    for (name, value) in fields {
        if !text.is_empty() {
            text.push('&');
        }
        encode(&mut text, name);
        text.push('=');
        encode(&mut text, value);
    }
    text
}

/// The query's parameters, decoded.
pub(crate) fn query_of(url: &str) -> impl Iterator<Item = (String, String)> {
    let without_fragment = url.split('#').next().unwrap_or_default();
    let query = without_fragment.split_once('?').map_or("", |(_, query)| query);
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    })
}

/// Percent-encodes all but the unreserved characters of RFC 3986 (2.3).
fn encode(into: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            into.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(into, "%{byte:02X}");
        }
    }
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = (byte == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (byte, escaped) {
            (_, Some(escaped)) => {
                decoded.push(escaped);
                at += 2;
            }
            (b'+', _) => decoded.push(b' '),
            _ => decoded.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_stays_one_segment_whatever_it_holds() {
        let cases = [
            ("ch_1", "https://a.test/charges/ch_1"),
            ("a/b?c#d", "https://a.test/charges/a%2Fb%3Fc%23d"),
            ("..", "https://a.test/charges/%252E%252E"),
            ("%2e", "https://a.test/charges/%252e"),
            ("é", "https://a.test/charges/%C3%A9"),
        ];
        for (id, expected) in cases {
            assert_eq!(url("https://a.test/", ["charges", id]), expected);
        }
    }

    #[test]
    fn a_query_reads_back_as_it_was_written() {
        let mut url = "https://a.test/charges".to_owned();
        append_query(&mut url, "reference", "a b&c=d+%é");
        append_query(&mut url, "x", "");
        let read: Vec<_> = query_of(&url).collect();
        assert_eq!(read, [("reference".to_owned(), "a b&c=d+%é".to_owned()), ("x".to_owned(), String::new())]);
    }

    #[test]
    fn a_broken_escape_is_left_as_it_is() {
        let read: Vec<_> = query_of("/?a=%&b=%zz&c=%é&d=x+y&e=%+1#f").collect();
        let values: Vec<_> = read.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(values, ["%", "%zz", "%é", "x y", "% 1"]);
    }
}
