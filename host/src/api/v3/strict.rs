//! JSON as a request may have it: no key twice in one object, because two readers could take that for two different
//! requests; and not nested deeper than any request has reason to be. What is refused is told with its place.

use crate::model::Fault;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::cell::Cell;
use std::fmt;

/// How many objects and lists may stand in one another. The parser's own limit, 128, lies behind it.
pub(super) const DEPTH: usize = 64;

/// Bytes of a place that is told: keys are the caller's, and may be long.
const TOLD: usize = 255;

/// Why a text is not taken.
#[derive(Debug)]
pub(super) enum NotTaken {
    /// It is not JSON.
    Syntax(serde_json::Error),
    /// It is, but something in it is not allowed here.
    Forbidden(Fault),
}

/// Parses a whole text.
pub(super) fn parse(text: &[u8]) -> Result<Value, NotTaken> {
    let fault = Cell::new(None);
    let root = Place { step: Step::Root, above: None, depth: 0, fault: &fault };
    let mut parser = serde_json::Deserializer::from_slice(text);
    let parsed = root.deserialize(&mut parser).and_then(|value| parser.end().map(|()| value));
    parsed.map_err(|error| fault.take().map_or(NotTaken::Syntax(error), NotTaken::Forbidden))
}

/// Where in the text a value stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    step: Step<'a>,
    above: Option<&'a Place<'a>>,
    /// How many objects and lists it stands in.
    depth: usize,
    /// What was found that is not allowed: an error of the parser's has no room for it.
    fault: &'a Cell<Option<Fault>>,
}

/// The way from the value above.
#[derive(Clone, Copy)]
enum Step<'a> {
    Root,
    Member(&'a str),
    Item(usize),
}

impl<'a> Place<'a> {
    fn inside<'b>(&'b self, step: Step<'b>) -> Place<'b>
    where
        'a: 'b,
    {
        Place { step, above: Some(self), depth: self.depth + 1, fault: self.fault }
    }

    fn refuse<E: de::Error>(&self, reason: String) -> E {
        self.fault.set(Some(Fault::new(self.pointer(), reason)));
        E::custom("not allowed here")
    }

    /// An object or a list begins here.
    fn enter<E: de::Error>(&self) -> Result<(), E> {
        if self.depth < DEPTH { Ok(()) } else { Err(self.refuse(format!("is nested deeper than {DEPTH} levels"))) }
    }

    /// Its JSON pointer (RFC 6901), or that of what it stands in, where its own is too long to tell.
    fn pointer(&self) -> String {
        let ways = std::iter::successors(Some(self), |place| place.above);
        let mut names: Vec<_> = ways.filter_map(|place| place.step.name()).collect();
        let mut pointer = String::new();
        while let Some(name) = names.pop().filter(|name| pointer.len() + name.len() < TOLD) {
            pointer.push('/');
            pointer.push_str(&name);
        }
        pointer
    }
}

impl Step<'_> {
    fn name(&self) -> Option<String> {
        match self {
            Self::Root => None,
            Self::Member(key) => Some(key.replace('~', "~0").replace('/', "~1")),
            Self::Item(number) => Some(number.to_string()),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_> {
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
        self.enter()?;
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element_seed(self.inside(Step::Item(items.len())))? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        self.enter()?;
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            let place = self.inside(Step::Member(&key));
            if object.contains_key(&key) {
                return Err(place.refuse("stands twice in its object".to_owned()));
            }
            let value = members.next_value_seed(place)?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forbidden(text: &str) -> (String, String) {
        match parse(text.as_bytes()) {
            Err(NotTaken::Forbidden(fault)) => (fault.pointer, fault.reason),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_taken_is_what_was_written() {
        let text =
            r#"{"n":null,"b":[true,false],"i":-5,"u":18446744073709551615,"f":1.5,"s":"\u00e9","o":{"a":{"a":1}}}"#;
        assert_eq!(parse(text.as_bytes()).unwrap(), serde_json::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn a_key_that_stands_twice_is_told_with_its_place() {
        let cases = [
            (r#"{"a":1,"a":1}"#, "/a"),
            (r#"{"o":{"a":1,"b":2,"a":3}}"#, "/o/a"),
            (r#"{"l":[0,{"a":1,"\u0061":2}]}"#, "/l/1/a"),
            (r#"{"a/b~":{"":1,"":2}}"#, "/a~1b~0/"),
            (r#"{"a":1,"a":"#, "/a"),
        ];
        for (text, pointer) in cases {
            assert_eq!(forbidden(text), (pointer.to_owned(), "stands twice in its object".to_owned()), "{text}");
        }
    }

    #[test]
    fn a_long_key_is_not_told_back() {
        let long = "k".repeat(300);
        assert_eq!(forbidden(&format!(r#"{{"o":{{"{long}":1,"{long}":2}}}}"#)).0, "/o");
        assert_eq!(forbidden(&format!(r#"{{"{long}":{{"a":1,"a":2}}}}"#)).0, "");
    }

    #[test]
    fn nesting_has_an_end_before_the_parser_s() {
        let nested = |open: &str, close: &str, levels| format!("{}1{}", open.repeat(levels), close.repeat(levels));
        for (open, close, step) in [("[", "]", "/0"), (r#"{"a":"#, "}", "/a")] {
            assert!(parse(nested(open, close, DEPTH).as_bytes()).is_ok());
            for levels in [DEPTH + 1, 127, 100_000] {
                let (pointer, reason) = forbidden(&nested(open, close, levels));
                assert_eq!((pointer, reason.as_str()), (step.repeat(DEPTH), "is nested deeper than 64 levels"));
            }
        }
    }

    #[test]
    fn what_is_not_json_is_told_as_such() {
        for text in ["", "{", "[1,]", "{} {}", "nul", "1e999", "{\"a\":1,}"] {
            assert!(matches!(parse(text.as_bytes()), Err(NotTaken::Syntax(_))), "{text}");
        }
    }
}
