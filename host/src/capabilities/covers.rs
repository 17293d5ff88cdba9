//! Covers every form of a provider's secrets in what is shown of a call. Stricter than what logs are filtered by: also
//! a short secret, at the price of innocent text that looks like it.

use super::Provider;
use super::secrets::{Encoding, encoded};
use crate::egress::Placeholder;
use zeroize::Zeroizing;

const COVER: &str = "[redacted]";

/// What is covered, the longest first, and by what.
pub(super) struct Covers(Vec<(Zeroizing<Vec<u8>>, String)>);

impl Covers {
    /// Every value of the provider's secrets, in every encoding in which one can be sent.
    pub(super) fn of(provider: &Provider) -> Self {
        let mut covers = Self(Vec::new());
        for (name, secret) in &provider.secrets {
            for value in &secret.values {
                for encoding in [Encoding::Raw, Encoding::Base64, Encoding::Json, Encoding::Form] {
                    if let Ok(form) = encoded(name, value.expose(), encoding) {
                        covers.insert(&form, COVER);
                    }
                }
            }
        }
        covers
    }

    /// A placeholder too, by its meaning: its token, and what it stands for.
    pub(super) fn add(&mut self, placeholder: &Placeholder) {
        self.insert(placeholder.token().as_bytes(), placeholder.meaning());
        self.insert(placeholder.value().expose(), placeholder.meaning());
    }

    fn insert(&mut self, hidden: &[u8], cover: &str) {
        if hidden.is_empty() {
            return;
        }
        self.0.retain(|(known, _)| **known != hidden);
        let place = self.0.partition_point(|(known, _)| known.len() >= hidden.len());
        self.0.insert(place, (Zeroizing::new(hidden.to_vec()), cover.to_owned()));
    }

    /// The text with everything covered; what is not UTF-8 in it becomes U+FFFD.
    pub(super) fn over(&self, text: &[u8]) -> String {
        let mut shown = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some((first, behind)) = rest.split_first() {
            match self.0.iter().find(|(hidden, _)| rest.starts_with(hidden)) {
                Some((hidden, cover)) => {
                    shown.extend_from_slice(cover.as_bytes());
                    rest = &rest[hidden.len()..];
                }
                None => {
                    shown.push(*first);
                    rest = behind;
                }
            }
        }
        String::from_utf8_lossy(&shown).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::provider;
    use super::*;
    use crate::capabilities::Secret;
    use crate::model::SecretBytes;

    fn provider_with(value: &str) -> Provider {
        let mut provider = provider("https://a.example");
        let values = vec![SecretBytes::new(value.into())];
        provider.secrets.insert("other".into(), Secret { values, origins: Vec::new() });
        provider
    }

    #[test]
    fn a_secret_is_covered_in_every_form_in_which_it_can_be_sent() {
        let covers = Covers::of(&provider_with("a\"b c"));
        for (text, shown) in [
            ("x s3cret-value the-old-one", "x [redacted] [redacted]"),
            ("a\"b c, a\\\"b c, a%22b+c, YSJiIGM=.", "[redacted], [redacted], [redacted], [redacted]."),
            ("größer", "größer"),
            ("", ""),
        ] {
            assert_eq!(covers.over(text.as_bytes()), shown);
        }
        assert_eq!(covers.over(b"\xffs3cret-value"), "\u{fffd}[redacted]");
    }

    #[test]
    fn a_short_secret_is_covered_as_well_and_an_empty_one_covers_nothing() {
        assert_eq!(Covers::of(&provider_with("42")).over(b"PIN 42"), "PIN [redacted]");
        assert_eq!(Covers::of(&provider_with("")).over(b"text"), "text");
    }

    #[test]
    fn a_placeholder_and_what_it_stands_for_are_shown_by_their_meaning() {
        let mut covers = Covers::of(&provider("https://a.example"));
        let value = SecretBytes::new(b"dXNlcjpzM2NyZXQtdmFsdWU=".to_vec());
        let placeholder = Placeholder::new("{basic}".into(), value, Vec::new());
        covers.add(&placeholder);
        let text = format!("Basic {} = dXNlcjpzM2NyZXQtdmFsdWU= s3cret-value", placeholder.token());
        assert_eq!(covers.over(text.as_bytes()), "Basic {basic} = {basic} [redacted]");
    }
}
