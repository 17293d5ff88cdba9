//! What no log may show (rule 36): secrets of the provider, by their value, the usual credentials, by their name, and card
//! numbers.

use crate::model::SecretBytes;

/// A shorter value would be found in innocent text everywhere.
const SHORTEST_SECRET: usize = 6;
const CARD_DIGITS: std::ops::RangeInclusive<usize> = 13..=19;
const HIDDEN: &str = "[redacted]";

/// What holds a credential wherever it stands, as the names of headers and fields are written.
const CREDENTIALS: [&str; 9] = [
    "authorization",
    "cookie",
    "api-key",
    "api_key",
    "apikey",
    "password",
    "client_secret",
    "access_token",
    "refresh_token",
];

/// What a value stands between; a backslash where the quotes are quoted themselves.
const QUOTES: &[char] = &['"', '\'', '\\'];
const LINE_ENDS: &[char] = &['\n', '\r'];

/// `text` without these secrets and without card numbers.
pub(super) fn hidden<'v>(text: &str, secrets: impl Iterator<Item = &'v SecretBytes>) -> String {
    without_cards(&without_secrets(text, secrets))
}

/// Control characters escaped, so that a line stays one line and no terminal obeys it.
pub(super) fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        // Overrides of the writing direction make a line read as another one.
        if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}') {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// The longest first: one value may be the beginning of another.
fn without_secrets<'v>(text: &str, secrets: impl Iterator<Item = &'v SecretBytes>) -> String {
    let long = |value: &&str| value.len() >= SHORTEST_SECRET;
    let mut values: Vec<&str> =
        secrets.filter_map(|value| std::str::from_utf8(value.expose()).ok()).filter(long).collect();
    values.sort_unstable_by_key(|value| std::cmp::Reverse(value.len()));
    let mut text = text.to_owned();
    for value in values {
        if text.contains(value) {
            text = text.replace(value, HIDDEN);
        }
    }
    text
}

/// `text` without what follows the name of a credential, to the end of its line or of its quotes.
pub(super) fn without_credentials(text: &str) -> String {
    let small = text.to_ascii_lowercase();
    let mut shown = String::with_capacity(text.len());
    let (mut at, mut kept) = (0, 0);
    // Once from front to end: what a plugin writes decides how long this takes.
    while at < small.len() {
        let rest = &small.as_bytes()[at..];
        let Some(name) = CREDENTIALS.iter().find(|name| rest.starts_with(name.as_bytes())) else {
            at += 1;
            continue;
        };
        at += name.len();
        if let Some((start, end)) = value_behind(&small, at) {
            shown.push_str(&text[kept..start]);
            shown.push_str(HIDDEN);
            (at, kept) = (end, end);
        }
    }
    shown + &text[kept..]
}

/// Where the value begins and ends that a name, which ends at `at`, is given; none where it is given none.
fn value_behind(text: &str, at: usize) -> Option<(usize, usize)> {
    let given = text[at..].trim_start_matches(|c| c == ' ' || QUOTES.contains(&c)).strip_prefix([':', '='])?;
    let given = given.trim_start_matches(' ');
    let quoted = given.starts_with(QUOTES);
    let value = given.trim_start_matches(QUOTES);
    let ends = |c: char| LINE_ENDS.contains(&c) || quoted && QUOTES.contains(&c);
    let start = text.len() - value.len();
    let end = value.find(ends).map_or(text.len(), |length| start + length);
    (end > start).then_some((start, end))
}

/// Runs of digits, with single spaces or hyphens between them, in which a card number stands.
pub(super) fn without_cards(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (front, run) = rest.split_at(start);
        let (run, behind) = run.split_at(run_length(run.as_bytes()));
        shown.push_str(front);
        shown.push_str(if has_card(run) { HIDDEN } else { run });
        rest = behind;
    }
    shown + rest
}

/// Whether groups next to each other are as many digits as a card number and pass its check: what stands beside it, such
/// as a date or a security code, must not hide it. What is longer than a number and not in groups may begin with one.
fn has_card(run: &str) -> bool {
    let groups: Vec<&str> = run.split([' ', '-']).collect();
    (0..groups.len()).any(|first| begins_with_card(groups[first]) || is_card_in_groups(&groups[first..]))
}

fn is_card(digits: &str) -> bool {
    CARD_DIGITS.contains(&digits.len()) && passes_luhn(digits.as_bytes())
}

