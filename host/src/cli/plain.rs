//! Somebody else's words on a terminal.

/// `text` without what could steer the terminal or make a line read as another one: control characters and overrides
/// of the writing direction stand as escapes.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if steers(c) { c.escape_default().to_string() } else { c.to_string() }).collect()
}

/// The same for JSON that is laid out in lines: its own escapes, so that it says what it said.
pub(super) fn plain_json(text: &str) -> String {
    let shown = |c: char| if c != '\n' && steers(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() };
    text.chars().map(shown).collect()
}

fn steers(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn nothing_reaches_the_terminal_that_could_steer_it() {
        assert_eq!(plain("a\u{1b}[2J\u{202e}b\n größer"), "a\\u{1b}[2J\\u{202e}b\\n größer");
    }

    #[test]
    fn json_says_the_same_and_steers_nothing() {
        let value = json!({ "a": "\u{9b}2J \u{202e} größer\n", "b": [1] });
        let text = plain_json(&format!("{value:#}"));
        assert!(
            !text.contains(['\u{9b}', '\u{202e}']) && text.contains("größer") && text.lines().count() > 3,
            "{text}"
        );
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
