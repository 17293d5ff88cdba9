//! How a repeat of a request is recognised: the `Idempotency-Key` header and the fingerprint (rule 17).

use super::problem::{Code, Problem};
use http::{HeaderMap, Method};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The header.
pub(super) const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The key of a request, bare or quoted (an sf-string, as in the IETF draft -07): `abc` and `"abc"` are one key.
pub(super) fn key(headers: &HeaderMap, required: bool) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else {
        let detail = "Send the header Idempotency-Key with every request that may move money.";
        return if required { Err(Problem::new(Code::KeyRequired, detail)) } else { Ok(None) };
    };
    let key = value.to_str().ok().and_then(unquoted).filter(|key| (1..=255).contains(&key.len()));
    match (key, values.next()) {
        (Some(key), None) => Ok(Some(key)),
        _ => Err(Problem::new(
            Code::BadHeader,
            "Idempotency-Key must be given once: 1 to 255 visible ASCII characters, bare or in double quotes.",
        )),
    }
}

fn unquoted(text: &str) -> Option<String> {
    let text = text.trim_matches([' ', '\t']);
    let key = match text.strip_prefix('"') {
        None => text.to_owned(),
        Some(rest) => unescaped(rest)?,
    };
    key.bytes().all(|byte| byte.is_ascii_graphic()).then_some(key)
}

/// The inside of an sf-string up to its closing quote, which must be the end.
fn unescaped(text: &str) -> Option<String> {
    let mut key = String::with_capacity(text.len());
    let mut characters = text.chars();
    loop {
        match characters.next()? {
            '"' => return characters.next().is_none().then_some(key),
            '\\' => key.push(characters.next().filter(|escaped| matches!(escaped, '"' | '\\'))?),
            other => key.push(other),
        }
    }
}

/// sha256 in hex over method, path and canonical JSON (RFC 8785). Numbers are doubles there: bodies that differ only
/// beyond a double's precision are the same request.
pub(super) fn fingerprint(method: &Method, path: &str, body: &Value) -> String {
    let mut hash = Sha256::new();
    hash.update(method.as_str());
    hash.update(b"\n");
    hash.update(path);
    hash.update(b"\n");
    let canonical = serde_json_canonicalizer::to_vec(body).expect("a parsed JSON value has no NaN and no odd key");
    hash.update(canonical);
    hex::encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn key_of(values: &[&[u8]], required: bool) -> Result<Option<String>, String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(IDEMPOTENCY_KEY, HeaderValue::from_bytes(value).unwrap());
        }
        key(&headers, required).map_err(|problem| problem.code.to_string())
    }

    #[test]
    fn a_key_is_bare_or_quoted() {
        let long = "k".repeat(255);
        let cases: [(&[u8], &str); 6] = [
            (b"abc", "abc"),
            (b"\"abc\"", "abc"),
            (b"8e03978e-40d5-43e8-bc93-6894a57f9324", "8e03978e-40d5-43e8-bc93-6894a57f9324"),
            (br#""a\"b\\c""#, r#"a"b\c"#),
            (br#"a"b"#, r#"a"b"#),
            (long.as_bytes(), &long),
        ];
        for (value, expected) in cases {
            assert_eq!(key_of(&[value], true), Ok(Some(expected.to_owned())));
        }
    }

    #[test]
    fn a_malformed_key_is_a_bad_header() {
        let long = "k".repeat(256);
        let cases: [&[u8]; 11] = [
            b"",
            b"\"\"",
            b"\"abc",
            b"abc def",
            b"\"abc def\"",
            b"\"abc\";p=1",
            b"\"abc\"x",
            br#""a\bc""#,
            "ключ".as_bytes(),
            b"a\tb",
            long.as_bytes(),
        ];
        for value in cases {
            assert_eq!(key_of(&[value], false), Err("bad_header".to_owned()), "{}", value.escape_ascii());
        }
        assert_eq!(key_of(&[b"one", b"two"], false), Err("bad_header".to_owned()));
    }

    #[test]
    fn a_missing_key_matters_only_where_it_is_required() {
        assert_eq!(key_of(&[], false), Ok(None));
        assert_eq!(key_of(&[], true), Err("idempotency_key_required".to_owned()));
    }

    /// The sample of RFC 8785, section 3.2.2, and the number forms of its appendix B.
    #[test]
    fn json_is_made_canonical_after_rfc_8785() {
        let sample = r#"{
            "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
            "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
            "literals": [null, true, false]
        }"#;
        let value: Value = serde_json::from_str(sample).unwrap();
        let canonical = concat!(
            r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"#,
            r#""string":"€$\u000f\nA'B\"\\\\\"/"}"#
        );
        assert_eq!(serde_json_canonicalizer::to_string(&value).unwrap(), canonical);
        let order = r#"{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}"#;
        let value: Value = serde_json::from_str(order).unwrap();
        let numbers: Vec<i64> = serde_json_canonicalizer::to_string(&value)
            .unwrap()
            .bytes()
            .filter(u8::is_ascii_digit)
            .map(|digit| i64::from(digit - b'0'))
            .collect();
        assert_eq!(numbers, [2, 1, 4, 6, 7, 1, 5, 3], "the key 1 has the value 4");
    }

    #[test]
    fn equal_requests_have_equal_fingerprints_and_others_do_not() {
        let of = |method: Method, path, body| fingerprint(&method, path, &serde_json::from_str(body).unwrap());
        let first = of(Method::POST, "/v3/acme/pay", r#"{"amount": 500, "currency": "EUR"}"#);
        assert_eq!(first.len(), 64);
        assert_eq!(of(Method::POST, "/v3/acme/pay", "{\n\"currency\":\"EUR\",\"amount\":500}"), first);
        let others = [
            of(Method::DELETE, "/v3/acme/pay", r#"{"amount": 500, "currency": "EUR"}"#),
            of(Method::POST, "/v3/acme/card/pay", r#"{"amount": 500, "currency": "EUR"}"#),
            of(Method::POST, "/v3/acme/pay", r#"{"amount": 501, "currency": "EUR"}"#),
            of(Method::POST, "/v3/acme/pay", r#"{"amount": 500, "currency": "EUR", "more": null}"#),
        ];
        assert!(!others.contains(&first));
    }
}
