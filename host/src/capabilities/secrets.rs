//! `secrets`: what a plugin can use and not read.

use super::{Call, Hash, Secret};
use crate::egress::{Bound, Placeholder};
use crate::model::SecretBytes;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;
use subtle::{Choice, ConstantTimeEq};

/// The most bytes of one plain part of a basic authentication; a user or a password is shorter.
const PLAIN: usize = 4 << 10;

/// Why a secret cannot be used so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// No such secret, no grant, or more than the host keeps for a call.
    #[error("denied: {0}")]
    Denied(String),
    /// The secret is not of the kind that this needs.
    #[error("wrong kind: {0}")]
    WrongKind(String),
}

/// How a secret is written where its placeholder stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As it is.
    Raw,
    /// In base64 with padding.
    Base64,
    /// As the inside of a JSON string.
    Json,
    /// As a form's or a query's value.
    Form,
}

/// A part of what is hashed or encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// These bytes.
    Plain(Vec<u8>),
    /// The secret of this name.
    Secret(String),
}

impl Call {
    /// Text that stands for the secret until a request leaves.
    pub fn placeholder(&mut self, name: &str, encoding: Encoding) -> Result<String, SecretError> {
        let secret = self.sendable(name)?;
        let value = encoded(name, secret.values[0].expose(), encoding)?;
        let bound = vec![Bound { secret: name.to_owned(), origins: secret.origins.clone() }];
        self.place(format!("{{secret {name} {encoding:?}}}"), value, bound)
    }

    /// The same for basic authentication: the base64 of user, colon, password.
    pub fn basic(&mut self, user: &Piece, password: &Piece) -> Result<String, SecretError> {
        let (mut text, mut bound, mut meaning) = (zeroize::Zeroizing::new(Vec::new()), Vec::new(), "{basic".to_owned());
        for (piece, separator) in [(user, b":".as_slice()), (password, b"")] {
            match piece {
                Piece::Plain(plain) if plain.len() > PLAIN => {
                    return Err(SecretError::Denied(format!("a user or a password of more than {PLAIN} bytes")));
                }
                Piece::Plain(plain) => {
                    text.extend_from_slice(plain);
                    meaning.push_str(&format!(
                        " plain {}",
                        hex::encode(Hash::Sha256.digest([plain.as_slice()].into_iter()))
                    ));
                }
                Piece::Secret(name) => {
                    let secret = self.sendable(name)?;
                    text.extend_from_slice(secret.values[0].expose());
                    meaning.push_str(&format!(" secret {name}"));
                    bound.push(Bound { secret: name.clone(), origins: secret.origins.clone() });
                }
            }
            text.extend_from_slice(separator);
        }
        self.place(meaning + "}", STANDARD.encode(&*text).into_bytes(), bound)
    }

    /// The HMAC of `data` under the secret's first value.
    pub fn hmac(&self, name: &str, hash: Hash, data: &[u8]) -> Result<Vec<u8>, SecretError> {
        Ok(hash.hmac(self.secret(name)?.values[0].expose(), data))
    }

    /// The digest of all pieces, secrets with their first values.
    pub fn digest(&self, hash: Hash, pieces: &[Piece]) -> Result<Vec<u8>, SecretError> {
        let choice = self.choices(pieces)?.into_iter().next().unwrap_or_default();
        Ok(digest_of(hash, pieces, &choice))
    }

    /// Keys of the kinds that this needs cannot be configured: always refused.
    pub fn sign(&self, name: &str) -> Result<Vec<u8>, SecretError> {
        self.secret(name)?;
        Err(SecretError::WrongKind(format!("secret {name} is not a private key")))
    }

    /// Keys of the kinds that this needs cannot be configured: always refused.
    pub fn verify(&self, name: &str) -> Result<bool, SecretError> {
        self.secret(name)?;
        Err(SecretError::WrongKind(format!("secret {name} is not a public key")))
    }

