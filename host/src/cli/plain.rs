//! Somebody else's words on a terminal.

/// `text` without what could steer the terminal or make a line read as another one: control characters and overrides
/// of the writing direction stand as escapes.
pub(super) fn plain(text: &str) -> String {
    let steers = |c: char| {
        c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
    };
    let shown = |c: char| if steers(c) { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_that_could_steer_it() {
        assert_eq!(plain("a\u{1b}[2J\u{202e}b\n größer"), "a\\u{1b}[2J\\u{202e}b\\n größer");
    }
}
