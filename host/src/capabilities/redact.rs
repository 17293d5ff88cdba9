//! What no log may show (rule 36): secrets of the provider, by their value, and card numbers.

use super::Provider;

/// A shorter value would be found in innocent text everywhere.
const SHORTEST_SECRET: usize = 6;
const CARD_DIGITS: std::ops::RangeInclusive<usize> = 13..=19;
const HIDDEN: &str = "[redacted]";

/// `text` without the provider's secrets and card numbers, and with control characters escaped, so that a line stays
/// one line and no terminal obeys it.
pub(super) fn redacted(text: &str, provider: &Provider) -> String {
    escaped(&without_cards(&without_secrets(text, provider)))
}

fn without_secrets(text: &str, provider: &Provider) -> String {
    let mut text = text.to_owned();
    for value in provider.secrets.values().flat_map(|secret| &secret.values) {
        if let Ok(value) = std::str::from_utf8(value.expose())
            && value.len() >= SHORTEST_SECRET
            && text.contains(value)
        {
            text = text.replace(value, HIDDEN);
        }
    }
    text
}

/// Runs of digits, with single spaces or hyphens between them, that are as long as a card number and pass its check.
pub(super) fn without_cards(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (front, run) = rest.split_at(start);
        let length = run_length(run.as_bytes());
        let digits: Vec<u8> = run.bytes().take(length).filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
        shown.push_str(front);
        shown.push_str(if CARD_DIGITS.contains(&digits.len()) && passes_luhn(&digits) {
            HIDDEN
        } else {
            &run[..length]
        });
        rest = &run[length..];
    }
    shown + rest
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
    let weighed = digits.iter().rev().enumerate().map(|(at, digit)| if at % 2 == 1 { doubled(*digit) } else { *digit });
    weighed.map(u32::from).sum::<u32>() % 10 == 0
}

fn escaped(text: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::super::testing::provider;
    use super::*;

    #[test]
    fn secrets_and_card_numbers_are_hidden_and_the_rest_stays() {
        let cases = [
            ("key=s3cret-value!", "key=[redacted]!"),
            ("card 4111 1111 1111 1111 used", "card [redacted] used"),
            ("4111-1111-1111-1111", "[redacted]"),
            ("card 4111111111111112", "card 4111111111111112"),
            ("at 1763628020 for 1299", "at 1763628020 for 1299"),
            ("a\nb\u{1b}[31m\u{202e}", "a\\nb\\u{1b}[31m\\u{202e}"),
            ("größer – ok", "größer – ok"),
        ];
        for (text, shown) in cases {
            assert_eq!(redacted(text, &provider("https://a.example")), shown);
        }
    }
}