    /// Whether `code` is the HMAC of `data` under any current value.
    pub fn verify_hmac(&mut self, name: &str, hash: Hash, data: &[u8], code: &[u8]) -> Result<bool, SecretError> {
        let codes = self.secret(name)?.values.iter().map(|value| hash.hmac(value.expose(), data));
        let equal = any_equal(codes, code);
        Ok(self.proven(equal))
    }

    /// Whether `code` is the digest of the pieces under any current values.
    pub fn verify_digest(&mut self, hash: Hash, pieces: &[Piece], code: &[u8]) -> Result<bool, SecretError> {
        let codes = self.choices(pieces)?.into_iter().map(|choice| digest_of(hash, pieces, &choice));
        let equal = any_equal(codes, code);
        // What anybody can hash proves nothing.
        let has_secret = pieces.iter().any(|piece| matches!(piece, Piece::Secret(_)));
        Ok(if has_secret { self.proven(equal) } else { equal })
    }

    /// Whether `candidate` is the secret itself.
    pub fn matches(&mut self, name: &str, candidate: &[u8]) -> Result<bool, SecretError> {
        let equal = any_equal(self.secret(name)?.values.iter().map(SecretBytes::expose), candidate);
        Ok(self.proven(equal))
    }

    fn proven(&mut self, equal: bool) -> bool {
        self.report.verified |= equal;
        equal
    }

    fn secret(&self, name: &str) -> Result<&Secret, SecretError> {
        let secret = self.scope.provider.secrets.get(name).filter(|secret| !secret.values.is_empty());
        secret.ok_or_else(|| self.denied(name, format!("no secret {}", name.escape_debug())))
    }

    fn sendable(&self, name: &str) -> Result<&Secret, SecretError> {
        let secret = self.secret(name)?;
        if secret.origins.is_empty() {
            return Err(self.denied(name, format!("secret {name} is bound to no origin")));
        }
        Ok(secret)
    }

    fn denied(&self, name: &str, reason: String) -> SecretError {
        if let Some(transcript) = &self.transcript {
            transcript.denied(name, &reason);
        }
        SecretError::Denied(reason)
    }

    fn place(&mut self, meaning: String, value: Vec<u8>, bound: Vec<Bound>) -> Result<String, SecretError> {
        if let Some(known) = self.placeholders.iter().find(|known| known.meaning() == meaning) {
            return Ok(known.token().to_owned());
        }
        if self.placeholders.len() as u64 >= u64::from(self.limits().handles) {
            return Err(SecretError::Denied("too many placeholders in one call".to_owned()));
        }
        let placeholder = Placeholder::new(meaning, SecretBytes::new(value), bound);
        let token = placeholder.token().to_owned();
        if let Some(transcript) = &self.transcript {
            transcript.placeholder(&placeholder);
        }
        self.placeholders.push(placeholder);
        Ok(token)
    }

    /// Every way to choose one current value for each secret among the pieces; the first choice has all first values.
    fn choices(&self, pieces: &[Piece]) -> Result<Vec<Choices<'_>>, SecretError> {
        let mut choices = vec![Choices::new()];
        for piece in pieces {
            let Piece::Secret(name) = piece else { continue };
            if choices[0].contains_key(name.as_str()) {
                continue;
            }
            let (name, secret) = self.entry(name)?;
            let extended = choices.into_iter().flat_map(|choice| {
                secret.values.iter().map(move |value| {
                    let mut choice = choice.clone();
                    choice.insert(name, value);
                    choice
                })
            });
            choices = extended.collect();
        }
        Ok(choices)
    }

    fn entry(&self, name: &str) -> Result<(&str, &Secret), SecretError> {
        let secret = self.secret(name)?;
        let known = self.scope.provider.secrets.get_key_value(name);
        Ok((known.map_or("", |(name, _)| name), secret))
    }
}

/// One current value for each secret, by name.
type Choices<'a> = BTreeMap<&'a str, &'a SecretBytes>;

