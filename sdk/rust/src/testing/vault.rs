//! The test's secrets: real hashes, and placeholders that are replaced when a request leaves.
//! Signatures with key pairs are not here: a test of a plugin that needs one goes through a real host.

use std::collections::HashMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use crate::secrets::{Encoding, Error, Hash, Piece};

/// The hexadecimal HMAC-SHA256 of some data: what a provider would sign its webhook with.
pub fn hmac_hex(key: impl AsRef<[u8]>, data: impl AsRef<[u8]>) -> String {
    hex(&hmac_of(Hash::Sha256, key.as_ref(), data.as_ref()))
}

#[derive(Debug, Default)]
pub(crate) struct Vault {
    /// The current values of each, the newest first.
    secrets: HashMap<String, Vec<Vec<u8>>>,
    /// Placeholders that were given out, and what they stand for.
    issued: Vec<(String, String)>,
}

impl Vault {
    pub(crate) fn add(&mut self, name: &str, value: Vec<u8>) {
        self.secrets.entry(name.to_owned()).or_default().insert(0, value);
    }

    pub(crate) fn values(&self, name: &str) -> Result<&[Vec<u8>], Error> {
        match self.secrets.get(name) {
            Some(values) => Ok(values),
            None => Err(Error::Denied(format!("there is no secret `{name}`"))),
        }
    }

    fn newest(&self, name: &str) -> Result<&[u8], Error> {
        Ok(&self.values(name)?[0])
    }

    fn text(&self, name: &str) -> Result<String, Error> {
        String::from_utf8(self.newest(name)?.to_vec()).map_err(|_| Error::WrongKind(format!("`{name}` is no text")))
    }

    fn issue(&mut self, value: String) -> String {
        let placeholder = format!("{{{{placeholder-{}}}}}", self.issued.len());
        self.issued.push((placeholder.clone(), value));
        placeholder
    }

    pub(crate) fn placeholder(&mut self, name: &str, encoding: Encoding) -> Result<String, Error> {
        let value = match encoding {
            Encoding::Raw => self.text(name)?,
            Encoding::Base64 => BASE64.encode(self.newest(name)?),
            Encoding::Json => json_string(&self.text(name)?),
            Encoding::Form => form_value(self.newest(name)?),
        };
        Ok(self.issue(value))
    }

    pub(crate) fn basic(&mut self, user: &Piece, password: &Piece) -> Result<String, Error> {
        let mut credentials = self.bytes(user)?;
        credentials.push(b':');
        credentials.extend(self.bytes(password)?);
        Ok(self.issue(BASE64.encode(credentials)))
    }

    fn bytes(&self, piece: &Piece) -> Result<Vec<u8>, Error> {
        match piece {
            Piece::Plain(bytes) => Ok(bytes.clone()),
            Piece::Secret(name) => Ok(self.newest(name)?.to_vec()),
        }
    }

    /// The text with every placeholder replaced.
    pub(crate) fn expand(&self, text: &str) -> String {
        self.issued.iter().fold(text.to_owned(), |text, (placeholder, value)| text.replace(placeholder, value))
    }

    /// The HMACs under every current value, the newest first.
    pub(crate) fn hmacs(&self, name: &str, hash: Hash, data: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
        let values = self.values(name)?;
        Ok(values.iter().map(|key| hmac_of(hash, key, data)).collect())
    }

    pub(crate) fn digest(&self, hash: Hash, pieces: &[Piece]) -> Result<Vec<u8>, Error> {
        let pieces: Vec<_> = pieces.iter().map(|piece| self.bytes(piece)).collect::<Result<_, _>>()?;
        let data = pieces.concat();
        Ok(match hash {
            Hash::Sha1 => Sha1::digest(data).to_vec(),
            Hash::Sha256 => Sha256::digest(data).to_vec(),
            Hash::Sha512 => Sha512::digest(data).to_vec(),
        })
    }
}

/// The secret as it stands between the quotes of a JSON string.
fn json_string(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn form_value(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() {
            text.push(char::from(*byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}

fn hmac_of(hash: Hash, key: &[u8], data: &[u8]) -> Vec<u8> {
    match hash {
        Hash::Sha1 => mac::<Hmac<Sha1>>(key, data),
        Hash::Sha256 => mac::<Hmac<Sha256>>(key, data),
        Hash::Sha512 => mac::<Hmac<Sha512>>(key, data),
    }
}

fn mac<M: Mac + KeyInit>(key: &[u8], data: &[u8]) -> Vec<u8> {
    let mut mac = <M as KeyInit>::new_from_slice(key).expect("an HMAC takes a key of any length");
    mac.update(data);
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2.
    #[test]
    fn hmacs_are_real() {
        assert_eq!(
            hmac_hex("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn a_placeholder_stands_for_the_secret_in_the_spelling_that_was_asked_for() {
        let mut vault = Vault::default();
        vault.add("key", b"a\"b&c".to_vec());
        let cases = [
            (Encoding::Raw, "a\"b&c"),
            (Encoding::Base64, "YSJiJmM="),
            (Encoding::Json, "a\\\"b&c"),
            (Encoding::Form, "a%22b%26c"),
        ];
        for (encoding, expected) in cases {
            let placeholder = vault.placeholder("key", encoding).unwrap();
            assert!(!placeholder.contains("a\"b"));
            assert_eq!(vault.expand(&format!("x{placeholder}y")), format!("x{expected}y"));
        }
    }
}
