//! A utility as a body: `{"method", "name", "query", "body"}`, of which only the name must be there.

use super::known::{self, wrong};
use super::operation::{Asked, Asking, Purpose, Work};
use crate::model::{Answer, Kind, Request, UtilityRequest};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Called {
    method: Option<String>,
    /// What would follow `/utility/` in the path.
    name: String,
    #[serde(default)]
    query: Map<String, Value>,
    body: Option<Box<RawValue>>,
}

/// The call of a utility; GET and HEAD only read.
pub(super) fn call(asking: &Asking<'_>) -> Result<Asked, Answer> {
    let called: Called = serde_json::from_slice(asking.text).map_err(|error| wrong("", error.to_string()))?;
    let method = called.method.unwrap_or_else(|| "GET".to_owned());
    let work = Work::of(Kind::Utility, None);
    let (method, purpose) = match method.as_str() {
        "GET" | "HEAD" => ("GET".to_owned(), Purpose::Question(work)),
        _ => (method, Purpose::Operation(work)),
    };
    let request = UtilityRequest {
        method,
        name: called.name,
        query: known::pairs("query", &called.query)?,
        body: called.body.map(|body| body.get().to_owned()),
    };
    Ok(Asked { request: Request::Utility(request), purpose })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::model::Description;
    use bytes::Bytes;

    #[test]
    fn what_only_reads_is_a_question_and_all_else_an_operation() {
        for (text, reads) in [
            (r#"{"name": "a/b", "query": {"x": ["1", "2"]}, "body": {"n": 1.50}}"#, true),
            (r#"{"method": "HEAD", "name": "a/b", "query": {"x": ["1", "2"]}, "body": {"n": 1.50}}"#, true),
            (r#"{"method": "PATCH", "name": "a/b", "query": {"x": ["1", "2"]}, "body": {"n": 1.50}}"#, false),
        ] {
            let (text, description) = (Bytes::from_static(text.as_bytes()), Description::default());
            let asking = Asking { text: &text, description: &description, external: "acme", now: Timestamp(7) };
            let Asked { request: Request::Utility(request), purpose } = call(&asking).unwrap() else {
                panic!("no utility")
            };
            let query = [("x", "1"), ("x", "2")].map(|(name, value)| (name.to_owned(), value.to_owned()));
            assert_eq!((request.query, request.body.as_deref()), (query.to_vec(), Some(r#"{"n": 1.50}"#)));
            assert_eq!(matches!(purpose, Purpose::Question(_)), reads);
            assert_eq!(request.method == "GET", reads);
        }
    }
}
