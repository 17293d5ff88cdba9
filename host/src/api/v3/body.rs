//! A JSON body: read whole, within its limit and its time, parsed strictly. Knows no field names.

use super::super::problem::{Code, Problem};
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};
use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

/// How long a body may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(20);

/// Reads a body to its end.
pub(super) async fn read(body: Body, limit: usize) -> Result<Bytes, Problem> {
    let whole = tokio::time::timeout(ARRIVAL, Limited::new(body, limit).collect()).await;
    match whole {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(Problem::new(Code::BodyTooLarge, format!("A body may have {limit} bytes here.")))
        }
        Ok(Err(_)) => Err(Problem::new(Code::BadBody, "The connection ended within the body.")),
        Err(_) => Err(Problem::new(Code::TooSlow, format!("A body may take {} seconds.", ARRIVAL.as_secs()))),
    }
}

/// A parsed body, and the text that it came from.
#[derive(Debug)]
pub(in crate::api) struct Json {
    /// No object in it has a key twice.
    pub(super) value: Value,
    text: Bytes,
}

impl Json {
    /// Parses a body that declares itself as JSON, or does not declare itself.
    pub(in crate::api) fn parse(headers: &HeaderMap, text: Bytes) -> Result<Self, Problem> {
        if !declares_json(headers) {
            return Err(Problem::new(Code::NotJsonType, "Send the body with Content-Type: application/json."));
        }
        match serde_json::from_slice(&text) {
            Ok(Strict(value)) => Ok(Self { value, text }),
            Err(_) if text.is_empty() => Err(Problem::new(Code::NotJson, "The body is empty.")),
            Err(error) => Err(Problem::new(Code::NotJson, format!("The body is not JSON: {error}."))),
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

fn declares_json(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_none_or(|value| {
        let essence = value.to_str().ok().and_then(|text| text.split(';').next()).unwrap_or_default();
        essence.trim().eq_ignore_ascii_case("application/json")
    })
}

/// JSON in which a key that stands twice is refused: two readers could take it for two different requests.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Strict(item)) = sequence.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            let Strict(value) = members.next_value()?;
            if object.contains_key(&key) {
                return Err(de::Error::custom("a key stands twice in one object"));
            }
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
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