fn digest_of(hash: Hash, pieces: &[Piece], choice: &Choices) -> Vec<u8> {
    hash.digest(pieces.iter().map(|piece| match piece {
        Piece::Plain(plain) => plain.as_slice(),
        Piece::Secret(name) => choice.get(name.as_str()).map_or(&[][..], |value| value.expose()),
    }))
}

/// Compares with all of them, so that the time does not tell which one it was.
fn any_equal<T: AsRef<[u8]>>(all: impl Iterator<Item = T>, candidate: &[u8]) -> bool {
    all.fold(Choice::from(0), |equal, one| equal | one.as_ref().ct_eq(candidate)).into()
}

pub(super) fn encoded(name: &str, value: &[u8], encoding: Encoding) -> Result<Vec<u8>, SecretError> {
    let not_text = |_| SecretError::WrongKind(format!("secret {name} is not text"));
    match encoding {
        Encoding::Raw => Ok(value.to_vec()),
        Encoding::Base64 => Ok(STANDARD.encode(value).into_bytes()),
        Encoding::Json => {
            let quoted = serde_json::Value::from(std::str::from_utf8(value).map_err(not_text)?).to_string();
            Ok(quoted[1..quoted.len() - 1].to_owned().into_bytes())
        }
        Encoding::Form => Ok(url::form_urlencoded::byte_serialize(value).collect::<String>().into_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{call, reading};
    use super::*;

    const ORIGIN: &str = "https://a.example";

    fn secret(name: &str) -> Piece {
        Piece::Secret(name.to_owned())
    }

    fn plain(text: &str) -> Piece {
        Piece::Plain(text.into())
    }

    /// RFC 4231, test case 2, and RFC 2202, test case 2.
    #[test]
    fn codes_are_what_the_standards_say() {
        let (key, data) = (b"Jefe".as_slice(), b"what do ya want for nothing?".as_slice());
        assert_eq!(hex::encode(Hash::Sha1.hmac(key, data)), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
        assert!(hex::encode(Hash::Sha256.hmac(key, data)).starts_with("5bdcc146bf60754e6a042426089575c7"));
        assert!(hex::encode(Hash::Sha512.hmac(key, data)).starts_with("164b7a7bfcf819e2e395fbe73b56e0a3"));
        let abc = Hash::Sha256.digest([b"a".as_slice(), b"bc"].into_iter());
        assert!(hex::encode(abc).starts_with("ba7816bf8f01cfea"));
    }

    #[test]
    fn the_first_value_signs_and_every_value_verifies() {
        let (mut call, _) = reading(ORIGIN, Vec::new());
        let code = call.hmac("unbound", Hash::Sha256, b"data").unwrap();
        assert_eq!(code, Hash::Sha256.hmac(b"s3cret-value", b"data"));
        assert_eq!(call.verify_hmac("key", Hash::Sha256, b"other", &code), Ok(false));
        assert_eq!(call.verify_hmac("key", Hash::Sha1, b"data", &code), Ok(false));
        assert_eq!(call.verify_hmac("key", Hash::Sha256, b"data", b""), Ok(false));
        assert!(!call.is_verified());
        let old = Hash::Sha256.hmac(b"the-old-one", b"data");
        assert_eq!(call.verify_hmac("key", Hash::Sha256, b"data", &old), Ok(true));
        assert!(call.is_verified());
    }

    #[test]
    fn a_digest_is_verified_with_every_value_and_proves_nothing_without_a_secret() {
        let (mut call, _) = reading(ORIGIN, Vec::new());
        let pieces = [secret("key"), plain("data"), secret("key")];
        assert_eq!(
            call.digest(Hash::Sha1, &pieces).unwrap(),
            Hash::Sha1.digest([&b"s3cret-valuedatas3cret-value"[..]].into_iter())
        );
        let mixed = Hash::Sha1.digest([&b"s3cret-valuedatathe-old-one"[..]].into_iter());
        assert_eq!(call.verify_digest(Hash::Sha1, &pieces, &mixed), Ok(false));
        let known_to_all = Hash::Sha1.digest([&b"data"[..]].into_iter());
        assert_eq!(call.verify_digest(Hash::Sha1, &[plain("data")], &known_to_all), Ok(true));
        assert!(!call.is_verified());
        let old = Hash::Sha1.digest([&b"the-old-onedatathe-old-one"[..]].into_iter());
        assert_eq!(call.verify_digest(Hash::Sha1, &pieces, &old), Ok(true));
        assert!(call.is_verified());
    }

    #[test]
    fn a_secret_can_be_recognised() {
        let (mut call, _) = reading(ORIGIN, Vec::new());
        assert_eq!(call.matches("key", b"s3cret"), Ok(false));
        assert!(!call.is_verified());
        assert_eq!(call.matches("key", b"the-old-one"), Ok(true));
        assert!(call.is_verified());
    }

    #[test]
    fn what_is_not_configured_is_denied_and_what_is_of_another_kind_says_so() {
        let (mut call, _) = call(ORIGIN);
        assert!(matches!(call.placeholder("other", Encoding::Raw), Err(SecretError::Denied(_))));
        assert!(matches!(call.placeholder("unbound", Encoding::Raw), Err(SecretError::Denied(_))));
        assert!(matches!(call.hmac("other", Hash::Sha1, b""), Err(SecretError::Denied(_))));
        assert!(matches!(call.digest(Hash::Sha1, &[secret("other")]), Err(SecretError::Denied(_))));
        assert!(matches!(call.sign("key"), Err(SecretError::WrongKind(_))));
        assert!(matches!(call.verify("key"), Err(SecretError::WrongKind(_))));
    }

    #[test]
    fn a_placeholder_is_one_per_secret_and_encoding_and_new_in_every_call() {
        let token = |call: &mut Call| call.placeholder("key", Encoding::Form).unwrap();
        let ((mut one, _), (mut other, _)) = (call(ORIGIN), call(ORIGIN));
        assert_eq!(token(&mut one), token(&mut one));
        assert_ne!(token(&mut one), token(&mut other));
        assert_ne!(one.placeholder("key", Encoding::Raw).unwrap(), token(&mut one));
        let basic = one.basic(&plain("user"), &secret("key")).unwrap();
        assert_ne!(one.basic(&plain("other"), &secret("key")).unwrap(), basic);
    }

    #[test]
    fn a_placeholder_of_plain_text_stays_small() {
        let (mut call, _) = call(ORIGIN);
        let (most, none) = (Piece::Plain(vec![b'x'; PLAIN]), plain(""));
        let token = call.basic(&most, &none).unwrap();
        assert_ne!(call.basic(&none, &most).unwrap(), token);
        assert!(call.placeholders.iter().all(|placeholder| placeholder.meaning().len() < 200));
        let more = Piece::Plain(vec![b'x'; PLAIN + 1]);
        assert!(matches!(call.basic(&more, &none), Err(SecretError::Denied(_))));
        assert!(matches!(call.basic(&none, &more), Err(SecretError::Denied(_))));
    }

    #[test]
    fn a_secret_is_written_as_the_place_needs_it() {
        let value = "a\"b c&\n".as_bytes();
        let cases = [
            (Encoding::Raw, "a\"b c&\n"),
            (Encoding::Base64, "YSJiIGMmCg=="),
            (Encoding::Json, "a\\\"b c&\\n"),
            (Encoding::Form, "a%22b+c%26%0A"),
        ];
        for (encoding, text) in cases {
            assert_eq!(encoded("key", value, encoding).unwrap(), text.as_bytes());
        }
        assert!(matches!(encoded("key", b"\xff", Encoding::Json), Err(SecretError::WrongKind(_))));
    }
}
