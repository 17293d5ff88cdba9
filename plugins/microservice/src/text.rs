//! Texts in a service's answer. One that is spelled oddly must not spoil what else the answer says.

use serde_json::value::RawValue;

/// The text of a member. A number counts as it is written, because services name things by number too;
/// anything else, and the empty text, is none.
pub(crate) fn text(member: Option<&RawValue>) -> Option<String> {
    let raw = member?.get();
    let text = match raw.as_bytes().first()? {
        b'"' => serde_json::from_str(raw).ok()?,
        b'-' | b'0'..=b'9' => raw.to_owned(),
        _ => return None,
    };
    Some(text).filter(|text: &String| !text.is_empty())
}

/// The JSON of a member that is an object.
pub(crate) fn object(member: Option<&RawValue>) -> Option<&str> {
    member.map(RawValue::get).filter(|raw| raw.starts_with('{'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_numbers_are_texts_and_nothing_else_is() {
        let cases = [
            (r#""a\u00e9""#, Some("aé")),
            ("12345678901234567890123", Some("12345678901234567890123")),
            ("1.10", Some("1.10")),
            (r#""""#, None),
            ("true", None),
            ("[]", None),
            ("{}", None),
        ];
        for (json, expected) in cases {
            let raw: &RawValue = serde_json::from_str(json).unwrap();
            assert_eq!(text(Some(raw)).as_deref(), expected, "{json}");
        }
        assert_eq!(text(None), None);
    }
}
