//! A JSON body: read whole, within its limit and its time, parsed strictly. Knows no field names.

use super::super::problem::{Code, Problem};
use super::super::server::TooLate;
use super::strict::{self, NotTaken};
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::error::Error;

/// How much of a body that is too large is taken and thrown away, so that whoever still sends it hears the answer.
const LEFT_OVER: usize = 16 << 20;

/// Reads a body to its end. How long that may take, the connection sees to.
pub(in crate::api) async fn read(mut body: Body, limit: usize) -> Result<Bytes, Problem> {
    match Limited::new(&mut body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            throw_away(body, LEFT_OVER).await;
            Err(Problem::new(Code::BodyTooLarge, format!("A body may have {limit} bytes here.")))
        }
        Err(error) if is_too_late(&*error) => {
            Err(Problem::new(Code::TooSlow, "A body may take 20 seconds, and pause for 5."))
        }
        Err(_) => Err(Problem::new(Code::BadBody, "The connection ended within the body.")),
    }
}

/// It is wrapped by whatever stands between the connection and us.
fn is_too_late(error: &(dyn Error + 'static)) -> bool {
    error.is::<TooLate>() || error.source().is_some_and(is_too_late)
}

/// Takes what still comes, up to a bound, so that whoever sends it hears the answer.
pub(in crate::api) async fn throw_away(mut body: Body, most: usize) {
    let mut left = most;
    while let Some(Ok(frame)) = body.frame().await
        && let Some(less) = left.checked_sub(frame.data_ref().map_or(0, Bytes::len))
    {
        left = less;
    }
}

/// A parsed body, and the text that it came from.
#[derive(Debug)]
pub(in crate::api) struct Json {
    /// As [`strict`] takes it.
    pub(super) value: Value,
    text: Bytes,
}

impl Json {
    /// Parses a body that declares itself as JSON, or does not declare itself.
    pub(in crate::api) fn parse(headers: &HeaderMap, text: Bytes) -> Result<Self, Problem> {
        if !is_as_it_is(headers) {
            return Err(Problem::new(Code::ContentEncoded, "Send the body as it is, without Content-Encoding."));
        }
        if !declares_json(headers) {
            return Err(Problem::new(Code::NotJsonType, "Send the body with Content-Type: application/json."));
        }
        match strict::parse(&text) {
            Ok(value) => Ok(Self { value, text }),
            Err(_) if text.is_empty() => Err(Problem::new(Code::NotJson, "The body is empty.")),
            Err(NotTaken::Syntax(error)) => Err(Problem::new(Code::NotJson, format!("The body is not JSON: {error}."))),
            Err(NotTaken::Forbidden(fault)) => {
                let detail = format!("Something in the body {}.", fault.reason);
                Err(Problem::new(Code::NotJson, detail).because_of(&[fault]))
            }
        }
    }

    /// The whole text as the caller wrote it.
    pub(super) fn text(&self) -> String {
        // What was parsed as JSON is UTF-8.
        String::from_utf8_lossy(&self.text).into_owned()
    }

    /// The text of one member as the caller wrote it, so that no number in it is written otherwise.
    pub(super) fn text_of(&self, member: &str) -> Option<String> {
        let members: HashMap<String, &RawValue> = serde_json::from_slice(&self.text).ok()?;
        members.get(member).map(|text| text.get().to_owned())
    }
}

/// Not compressed: a body is bounded as it arrives, and that bound shall hold for what is read from it.
fn is_as_it_is(headers: &HeaderMap) -> bool {
    headers.get_all(header::CONTENT_ENCODING).iter().all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

fn declares_json(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_none_or(|value| {
        let essence = value.to_str().ok().and_then(|text| text.split(';').next()).unwrap_or_default();
        essence.trim().eq_ignore_ascii_case("application/json")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn parse(text: &str, content_type: Option<&str>) -> Result<Json, String> {
        let mut headers = HeaderMap::new();
        if let Some(value) = content_type {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_str(value).unwrap());
        }
        Json::parse(&headers, Bytes::from(text.to_owned())).map_err(|problem| problem.code.to_string())
    }

    #[test]
    fn what_is_not_json_is_refused() {
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        let cases = [
            "",
            " ",
            "{",
            "{}x",
            "{'a':1}",
            "{a:1}",
            "[1,]",
            "NaN",
            "01",
            "\u{feff}{}",
            "1e999",
            "\"\\ud800\"",
            &deep,
            r#"{"a":1,"a":1}"#,
            r#"{"o":{"a":1,"b":2,"a":3}}"#,
            r#"[{"a":1,"\u0061":2}]"#,
        ];
        for text in cases {
            assert_eq!(parse(text, None).map(|json| json.value), Err("not_json".to_owned()), "{text}");
        }
    }

    #[test]
    fn a_body_declares_itself_as_json_or_not_at_all() {
        for good in ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"] {
            assert!(parse("{}", Some(good)).is_ok(), "{good}");
        }
        for bad in ["text/plain", "application/jsonp", "application/x-www-form-urlencoded", "", "text/json"] {
            assert_eq!(parse("{}", Some(bad)).map(|json| json.value), Err("not_json_type".to_owned()), "{bad}");
        }
    }

    #[test]
    fn a_compressed_body_is_not_taken() {
        for (coding, taken) in [("identity", true), ("Identity", true), ("gzip", false), ("br, identity", false)] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
            let parsed = Json::parse(&headers, Bytes::from_static(b"{}")).map_err(|problem| problem.code.to_string());
            assert_eq!(
                parsed.map(|json| json.value.is_object()),
                if taken { Ok(true) } else { Err("content_encoded".to_owned()) }
            );
        }
    }

    #[test]
    fn what_is_json_and_still_not_taken_is_told_with_its_place() {
        let body = Bytes::from_static(br#"{"providerData": {"a": 1, "a": 2}}"#);
        let problem = Json::parse(&HeaderMap::new(), body).unwrap_err();
        assert_eq!((&*problem.code, &*problem.errors[0].pointer), ("not_json", "/providerData/a"));
        assert_eq!(problem.detail, "Something in the body stands twice in its object.");
    }

    #[test]
    fn a_member_is_handed_on_as_it_was_written() {
        let json = parse(r#"{"x": {"n": 1.50, "big": 12345678901234567890123, "e": 1e3}, "y": 1}"#, None).unwrap();
        assert_eq!(json.text_of("x").unwrap(), r#"{"n": 1.50, "big": 12345678901234567890123, "e": 1e3}"#);
        assert_eq!(json.text_of("z"), None);
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_its_limit() {
        assert_eq!(read(Body::from("12345"), 5).await.unwrap(), "12345");
        assert_eq!(read(Body::from("123456"), 5).await.unwrap_err().code, "body_too_large");
    }
}
