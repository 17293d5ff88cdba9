//! Reads an object's members one by one and keeps every fault, so that a caller learns of all of them at once.

use super::super::problem::Problem;
use crate::model::{Amount, Fault, Interval, MAX_MINOR, is_currency};
use serde_json::{Map, Value};
use url::Url;

/// The members of a body.
pub(super) struct Fields<'a> {
    members: &'a Map<String, Value>,
    faults: Vec<Fault>,
}

/// What a check says: the value that it read, or why it is not right.
pub(super) type Checked<T> = Result<T, String>;

impl<'a> Fields<'a> {
    /// The members of `body`, which must be an object.
    pub(super) fn of(body: &'a Value) -> Result<Self, Problem> {
        match body {
            Value::Object(members) => Ok(Self { members, faults: Vec::new() }),
            _ => Err(Problem::invalid(&[Fault::new("", "must be an object")])),
        }
    }

    /// A member that must be there.
    pub(super) fn required<T>(&mut self, name: &str, check: impl FnOnce(&'a Value) -> Checked<T>) -> Option<T> {
        if self.present(name).is_none() {
            self.fault(name, "is required");
        }
        self.optional(name, check)
    }

    /// A member that may be missing, or null.
    pub(super) fn optional<T>(&mut self, name: &str, check: impl FnOnce(&'a Value) -> Checked<T>) -> Option<T> {
        match check(self.present(name)?) {
            Ok(value) => Some(value),
            Err(reason) => {
                self.fault(name, reason);
                None
            }
        }
    }

    /// The members of a member that is an object, read by `read`; what is wrong with them is named below its name.
    /// None where it is missing or no object: that is for [`Fields::required`] or [`Fields::optional`] to say.
    pub(super) fn within<T>(&mut self, name: &str, read: impl FnOnce(&mut Fields<'a>) -> T) -> Option<T> {
        let members = self.present(name)?.as_object()?;
        let mut inner = Fields { members, faults: Vec::new() };
        let value = read(&mut inner);
        let outer = inner.faults.into_iter().map(|fault| Fault::new(format!("/{name}{}", fault.pointer), fault.reason));
        self.faults.extend(outer);
        Some(value)
    }

    /// An amount that must be there, its `amount` read by `minor`.
    pub(super) fn amount(&mut self, minor: impl FnOnce(&'a Value) -> Checked<u64>) -> Option<Amount> {
        let minor = self.required("amount", minor);
        let currency = self.required("currency", currency);
        Some(Amount { minor: minor?, currency: currency? })
    }

    /// An amount of which both members are there, or neither. Null is not neither: who sends it for a sum that went
    /// missing must not have all of it taken.
    pub(super) fn optional_amount(&mut self) -> Option<Amount> {
        let named = ["amount", "currency"].iter().any(|name| self.members.contains_key(*name));
        if named { self.amount(minor_units) } else { None }
    }

    /// Notes what is wrong with a member.
    pub(super) fn fault(&mut self, name: &str, reason: impl Into<String>) {
        self.faults.push(Fault::new(format!("/{name}"), reason));
    }

    /// The value made of the members, or everything that is wrong with them. A required member that is missing or wrong
    /// has left a fault, so that `made` is there where no fault is.
    pub(super) fn finish<T>(self, made: Option<T>) -> Result<T, Problem> {
        self.finish_or(made, "is not complete")
    }

    /// The same, where a body without any fault may still make nothing, for this reason.
    pub(super) fn finish_or<T>(self, made: Option<T>, reason: &str) -> Result<T, Problem> {
        match made {
            Some(made) if self.faults.is_empty() => Ok(made),
            None if self.faults.is_empty() => Err(Problem::invalid(&[Fault::new("", reason)])),
            _ => Err(Problem::invalid(&self.faults)),
        }
    }

    fn present(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }
}

/// Minor units: a JSON integer from 1 to 2^53−1. What is written as `5.0` or `1e3` is no integer here (rule 35).
pub(super) fn minor_units(value: &Value) -> Checked<u64> {
    let minor = value.as_u64().filter(|minor| (1..=MAX_MINOR).contains(minor));
    minor.ok_or_else(|| format!("must be an integer from 1 to {MAX_MINOR}, in minor units"))
}

/// The same for a subscription, which may begin free of charge.
pub(super) fn minor_units_or_none(value: &Value) -> Checked<u64> {
    let minor = value.as_u64().filter(|minor| *minor <= MAX_MINOR);
    minor.ok_or_else(|| format!("must be an integer from 0 to {MAX_MINOR}, in minor units"))
}

/// What a plan may count: intervals between two payments, or payments. Nobody bills for longer.
pub(in crate::api) const MOST_COUNTED: u32 = 10_000;

/// How many: a JSON integer from 1 to [`MOST_COUNTED`].
pub(super) fn count(value: &Value) -> Checked<u32> {
    let count = value.as_u64().and_then(|count| u32::try_from(count).ok());
    let count = count.filter(|count| (1..=MOST_COUNTED).contains(count));
    count.ok_or_else(|| format!("must be an integer from 1 to {MOST_COUNTED}"))
}

/// What a plan counts in.
pub(super) fn interval(value: &Value) -> Checked<Interval> {
    let interval = value.as_str().and_then(Interval::from_name);
    interval.ok_or_else(|| format!("must be one of {}", Interval::ALL.map(Interval::name).join(", ")))
}

/// `true` or `false`.
pub(super) fn flag(value: &Value) -> Checked<bool> {
    value.as_bool().ok_or_else(|| "must be true or false".to_owned())
}

/// An ISO 4217 code in upper case.
pub(super) fn currency(value: &Value) -> Checked<String> {
    let code = value.as_str().filter(|code| is_currency(code));
    code.map(str::to_owned).ok_or_else(|| "must be an ISO 4217 code in upper case".to_owned())
}

/// Somebody's id: 1 to 255 characters, none of them a control character.
pub(super) fn id(value: &Value) -> Checked<String> {
    let id = value.as_str().filter(|id| is_id(id));
    id.map(str::to_owned)
        .ok_or_else(|| "must be a string of 1 to 255 characters, without control characters".to_owned())
}

/// What [`id`] allows.
pub(in crate::api) fn is_id(text: &str) -> bool {
    (1..=255).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

/// A payment method, as in the path segment: `[A-Za-z0-9._-]{1,64}`.
pub(super) fn payment_method(value: &Value) -> Checked<String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let method = value.as_str().filter(|text| (1..=64).contains(&text.len()) && text.bytes().all(allowed));
    method.map(str::to_owned).ok_or_else(|| "must be 1 to 64 letters, digits, dots, dashes or underscores".to_owned())
}

/// Where a payer is sent afterwards: an absolute URL, or a link into an app; nothing that runs in the page.
pub(super) fn redirect_url(value: &Value) -> Checked<String> {
    const LONGEST: usize = 2048;
    const NOT_A_PLACE: [&str; 6] = ["about", "blob", "data", "file", "javascript", "vbscript"];
    let odd = |character: char| character.is_control() || character.is_whitespace();
    let url = value.as_str().filter(|text| text.len() <= LONGEST && !text.contains(odd) && text.contains("://"));
    let is_place = |url: Url| !NOT_A_PLACE.contains(&url.scheme());
    let url = url.filter(|text| Url::parse(text).is_ok_and(is_place));
    url.map(str::to_owned).ok_or_else(|| format!("must be an absolute URL of at most {LONGEST} bytes"))
}

/// Any JSON object.
pub(super) fn object(value: &Value) -> Checked<()> {
    if value.is_object() { Ok(()) } else { Err("must be an object".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds<T>(check: fn(&Value) -> Checked<T>, good: &[&str], bad: &[&str]) {
        let passes = |text: &str| check(&serde_json::from_str(text).unwrap()).is_ok();
        for text in good {
            assert!(passes(text), "{text}");
        }
        for text in bad {
            assert!(!passes(text), "{text}");
        }
    }

    #[test]
    fn amounts_are_integers_in_minor_units() {
        let bad = [
            "0",
            "-1",
            "-0",
            "5.0",
            "5e0",
            "1e3",
            "\"500\"",
            "9007199254740992",
            "18446744073709551616",
            "true",
            "[]",
            "null",
        ];
        holds(minor_units, &["1", "500", "9007199254740991"], &bad);
    }

    #[test]
    fn only_a_subscription_begins_free_of_charge() {
        holds(minor_units_or_none, &["0", "1", "9007199254740991"], &["-1", "0.0", "\"0\"", "9007199254740992"]);
    }

    #[test]
    fn a_plan_counts_in_whole_numbers_and_known_intervals() {
        holds(count, &["1", "12", "10000"], &["0", "-1", "1.0", "1e2", "\"1\"", "10001", "4294967297", "null"]);
        let intervals = ["\"DAY\"", "\"WEEK\"", "\"MONTH\"", "\"YEAR\""];
        holds(interval, &intervals, &["\"day\"", "\"HOUR\"", "\"\"", "1", "null"]);
        holds(flag, &["true", "false"], &["\"true\"", "0", "1", "null"]);
    }

    #[test]
    fn what_is_wrong_within_an_object_is_named_below_its_name() {
        let body = serde_json::json!({"plan": {"interval": "DAY", "count": 0}, "text": "x"});
        let mut fields = Fields::of(&body).unwrap();
        let read = fields.within("plan", |plan| (plan.required("interval", interval), plan.required("count", count)));
        assert_eq!(read, Some((Some(Interval::Day), None)));
        assert_eq!(fields.within("text", |_| ()), None);
        assert_eq!(fields.within("missing", |_| ()), None);
        let problem = fields.finish(Some(())).unwrap_err();
        assert_eq!(problem.errors.iter().map(|error| error.pointer.as_str()).collect::<Vec<_>>(), ["/plan/count"]);
    }

    #[test]
    fn amount_and_currency_stand_together_or_not_at_all() {
        let read = |body: serde_json::Value| {
            let mut fields = Fields::of(&body).unwrap();
            let amount = fields.optional_amount();
            let pointers = |problem: Problem| problem.errors.iter().map(|error| error.pointer.clone()).collect();
            fields.finish(Some(amount)).map_err(pointers)
        };
        let euro = Amount { minor: 5, currency: "EUR".into() };
        assert_eq!(read(serde_json::json!({"amount": 5, "currency": "EUR"})), Ok(Some(euro)));
        assert_eq!(read(serde_json::json!({})), Ok(None));
        let cases: [(Value, &[&str]); 5] = [
            (serde_json::json!({"amount": 5}), &["/currency"]),
            (serde_json::json!({"currency": "EUR"}), &["/amount"]),
            (serde_json::json!({"amount": 0, "currency": "EUR"}), &["/amount"]),
            (serde_json::json!({"amount": null, "currency": "EUR"}), &["/amount"]),
            (serde_json::json!({"amount": null, "currency": null}), &["/amount", "/currency"]),
        ];
        for (body, pointers) in cases {
            let faults: Vec<String> = pointers.iter().map(|&pointer| pointer.to_owned()).collect();
            assert_eq!(read(body), Err(faults));
        }
    }

    #[test]
    fn currencies_are_iso_codes_in_upper_case() {
        let bad = ["\"eur\"", "\"Eur\"", "\"EU\"", "\"EURO\"", "\"ZZZ\"", "\"XXX\"", "\"\"", "978"];
        holds(currency, &["\"EUR\"", "\"JPY\"", "\"KWD\""], &bad);
    }

    #[test]
    fn ids_are_short_and_printable() {
        let long = format!("\"{}\"", "é".repeat(255));
        let longer = format!("\"{}\"", "x".repeat(256));
        holds(id, &["\"1\"", "\"a b/ü\"", &long], &["\"\"", "\"a\\nb\"", "\"a\\u0000\"", "\"\\u0085\"", "1", &longer]);
    }

    #[test]
    fn a_payment_method_is_a_plain_path_segment() {
        let long = format!("\"{}\"", "m".repeat(65));
        holds(
            payment_method,
            &["\"card\"", "\"apple-pay.v2_X\""],
            &["\"\"", "\"a b\"", "\"a/b\"", "\"é\"", "1", &long],
        );
    }

    #[test]
    fn a_payer_is_sent_to_a_place() {
        let long = format!("\"https://a.example/{}\"", "x".repeat(2048));
        let good = ["\"https://shop.example/ok?x=1#y\"", "\"http://localhost:3000\"", "\"shop-app://paid/1\""];
        let bad = [
            "\"\"",
            "\"/ok\"",
            "\"shop.example/ok\"",
            "\"shop.example:443\"",
            "\"https://\"",
            "\"javascript:alert(1)\"",
            "\"JavaScript:alert(1)\"",
            "\"java\\nscript:alert(1)\"",
            "\" https://shop.example\"",
            "\"data:text/html,x\"",
            "1",
            &long,
        ];
        holds(redirect_url, &good, &bad);
    }
}
