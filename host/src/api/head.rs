//! How large a request's head may be. The connection's own limits lie beyond these (see `server`): what exceeds them
//! ends in a bare status there, and what exceeds these in a problem document.

use super::problem::{Code, Problem};
use http::Request;

/// Bytes of a path and its query.
pub(super) const URI_LIMIT: usize = 8 << 10;
/// Bytes of all headers, names and values.
pub(super) const HEADERS_LIMIT: usize = 32 << 10;
/// How many headers.
pub(super) const HEADERS: usize = 100;

/// What to say of a head that is too large.
pub(super) fn refusal<B>(request: &Request<B>) -> Option<Problem> {
    let uri = request.uri().path_and_query().map_or(0, |path| path.as_str().len());
    let size = |(name, value): (&http::HeaderName, &http::HeaderValue)| name.as_str().len() + value.len();
    if uri > URI_LIMIT {
        let detail = format!("Path and query may have {URI_LIMIT} bytes together.");
        return Some(Problem::new(Code::UriTooLong, detail));
    }
    let headers = request.headers();
    if headers.len() > HEADERS || headers.iter().map(size).sum::<usize>() > HEADERS_LIMIT {
        let detail = format!("A request may have {HEADERS} headers, and {HEADERS_LIMIT} bytes in all of them.");
        return Some(Problem::new(Code::HeadersTooLarge, detail));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(uri: &str, headers: usize, value: usize) -> Option<String> {
        let mut request = Request::builder().uri(uri);
        for number in 0..headers {
            request = request.header(format!("x-{number:02}"), "v".repeat(value));
        }
        refusal(&request.body(()).unwrap()).map(|problem| problem.code.to_string())
    }

    #[test]
    fn a_head_is_taken_up_to_its_limits() {
        let longest = format!("/v3?{}", "q".repeat(URI_LIMIT - 4));
        let each = HEADERS_LIMIT / HEADERS - 4;
        assert_eq!(refused("/", 0, 0), None);
        assert_eq!(refused(&longest, HEADERS, each), None);
        assert_eq!(refused(&format!("https://pay.example.com{longest}"), 0, 0), None, "the host's name is not counted");
        assert_eq!(refused(&format!("{longest}q"), 0, 0).as_deref(), Some("uri_too_long"));
        assert_eq!(refused("/", HEADERS + 1, 1).as_deref(), Some("headers_too_large"));
        assert_eq!(refused("/", 1, HEADERS_LIMIT - 4), None);
        assert_eq!(refused("/", 1, HEADERS_LIMIT - 3).as_deref(), Some("headers_too_large"));
    }
}