/// Of what is too long to be one.
fn begins_with_card(digits: &str) -> bool {
    digits.len() > *CARD_DIGITS.end() && CARD_DIGITS.into_iter().any(|length| is_card(&digits[..length]))
}

/// Whether the first of these groups and as many as it takes behind it are one.
fn is_card_in_groups(groups: &[&str]) -> bool {
    let mut digits = String::new();
    for group in groups {
        digits.push_str(group);
        if digits.len() > *CARD_DIGITS.end() {
            return false;
        }
        if is_card(&digits) {
            return true;
        }
    }
    false
}

/// Bytes of the run of digits that `text` begins with; it ends with a digit.
fn run_length(text: &[u8]) -> usize {
    let mut length = 0;
    while length < text.len() {
        let separated = matches!(text[length], b' ' | b'-') && text.get(length + 1).is_some_and(u8::is_ascii_digit);
        if !text[length].is_ascii_digit() && !separated {
            break;
        }
        length += 1;
    }
    length
}

fn passes_luhn(digits: &[u8]) -> bool {
    let doubled = |digit: u8| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let values = digits.iter().rev().map(|digit| digit - b'0').enumerate();
    values.map(|(at, digit)| u32::from(if at % 2 == 1 { doubled(digit) } else { digit })).sum::<u32>() % 10 == 0
}

#[cfg(test)]
mod tests {
    use super::super::testing::provider;
    use super::*;

    fn redacted(text: &str) -> String {
        let provider = provider("https://a.example");
        let secrets = provider.secrets.values().flat_map(|secret| &secret.values);
        escaped(&hidden(&without_credentials(text), secrets))
    }

    #[test]
    fn secrets_and_card_numbers_are_hidden_and_the_rest_stays() {
        let cases = [
            ("key=s3cret-value!", "key=[redacted]!"),
            ("card 4111 1111 1111 1111 used", "card [redacted] used"),
            ("4111-1111-1111-1111", "[redacted]"),
            ("4111 1111 1111 1111 123", "[redacted]"),
            ("no. 7 4111111111111111 12", "no. [redacted]"),
            ("41111111111111112512123", "[redacted]"),
            ("card 4111111111111112", "card 4111111111111112"),
            ("at 1763628020 for 1299", "at 1763628020 for 1299"),
            ("a\nb\u{1b}[31m\u{202e}", "a\\nb\\u{1b}[31m\\u{202e}"),
            ("größer – ok", "größer – ok"),
        ];
        for (text, shown) in cases {
            assert_eq!(redacted(text), shown);
        }
    }

    #[test]
    fn what_a_credential_s_name_stands_before_is_hidden() {
        let cases = [
            ("Authorization: Bearer abc.def\nnext", "Authorization: [redacted]\\nnext"),
            ("PROXY-AUTHORIZATION=Basic dTpw", "PROXY-AUTHORIZATION=[redacted]"),
            (r#"{"authorization": "Bearer x", "amount": 5}"#, r#"{"authorization": "[redacted]", "amount": 5}"#),
            ("Set-Cookie: a=b; c", "Set-Cookie: [redacted]"),
            ("password='p' rest x-api-key:1 and more", "password='[redacted]' rest x-api-key:[redacted]"),
            (r#"{\"access_token\": \"x\", \"a\": 1}"#, r#"{\"access_token\": \"[redacted]\", \"a\": 1}"#),
            ("größer password=ß", "größer password=[redacted]"),
            ("the authorization was declined, password", "the authorization was declined, password"),
            ("api_key= \"\"", "api_key= \"\""),
        ];
        for (text, shown) in cases {
            assert_eq!(redacted(text), shown);
        }
    }

    /// Else a plugin could spend the host's time by what it writes.
    #[test]
    fn a_long_line_of_what_looks_like_much_is_read_once() {
        for part in ["password ", "password=", "1 ", "4111111111111111", "\\\"", "authorization:\n"] {
            let line = part.repeat((1 << 20) / part.len());
            assert!(redacted(&line).len() <= 2 * line.len(), "{part}");
        }
    }

    #[test]
    fn a_secret_that_begins_another_does_not_leave_its_end_behind() {
        let values = ["secret", "secret-and-more"].map(|value| SecretBytes::new(value.into()));
        assert_eq!(hidden("x secret-and-more y", values.iter()), "x [redacted] y");
    }
}
