//! Text that stands for a secret in a request of a plugin, until the request leaves.

use super::{Error, Origin, Rule};
use crate::model::SecretBytes;
use std::convert::Infallible;
use url::Url;
use uuid::Uuid;
use zeroize::Zeroizing;

/// What every token begins with. Letters and digits alone survive a URL, a header, a form and JSON as they are.
const MARK: &str = "provostsecret";
const TOKEN_LENGTH: usize = MARK.len() + 32;

/// A secret that goes into a placeholder, and where it may be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The secret's name, for the text of a refusal.
    pub secret: String,
    /// Where it may be sent.
    pub origins: Vec<Origin>,
}

/// A token, and what takes its place at egress. Prints no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placeholder {
    token: String,
    meaning: String,
    value: SecretBytes,
    bound: Vec<Bound>,
}

impl Placeholder {
    /// A new token, which nobody can guess, for `value`. `meaning` is the same in every call: digests are made of it.
    pub fn new(meaning: String, value: SecretBytes, bound: Vec<Bound>) -> Self {
        Self { token: format!("{MARK}{}", Uuid::new_v4().simple()), meaning, value, bound }
    }

    /// The text that the plugin gets.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// What it stands for.
    pub fn meaning(&self) -> &str {
        &self.meaning
    }

    /// What takes its place.
    pub fn value(&self) -> &SecretBytes {
        &self.value
    }

    fn allow(&self, url: &Url) -> Result<(), Error> {
        let stranger = self.bound.iter().find(|bound| !bound.origins.iter().any(|origin| origin.covers(url)));
        stranger.map_or(Ok(()), |bound| {
            let origin = url.origin().ascii_serialization();
            Err(Rule::Secret.denies(format!("{} is not bound to {origin}", bound.secret)))
        })
    }
}

/// The placeholders of one call, as the request to `url` may use them.
#[derive(Clone, Copy)]
pub(super) struct Expansion<'a> {
    pub(super) placeholders: &'a [Placeholder],
    pub(super) url: &'a Url,
}

impl<'a> Expansion<'a> {
    /// `text` with the secrets in it; denied where one of them may not go to this URL, invalid where that makes more
    /// than `ceiling` bytes. What is put in is not looked at again.
    pub(super) fn expand(&self, text: &[u8], ceiling: u64) -> Result<Zeroizing<Vec<u8>>, Error> {
        let parts = replaced(text, self.placeholders, |placeholder| {
            placeholder.allow(self.url)?;
            Ok::<_, Error>(placeholder.value.expose())
        })?;
        // A short token may stand for a long value, and be repeated: nothing is built before its size is known. Built
        // at once, it leaves no copies behind by growing.
        if length(&parts) > ceiling {
            return Err(Error::Invalid(format!("more than {ceiling} bytes with the secrets in")));
        }
        Ok(Zeroizing::new(parts.concat()))
    }

    /// Whether `text` holds a token.
    pub(super) fn is_in(&self, text: &str) -> bool {
        self.placeholders.iter().any(|placeholder| text.contains(&placeholder.token))
    }
}

/// The parts of `text` with the meaning of each placeholder between them: equal in two calls that send the same.
pub(super) fn without_tokens<'a>(text: &'a [u8], placeholders: &'a [Placeholder]) -> Vec<&'a [u8]> {
    let Ok(parts) = replaced(text, placeholders, |placeholder| Ok::<_, Infallible>(placeholder.meaning.as_bytes()));
    parts
}

/// Bytes in all parts together.
pub(super) fn length(parts: &[&[u8]]) -> u64 {
    parts.iter().map(|part| part.len() as u64).sum()
}

/// The parts of `text`, in order, with what `with` gives in the place of each token.
fn replaced<'a, E>(
    text: &'a [u8],
    placeholders: &'a [Placeholder],
    mut with: impl FnMut(&'a Placeholder) -> Result<&'a [u8], E>,
) -> Result<Vec<&'a [u8]>, E> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(position) = find_mark(rest, placeholders) {
        let (front, found) = rest.split_at(position);
        let token = found.get(..TOKEN_LENGTH);
        let known = placeholders.iter().find(|placeholder| token == Some(placeholder.token.as_bytes()));
        let (value, length) = match known {
            Some(placeholder) => (with(placeholder)?, TOKEN_LENGTH),
            None => (MARK.as_bytes(), MARK.len()),
        };
        parts.extend([front, value]);
        rest = &found[length..];
    }
    parts.push(rest);
    Ok(parts)
}

fn find_mark(text: &[u8], placeholders: &[Placeholder]) -> Option<usize> {
    if placeholders.is_empty() {
        return None;
    }
    text.windows(MARK.len()).position(|window| window == MARK.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placeholder(value: &str) -> Placeholder {
        let origins = vec![Origin::parse("https://a.example").unwrap()];
        let bound = vec![Bound { secret: "key".into(), origins }];
        Placeholder::new("{secret key raw}".into(), SecretBytes::new(value.into()), bound)
    }

    #[test]
    fn tokens_are_replaced_once_and_what_is_put_in_is_not_looked_at() {
        let inner = placeholder("inner");
        let outer = placeholder(&format!("<{}>", inner.token()));
        let url = Url::parse("https://a.example/").unwrap();
        let placeholders = [inner.clone(), outer.clone()];
        let expansion = Expansion { placeholders: &placeholders, url: &url };
        let text = format!("a{}b{}provostsecret", outer.token(), inner.token());
        let expanded = expansion.expand(text.as_bytes(), 1 << 10).unwrap();
        assert_eq!(*expanded, format!("a<{}>binnerprovostsecret", inner.token()).into_bytes());
        let meant = without_tokens(text.as_bytes(), &placeholders).concat();
        assert_eq!(meant, b"a{secret key raw}b{secret key raw}provostsecret");
    }

    #[test]
    fn a_secret_goes_only_to_the_origins_that_it_is_bound_to() {
        let placeholders = [placeholder("s3cret")];
        let url = Url::parse("https://b.example/").unwrap();
        let refused =
            Expansion { placeholders: &placeholders, url: &url }.expand(placeholders[0].token().as_bytes(), 1 << 10);
        assert_eq!(refused, Err(Rule::Secret.denies("key is not bound to https://b.example")));
        assert!(!format!("{placeholders:?}").contains("s3cret"));
    }

    #[test]
    fn a_text_is_not_built_if_its_secrets_make_it_larger_than_its_ceiling() {
        let placeholders = [placeholder(&"x".repeat(1 << 20))];
        let url = Url::parse("https://a.example/").unwrap();
        let expansion = Expansion { placeholders: &placeholders, url: &url };
        let token = placeholders[0].token();
        // 20 GB, if it were built.
        let flood = token.repeat(20_000);
        assert!(matches!(expansion.expand(flood.as_bytes(), 1 << 20), Err(Error::Invalid(_))));
        assert_eq!(expansion.expand(token.as_bytes(), 1 << 20).unwrap().len(), 1 << 20);
        assert!(matches!(expansion.expand(token.as_bytes(), (1 << 20) - 1), Err(Error::Invalid(_))));
        assert!(matches!(expansion.expand(b"plain", 4), Err(Error::Invalid(_))));
    }
}
