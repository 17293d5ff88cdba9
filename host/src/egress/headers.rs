//! The headers of a plugin's request: which it may write, and how long they may be.

use super::clear::is_control;
use super::placeholder::Expansion;
use super::{Error, Rule};
use http::{HeaderMap, HeaderName, HeaderValue};

/// The most bytes of all headers together, with their secrets in: more than servers take.
const HEADERS: u64 = 64 << 10;

/// Every name, if a plugin may write these headers and no value of them ends early.
pub(super) fn header_names(headers: &[(String, String)]) -> Result<Vec<HeaderName>, Error> {
    let checked = headers.iter().map(|(name, value)| {
        let shown = name.escape_debug();
        if name.contains(is_line_end) || value.contains(is_line_end) {
            return Err(Rule::Control.denies(format!("a control character in the header {shown}")));
        }
        let parsed = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| Error::Invalid(format!("{shown} is not a header's name")))?;
        match belongs_to_host(parsed.as_str()) {
            true => Err(Rule::Header.denies(format!("{parsed} is the host's to write"))),
            false => Ok(parsed),
        }
    });
    checked.collect()
}

/// What ends a line or a text; a tab may stand in a header.
fn is_line_end(c: char) -> bool {
    is_control(c) && c != '\t'
}

/// The headers with their secrets in.
pub(super) fn headers(
    names: Vec<HeaderName>,
    headers: &[(String, String)],
    expansion: Expansion,
) -> Result<HeaderMap, Error> {
    let mut map = HeaderMap::new();
    let mut left = HEADERS;
    for (name, (_, value)) in names.into_iter().zip(headers) {
        left = left.checked_sub(name.as_str().len() as u64).ok_or_else(too_many)?;
        let expanded = expansion.expand(value.as_bytes(), left)?;
        left -= expanded.len() as u64;
        let mut value =
            HeaderValue::from_bytes(&expanded).map_err(|_| Error::Invalid(format!("the value of header {name}")))?;
        value.set_sensitive(true);
        map.try_append(name, value).map_err(|_| too_many())?;
    }
    Ok(map)
}

fn too_many() -> Error {
    Error::Invalid("too many headers".to_owned())
}

/// What frames a message or steers a connection, hop by hop (RFC 9110, 7.6.1): a plugin that set it could smuggle a second
/// request into the first.
pub(super) const HOST_HEADERS: [&str; 11] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "te",
    "trailer",
    "trailers",
    "transfer-encoding",
    "upgrade",
];

fn belongs_to_host(name: &str) -> bool {
    HOST_HEADERS.contains(&name) || name.starts_with("proxy-")
}
